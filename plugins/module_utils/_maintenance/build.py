# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options to a Switch: for the module, and for the watchdog that has them from the record."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Mapping

from .._basics.api_version import V1
from .._basics.errors import InvalidOptionError, MaintenanceError
from .._basics.task_context import TaskContext
from .._layout.base import Layout
from .._layout.open import PLACES, open_layout, storage_version
from .._lock.lock import Lock, lock_path
from .._proof.endpoints import Endpoints, endpoints_of
from .._registry.processes import in_other_mounts, registry_processes
from .._storage.base import Place
from .._storage.lock_directory import LockFiles, lock_in
from .._storage.open import S3_DRIVERS, StorageOptions, open_storage
from .claim import Claim
from .closing import Closing
from .done import Done
from .drain.drain import first_repository
from .lease.lease import Lease
from .methods.config_file import ConfigFileMethod
from .methods.environment import EnvironmentMethod
from .methods.method import Method
from .methods.proxy_flag import ProxyFlagMethod
from .methods.stop import StopMethod
from .methods.tasks import TasksMethod
from .one_at_a_time import one_at_a_time
from .options import MaintenanceOptions, read_options
from .record import LockPlace, Record, RecordStore
from .registry import Registry
from .switch import Switch

__all__ = ("build_switch", "one_at_a_time")


def build_switch(
    given: Mapping[str, Any], check_mode: bool, context: TaskContext, watchdog: str, own: Record | None = None
) -> Switch:
    """Return a Switch for one registry; `given` are the module's options, or those in a watchdog's `own` record.

    `watchdog` is the name of that module, which imports this one.

    Raises InvalidOptionError, MissingLibraryError and MaintenanceError.
    """
    options = read_options(given, context.service_programs)
    storage, config, root, done = options.storage, options.storage.config, options.root, Done()
    endpoints = _endpoints(options)
    _require_usable(options, endpoints)
    method = _method(options, endpoints)
    records, leases = RecordStore(options.state_dir), Lease(options.state_dir, watchdog, own)
    recorded = _find_record(records, leases, method.subject)
    lock = _lock(options, method.subject, recorded, context)
    claim = Claim(method.subject, records, leases, lock, done)
    service = options.service.as_kept(recorded.service) if recorded else options.service

    def open_local_layout() -> Layout | None:
        return open_layout(storage) if root is not None and os.path.isdir(root) else None

    registry = Registry(method, service, endpoints, config, root, open_local_layout, options.timeout)
    closing = Closing(registry, claim, done, options.lease, options.kept, is_guarded=context.is_guarded)
    return Switch(registry, claim, closing, check_mode)


def _endpoints(options: MaintenanceOptions) -> Endpoints:
    config, root = options.storage.config, options.root
    repository = options.probe_repository or (first_repository(root) if root else None)
    version = storage_version(options.storage) if root else config.api_version if config else None
    endpoints = endpoints_of(options.client, config, repository, version)
    if endpoints is None:
        silent = f"; {config.path} does not tell it" if config else ""
        raise InvalidOptionError("registry_url", options.client.url, f"the registry's address{silent}")
    return endpoints


def _require_usable(options: MaintenanceOptions, endpoints: Endpoints) -> None:
    """Raise InvalidOptionError for a way to close that the v1 registry does not have."""
    is_v1 = any(client.version == V1 for client in endpoints.clients)
    if is_v1 and options.method in ("config_file", "environment"):
        raise InvalidOptionError(
            "method",
            options.method,
            "stop, proxy_flag or tasks: the v1 registry has no read-only mode that could be set",
        )


def _method(options: MaintenanceOptions, endpoints: Endpoints) -> Method:
    config = options.storage.config
    if options.method == "environment":
        return EnvironmentMethod(config, options.service, options.environment_file)
    if options.method == "proxy_flag":
        if options.client.url is None:  # the address in the registry's own file leads around the proxy
            raise InvalidOptionError("registry_url", None, "the registry's address at nginx, for method: proxy_flag")
        return ProxyFlagMethod(options.flag_file, options.nginx, config, options.backend_is_private)
    if options.method in ("stop", "tasks"):
        subject = os.path.realpath(config.path) if config else endpoints.clients[0].url
        return StopMethod(subject) if options.method == "stop" else TasksMethod(subject, options.restore_command)
    if config is None:
        raise InvalidOptionError("registry_config", None, "the registry's configuration file, for method: config_file")
    # A container that has the single file mounted goes on reading its inode.
    in_place = any(in_other_mounts(process) for process in registry_processes(config.path))
    return ConfigFileMethod(config.path, config.environment, in_place)


def _lock(options: MaintenanceOptions, subject: str, recorded: Record | None, context: TaskContext) -> Lock:
    place = PLACES[storage_version(options.storage)]
    where = (recorded and recorded.lock) or _find_lock(options.root, place, options.state_dir, subject)
    name = hashlib.sha256(subject.encode()).hexdigest()[:8]
    return Lock(_lock_files(options.storage, where.path), context.run, context.gone_runs, where.tree, name)


def _find_lock(root: str | None, place: Place, state_dir: str, subject: str) -> LockPlace:
    """Return where the lock lies, and a directory of that storage, to be recorded: later that may not be mounted."""
    root = root if root is not None and os.path.isdir(root) else None
    tree = os.path.join(place.base(root), place.parts[-1]) if root is not None else None
    is_there = tree is not None and os.path.isdir(tree)
    return LockPlace(lock_path(root, state_dir, subject, place), tree if is_there else None)


def _lock_files(storage: StorageOptions, path: str) -> LockFiles:
    """Return the lock, which lies with the storage; where nothing is known of that, on this host alone."""
    if storage.driver in S3_DRIVERS:
        return open_storage(storage).lock_files()
    return lock_in(path)


def _find_record(records: RecordStore, leases: Lease, subject: str) -> Record | None:
    """Return what was found of the lock and the service when the registry was closed; None where it can't be read."""
    try:
        return leases.record(subject) or records.load(subject)
    except MaintenanceError:  # said to whoever can't do without, by `Claim.record`
        return None
