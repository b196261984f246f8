# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options to a Switch: for the module, and for the watchdog that has them from the record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional

from .._api._client import client_from_params
from .._durations import parse_duration
from .._errors import InvalidOptionError
from .._probe import DEFAULT_REPOSITORY, probe
from .._processes import in_other_mounts, registry_processes
from .._registry_config import RegistryConfig, load_registry_config
from ._config_file import ConfigFileMethod
from ._drain import first_repository
from ._exclusive import exclusively
from ._record import RecordStore
from ._service import Service
from ._switch import Switch, Tools

if TYPE_CHECKING:
    from .._lock import Run

__all__ = ("build_switch", "exclusively")


def build_switch(params: Mapping[str, Any], check_mode: bool, run: Run) -> Switch:
    """A Switch for one registry; `params` as the module has them, or as a record's `options`."""
    timeout = parse_duration(params["timeout"], "timeout")
    config = load_registry_config(params["registry_config"], params["registry_environment"])
    # A container that has the single file mounted goes on reading its inode.
    in_place = any(in_other_mounts(process) for process in registry_processes(config.path))
    method = ConfigFileMethod(config.path, config.environment, in_place)
    tools = _build_tools(params, config, timeout, method)
    return Switch(method, tools, RecordStore(os.path.abspath(params["state_dir"])), timeout, check_mode)


def rootdirectory(params: Mapping[str, Any], config: RegistryConfig) -> Optional[str]:
    """Where the registry's data lies on this host; None where it does not, as with S3."""
    storage = params["storage"] if params["storage"] is not None else config.storage
    if "filesystem" not in storage:
        return None
    return str((storage["filesystem"] or {}).get("rootdirectory") or config.rootdirectory)


def _build_tools(params: Mapping[str, Any], config: RegistryConfig, timeout: float, method: ConfigFileMethod) -> Tools:
    url = params["registry_url"] or config.url
    if not url:
        raise InvalidOptionError("registry_url", url, f"the registry's address; {config.path} does not tell it")
    client, root = client_from_params(params, url), rootdirectory(params, config)
    repository = params["probe_repository"] or (root and first_repository(root)) or DEFAULT_REPOSITORY
    service = Service.from_params(params)
    return Tools(
        probe=lambda: probe(client, repository),
        restart=lambda: service.run("restart", timeout),
        can_restart=lambda: service.require("restart"),
        drain=lambda: method.drain(root, config),
    )
