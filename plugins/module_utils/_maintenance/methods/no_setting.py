# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ways to close a registry have in common that leave no setting behind."""

from __future__ import annotations

from typing import Any, Mapping

from ..._proof.probe import Mode
from .method import Method


class NoSettingMethod(Method):
    """Nothing is found, changed or put back; what is done lies in the service, or in somebody else's hands."""

    decides = False

    def __init__(self, subject: str) -> None:
        self.subject = subject

    def setting(self) -> Mode:
        return Mode.WRITABLE

    def check(self) -> None:
        return None

    def find(self) -> Mapping[str, Any]:
        return {}

    def enter(self, found: Mapping[str, Any]) -> None:
        return None

    def leave(self, found: Mapping[str, Any]) -> bool:
        return False

    def would_leave(self, found: Mapping[str, Any]) -> bool:
        return False

    def open(self) -> bool:
        return False

    def describe(self, setting: Mode) -> str:
        return ""
