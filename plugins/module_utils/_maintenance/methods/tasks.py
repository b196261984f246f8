# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry by the user's own tasks; here it is only looked at whether they have."""

from __future__ import annotations

from typing import Sequence

from ..._registry.config import RegistryConfig
from ..._registry.processes import serving
from ..drain.connections import Connections
from ..drain.drain import Drain
from ..service.command import require_program, run_command
from .no_setting import NoSettingMethod


class TasksMethod(NoSettingMethod):
    """Where the tasks did not restart the registry, a write that it took before lives on in the same process."""

    name = "tasks"
    is_closed_by_others = True

    def __init__(self, subject: str, restore_command: Sequence[str] | None = None) -> None:
        super().__init__(subject)
        self._restore_command = restore_command

    def check(self) -> None:
        if self._restore_command is not None:
            require_program(self._restore_command, "restore_command")

    def open_alone(self, timeout: float) -> None:
        if self._restore_command is not None:
            run_command(self._restore_command, timeout, "restore_command")

    def why_not_alone(self) -> str | None:
        if self._restore_command is not None:
            return None
        return "if this run dies, nobody opens the registry when the lease ends: give a restore_command"

    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        processes = serving(config.path if config else None, root)
        ignored = config.debug_ports if config else ()
        return Drain(processes, root, [Connections(processes, ignored)])
