# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a way to close a registry must be able to do; how it is verified, drained and recorded is not its business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping

from ..._proof.probe import Mode
from ..._registry.config import RegistryConfig
from ..drain.drain import Drain
from ..service.service import Service


class Method(ABC):
    """A setting that closes a registry, at once or from its next restart.

    `subject` is what the setting stands in, known by the same name to every later run. `closing` and `opening` are what
    the service has to do (`restart`, `stop`, `start`, or None) after `enter` and `leave`. `closed_mode` is what the
    registry is shown to be once it is closed.
    """

    name: str
    subject: str
    closing: str | None = None
    opening: str | None = None
    closed_mode: Mode = Mode.READ_ONLY
    #: Whether the setting alone makes the registry writable or read-only, so that a difference between them is doubt.
    decides: bool = True
    #: Whether somebody else has closed the registry before this is asked to, so that it counts as writable before.
    is_closed_by_others: bool = False

    @abstractmethod
    def setting(self) -> Mode:
        """Return Mode.READ_ONLY or Mode.WRITABLE: what a registry started now would be."""

    @abstractmethod
    def check(self) -> None:
        """Raise MaintenanceError where the setting would not close the registry, or could not be changed."""

    def check_opening(self) -> None:
        """Raise MaintenanceError where a writable setting would have no effect; nothing that only closing needs."""
        return

    @abstractmethod
    def find(self) -> Mapping[str, Any]:
        """Return what `enter` is about to change, as JSON: all that `leave` needs to put it back."""

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes that `enter` writes on this host, by the paths of the files."""
        return {}

    @abstractmethod
    def enter(self, found: Mapping[str, Any]) -> None:
        """Make the setting read-only."""

    @abstractmethod
    def leave(self, found: Mapping[str, Any]) -> bool:
        """Put back what was found; False where it is so already."""

    @abstractmethod
    def would_leave(self, found: Mapping[str, Any]) -> bool:
        """Return what `leave` would, without doing it."""

    @abstractmethod
    def open(self) -> bool:
        """Make the setting writable whatever was found before; False where it is so already."""

    @abstractmethod
    def describe(self, setting: Mode) -> str:
        """Return for the diff how the setting looks, and nothing else of what it stands in."""

    @abstractmethod
    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        """Return what must have ended before the closed registry counts as drained; looked up before it is closed.

        `root` is the registry's root directory, None where it is not on this host.
        """

    def open_alone(self, timeout: float) -> None:
        """Do what the user's own tasks would do, had the lease not ended before them; at most `timeout` seconds."""
        return

    def why_not_alone(self) -> str | None:
        """Return why the host could not open the registry when the lease ends, None where it could."""
        return None

    def adapt(self, service: Service) -> Service:
        """Return the service with the commands that this setting needs to take effect, as it stands now."""
        return service

    @property
    def is_read_only(self) -> bool:
        return self.setting() == Mode.READ_ONLY
