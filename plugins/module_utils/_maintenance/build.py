# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options to a Switch: for the module, and for the watchdog that has them from the record."""

from __future__ import annotations

import hashlib
import os
from typing import Any, List, Mapping, Optional

from .._basics.api_version import V1
from .._basics.durations import parse_duration
from .._basics.errors import InvalidOptionError, MaintenanceError
from .._basics.task_context import TaskContext
from .._client.options import read_client_options
from .._layout.base import Layout
from .._layout.open import PLACES, open_layout, storage_version
from .._lock.lock import Lock, lock_path
from .._proof.endpoints import Endpoints, endpoints_of
from .._registry.config import DEFAULT_ROOTDIRECTORY, RegistryConfig, without_others_secrets
from .._registry.processes import in_other_mounts, registry_processes
from .._storage.base import Place
from .._storage.lock_directory import LockFiles, lock_in
from .._storage.open import S3_DRIVERS, StorageOptions, open_storage, read_storage_options
from .closing import Closing
from .custody import Custody
from .drain.drain import first_repository
from .journal import Journal
from .lease.lease import Lease
from .methods.config_file import ConfigFileMethod
from .methods.environment import EnvironmentMethod
from .methods.method import Method
from .methods.nginx import Nginx
from .methods.proxy_flag import ProxyFlagMethod
from .methods.stop import StopMethod
from .methods.tasks import TasksMethod
from .one_at_a_time import exclusively
from .record import LockPlace, Record, RecordStore
from .registry import Registry
from .service.command import parse_command
from .service.service import Service, read_service
from .switch import Switch

__all__ = ("build_switch", "exclusively")

#: A shorter lease would end before the registry is closed.
SHORTEST_LEASE = 5.0
_PATHS = (
    *("registry_config", "docker_config", "ca_path", "client_cert", "client_key"),
    *("environment_file", "flag_file", "nginx_snippet", "nginx_pid_file", "state_dir"),
)


def build_switch(
    params: Mapping[str, Any], check_mode: bool, context: TaskContext, watchdog: str, own: Optional[Record] = None
) -> Switch:
    """Return a Switch for one registry; `params` are the module's, or the `options` of a watchdog's `own` record.

    `watchdog` is the name of that module, which imports this one.

    Raises InvalidOptionError, MissingLibraryError and MaintenanceError.
    """
    timeout, lease = parse_duration(params["timeout"], "timeout"), _lease_seconds(params)
    storage = read_storage_options(params)
    config = storage.config
    root = rootdirectory(params, config)
    endpoints, journal = _endpoints(params, storage, root), Journal()
    _require_usable(params, endpoints)
    service = read_service(params, timeout, context.service_programs)
    method = _method(params, config, endpoints, service)
    state_dir = os.path.abspath(params["state_dir"])
    records, leases = RecordStore(state_dir), Lease(state_dir, watchdog, own)
    recorded = _find_record(records, leases, method.subject)
    place = PLACES[storage_version(storage)]
    where = (recorded and recorded.lock) or _find_lock(root, place, state_dir, method.subject)
    name = hashlib.sha256(method.subject.encode()).hexdigest()[:8]
    files = _lock_files(storage, where.path)
    lock = Lock(files, context.run, context.gone_runs, where.tree, name)
    custody = Custody(method.subject, records, leases, lock, journal)
    service = service.as_kept(recorded.service) if recorded else service

    def open_local_layout() -> Optional[Layout]:
        return open_layout(storage) if root is not None and os.path.isdir(root) else None

    registry = Registry(method, service, endpoints, config, root, open_local_layout, timeout)
    recordable = options_to_record(params)
    closing = Closing(registry, custody, journal, lease, recordable, is_guarded=context.is_guarded)
    return Switch(registry, custody, closing, check_mode)


