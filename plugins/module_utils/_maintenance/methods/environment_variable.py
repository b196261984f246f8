# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variable that makes a registry read-only, and who can hold it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping

from ..service.service import Service

NAME = "REGISTRY_STORAGE_MAINTENANCE_READONLY"
VALUE = '{"enabled":true}'


class VariablePlace(ABC):
    """Where the variable is set; `found` is JSON."""

    subject: str

    @abstractmethod
    def is_set(self) -> bool:
        """Tell whether it is set there."""

    def check(self) -> None:  # noqa: B027 - not everybody has something to check
        """Raise MaintenanceError where `put` is bound to fail."""

    @abstractmethod
    def find(self) -> Mapping[str, Any]:
        """Return all that `take_away` needs."""

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes that `put` writes on this host, by the paths of the files."""
        return {}

    @abstractmethod
    def put(self, found: Mapping[str, Any]) -> None:
        """Set it."""

    @abstractmethod
    def take_away(self, found: Mapping[str, Any]) -> bool:
        """Put back what was found; False where it is so already. With nothing found, take the variable away."""

    @abstractmethod
    def would_take_away(self, found: Mapping[str, Any]) -> bool:
        """Tell whether `take_away` would change anything."""

    def adapt(self, service: Service) -> Service:
        """Return the service with the commands after which the registry has the variable, or has it no more."""
        return service
