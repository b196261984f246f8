# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module `maintenance` as one value, and what of them a record keeps."""

from __future__ import annotations

import os
from typing import Any, Mapping, NamedTuple

from .._basics.durations import parse_duration
from .._basics.errors import InvalidOptionError
from .._client.options import ClientOptions, read_client_options
from .._registry.config import DEFAULT_ROOTDIRECTORY, without_others_secrets
from .._storage.open import S3_DRIVERS, StorageOptions, read_storage_options
from .methods.nginx import Nginx
from .service.command import parse_command
from .service.service import Service, read_service

#: A shorter lease would end before the registry is closed.
SHORTEST_LEASE = 5.0
_PATHS = (
    *("registry_config", "docker_config", "ca_path", "client_cert", "client_key"),
    *("environment_file", "flag_file", "nginx_snippet", "nginx_pid_file", "state_dir"),
)


class MaintenanceOptions(NamedTuple):
    """How one registry is closed and opened, checked as far as the options alone tell.

    `timeout` and `lease` are in seconds. `kept` are the options with which somebody else can put the registry back.
    """

    method: str
    timeout: float
    lease: float
    state_dir: str
    client: ClientOptions
    storage: StorageOptions
    service: Service
    restore_command: list[str] | None
    environment_file: str | None
    flag_file: str
    nginx: Nginx
    backend_is_private: bool
    probe_repository: str | None
    kept: Mapping[str, Any]

    @property
    def root(self) -> str | None:
        """Return the registry's root directory on this host; None where its data does not lie here, as with S3."""
        if "filesystem" not in self.storage.section:
            return None
        config = self.storage.config
        default = config.rootdirectory if config else DEFAULT_ROOTDIRECTORY
        return str((self.storage.section["filesystem"] or {}).get("rootdirectory") or default)


def read_options(given: Mapping[str, Any], programs: Mapping[str, str]) -> MaintenanceOptions:
    """Return the options as a value; `programs` are those that act on the service, by action.

    Raises InvalidOptionError, and MissingLibraryError where the registry's configuration can't be read without one.
    """
    timeout = parse_duration(given["timeout"], "timeout")
    return MaintenanceOptions(
        method=given["method"],
        timeout=timeout,
        lease=_read_lease(given["lease"]),
        state_dir=os.path.abspath(given["state_dir"]),
        client=read_client_options(given),
        storage=read_storage_options(given),
        service=read_service(given, timeout, programs),
        restore_command=_read_restore_command(given["restore_command"]),
        environment_file=given["environment_file"],
        flag_file=given["flag_file"],
        nginx=_read_nginx(given),
        backend_is_private=given["backend_is_private"],
        probe_repository=given["probe_repository"],
        kept=_options_to_keep(given),
    )


def _read_lease(text: str) -> float:
    seconds = parse_duration(text, "lease")
    if seconds < SHORTEST_LEASE:
        raise InvalidOptionError("lease", text, f"at least {SHORTEST_LEASE:g}s, and longer than the work takes")
    return seconds


def _read_restore_command(command: Any) -> list[str] | None:
    return None if command is None else parse_command(command, "restore_command")


def _read_nginx(given: Mapping[str, Any]) -> Nginx:
    reload_command = parse_command(given["nginx_reload_command"], "nginx_reload_command")
    return Nginx(reload_command, given["nginx_pid_file"], given["nginx_snippet"])


def _options_to_keep(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with which somebody else can put the registry back, from any directory.

    No password to the registry, and of its variables and its storage no more than that takes. In S3 lies the lock.
    """
    kept = {name: value for name, value in given.items() if name != "registry_password" and name[0] != "_"}
    kept["registry_environment"] = without_others_secrets(given["registry_environment"])
    if given["storage"] is not None:
        needed = ("filesystem", *S3_DRIVERS)
        kept["storage"] = {name: value if name in needed else None for name, value in given["storage"].items()}
    return {name: os.path.abspath(value) if value and name in _PATHS else value for name, value in kept.items()}
