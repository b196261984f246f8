# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a way to close a registry must be able to do; how it is verified, drained and recorded is not its business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping

from .._probe import Mode


class Method(ABC):
    """A persistent setting that makes a registry read-only from its next restart.

    `subject` is what the setting stands in, known by the same name to every later run.
    """

    name: str
    subject: str

    @abstractmethod
    def setting(self) -> str:
        """Mode.READ_ONLY or Mode.WRITABLE: what a registry started now would be."""

    @abstractmethod
    def check(self) -> None:
        """Raise MaintenanceError where changing the setting would have no effect."""

    @abstractmethod
    def find(self) -> Mapping[str, Any]:
        """What `enter` is about to change, as JSON: all that `leave` needs to put it back."""

    @abstractmethod
    def enter(self, found: Mapping[str, Any]) -> None:
        """Make the setting read-only."""

    @abstractmethod
    def leave(self, found: Mapping[str, Any]) -> bool:
        """Put back what was found; False where it is so already."""

    @abstractmethod
    def would_leave(self, found: Mapping[str, Any]) -> bool:
        """What `leave` would return, without doing it."""

    @abstractmethod
    def open(self) -> bool:
        """Make the setting writable whatever was found before; False where it is so already."""

    @abstractmethod
    def describe(self, setting: str) -> str:
        """For the diff: how the setting looks, and nothing else of what it stands in."""

    @property
    def is_read_only(self) -> bool:
        return self.setting() == Mode.READ_ONLY
