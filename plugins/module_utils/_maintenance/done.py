# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call has done so far: its result tells it truly, also where it fails half-way."""

from __future__ import annotations


class Done:
    """`changed` is false again where everything was put back; `restarted` also stands for stopped and started."""

    def __init__(self) -> None:
        self.changed = False
        self.restarted = False
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        """Add a warning once, however often it is seen."""
        if message not in self.warnings:
            self.warnings.append(message)