def options_to_record(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options with which somebody else can put the registry back, from any directory.

    No password to the registry, and of its variables and its storage no more than that takes. In S3 lies the lock.
    """
    kept = {name: value for name, value in params.items() if name != "registry_password" and name[0] != "_"}
    kept["registry_environment"] = without_others_secrets(params["registry_environment"])
    if params["storage"] is not None:
        needed = ("filesystem", *S3_DRIVERS)
        kept["storage"] = {name: value if name in needed else None for name, value in params["storage"].items()}
    return {name: os.path.abspath(value) if value and name in _PATHS else value for name, value in kept.items()}


def rootdirectory(params: Mapping[str, Any], config: Optional[RegistryConfig]) -> Optional[str]:
    """Where the registry's data lies on this host; None where it does not, as with S3."""
    storage = params["storage"] if params["storage"] is not None else (config.storage if config else {})
    if "filesystem" not in storage:
        return None
    default = config.rootdirectory if config else DEFAULT_ROOTDIRECTORY
    return str((storage["filesystem"] or {}).get("rootdirectory") or default)


def _lease_seconds(params: Mapping[str, Any]) -> float:
    seconds = parse_duration(params["lease"], "lease")
    if seconds < SHORTEST_LEASE:
        raise InvalidOptionError(
            "lease", params["lease"], f"at least {SHORTEST_LEASE:g}s, and longer than the work takes"
        )
    return seconds


def _endpoints(params: Mapping[str, Any], storage: StorageOptions, root: Optional[str]) -> Endpoints:
    config = storage.config
    repository = params["probe_repository"] or (first_repository(root) if root else None)
    version = storage_version(storage) if root else config.api_version if config else None
    endpoints = endpoints_of(read_client_options(params), config, repository, version)
    if endpoints is None:
        silent = f"; {config.path} does not tell it" if config else ""
        raise InvalidOptionError("registry_url", params["registry_url"], f"the registry's address{silent}")
    return endpoints


def _require_usable(params: Mapping[str, Any], endpoints: Endpoints) -> None:
    """Raise InvalidOptionError for a way to close that the v1 registry does not have."""
    is_v1 = any(client.version == V1 for client in endpoints.clients)
    if is_v1 and params["method"] in ("config_file", "environment"):
        raise InvalidOptionError(
            "method",
            params["method"],
            "stop, proxy_flag or tasks: the v1 registry has no read-only mode that could be set",
        )


def _method(
    params: Mapping[str, Any], config: Optional[RegistryConfig], endpoints: Endpoints, service: Service
) -> Method:
    name, path = params["method"], params["registry_config"]
    if name == "environment":
        return EnvironmentMethod(config, service, params["environment_file"])
    if name == "proxy_flag":
        _require_proxy(params)
        return ProxyFlagMethod(params["flag_file"], _nginx(params), config, params["backend_is_private"])
    if name in ("stop", "tasks"):
        subject = os.path.realpath(path) if path else endpoints.clients[0].url
        return StopMethod(subject) if name == "stop" else TasksMethod(subject, _restore_command(params))
    if config is None:
        raise InvalidOptionError("registry_config", path, "the registry's configuration file, for method: config_file")
    # A container that has the single file mounted goes on reading its inode.
    in_place = any(in_other_mounts(process) for process in registry_processes(config.path))
    return ConfigFileMethod(config.path, config.environment, in_place)


def _restore_command(params: Mapping[str, Any]) -> Optional[List[str]]:
    command = params["restore_command"]
    return None if command is None else parse_command(command, "restore_command")


def _require_proxy(params: Mapping[str, Any]) -> None:
    """The address in the registry's own file leads around the proxy."""
    if params["registry_url"] is None:
        raise InvalidOptionError("registry_url", None, "the registry's address at nginx, for method: proxy_flag")


def _nginx(params: Mapping[str, Any]) -> Nginx:
    reload_command = parse_command(params["nginx_reload_command"], "nginx_reload_command")
    return Nginx(reload_command, params["nginx_pid_file"], params["nginx_snippet"])


def _find_lock(root: Optional[str], place: Place, state_dir: str, subject: str) -> LockPlace:
    """Where the lock lies, and a directory of that storage. As it is recorded: later that may not be mounted."""
    root = root if root is not None and os.path.isdir(root) else None
    tree = os.path.join(place.base(root), place.parts[-1]) if root is not None else None
    is_there = tree is not None and os.path.isdir(tree)
    return LockPlace(lock_path(root, state_dir, subject, place), tree if is_there else None)


def _lock_files(storage: StorageOptions, path: str) -> LockFiles:
    """The lock lies with the storage; where nothing is known of that, on this host alone."""
    if storage.driver in S3_DRIVERS:
        return open_storage(storage).lock_files()
    return lock_in(path)


def _find_record(records: RecordStore, leases: Lease, subject: str) -> Optional[Record]:
    """Return what was found of the lock and the service when the registry was closed; None where it can't be read."""
    try:
        return leases.record(subject) or records.load(subject)
    except MaintenanceError:  # said to whoever can't do without, by `Custody.record`
        return None
