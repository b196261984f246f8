# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry by a variable of its environment, laid over its configuration file; it is read at start only.

The value has to be a map: `REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED=true` makes the registry panic at start (seen
on 2.8.2 and 3.1.1).
"""

from __future__ import annotations

from typing import Any, Mapping

from ..._basics.errors import InvalidOptionError, MaintenanceError
from ..._proof.probe import Mode
from ..._registry.config import RegistryConfig
from ..._registry.processes import serving
from ..drain.drain import Drain
from ..service.kinds import ComposeService, KubernetesDeployment
from ..service.service import Service
from .deployment import Deployment
from .environment_places import ComposeOverride, DropIn, EnvironmentFile
from .environment_variable import NAME, VALUE, VariablePlace
from .method import Method
from .stop import refuse_cache

_BY_HAND = "a container's environment is fixed when the container is made"


class EnvironmentMethod(Method):
    """`environment_file` is where the variable is written; without it the kind of `service` tells where."""

    name = "environment"
    closing = "restart"
    opening = "restart"

    def __init__(self, config: RegistryConfig | None, service: Service, environment_file: str | None) -> None:
        self._config = config
        self._place = _place_for(service, environment_file)
        self.subject = self._place.subject

    def setting(self) -> Mode:
        is_set = self._place.is_set()
        if self._config is None:
            return Mode.READ_ONLY if is_set else Mode.WRITABLE
        return Mode.READ_ONLY if _is_read_only(self._config, is_set) else Mode.WRITABLE

    def check(self) -> None:
        refuse_cache(self._config)
        self.check_opening()
        if self._config is not None and not _is_read_only(self._config, is_set=True):
            raise MaintenanceError(
                f"{NAME} has no effect on a registry with this {self._config.path} and registry_environment; "
                "use method: config_file, or take REGISTRY_STORAGE_MAINTENANCE... out of its environment"
            )
        self._place.check()

    def check_opening(self) -> None:
        if self._config is not None and NAME in self._config.environment:
            raise MaintenanceError(
                f"registry_environment says that {NAME} is set already; take it out of the registry's environment first"
            )

    def find(self) -> Mapping[str, Any]:
        return self._place.find()

    def sizes(self) -> Mapping[str, int]:
        return self._place.sizes()

    def enter(self, found: Mapping[str, Any]) -> None:
        self._place.put(found)

    def leave(self, found: Mapping[str, Any]) -> bool:
        return self._place.take_away(found)

    def would_leave(self, found: Mapping[str, Any]) -> bool:
        return self._place.would_take_away(found)

    def open(self) -> bool:
        return self._place.is_set() and self._place.take_away({})

    def describe(self, setting: Mode) -> str:
        return f"{NAME}={VALUE}\n" if setting == Mode.READ_ONLY else ""

    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        return Drain(serving(config.path if config else None, root), root)

    def adapt(self, service: Service) -> Service:
        return self._place.adapt(service)


def _place_for(service: Service, environment_file: str | None) -> VariablePlace:
    if environment_file is not None:
        return EnvironmentFile(environment_file, is_sourced=service.kind == "init")
    if service.kind == "systemd":
        return DropIn(str(service.details))
    if isinstance(service.details, ComposeService):
        return ComposeOverride(service.details)
    if isinstance(service.details, KubernetesDeployment):
        return Deployment(service.details)
    if service.kind in ("docker", "podman"):
        raise InvalidOptionError(
            "method", "environment", f"config_file, proxy_flag or stop, or service: {{compose: ...}}: {_BY_HAND}"
        )
    raise InvalidOptionError(
        "environment_file", None, "the file that the registry's variables come from, or service: systemd, compose, ..."
    )


def _is_read_only(config: RegistryConfig, is_set: bool) -> bool:
    ours = {NAME: VALUE} if is_set else {}
    return RegistryConfig(config.path, config.file_data, {**config.environment, **ours}).read_only
