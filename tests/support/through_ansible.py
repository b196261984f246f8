# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as users call them: each a task that Ansible runs on this host, with its action plugin, in this process.

pytest-ansible takes --ansible-check and does not look at it, so that such a "check" changes the registry: whether a
task is a preview is said here, in its play.
"""

from __future__ import annotations

from typing import Any

from pytest_ansible.module_dispatcher.v213 import ModuleDispatcherV213

from .playbook import Result


class ThroughAnsible(ModuleDispatcherV213):
    """Made of the options of the fixture `localhost`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._is_preview = False

    def run(self, module: str, *, check: bool = False, **options: Any) -> Result:
        """The result of the task with its diff, in check mode or not."""
        self._is_preview = check
        found = getattr(self, f"drydock.registry.{module}")(**options)
        return dict(found.contacted["localhost"])

    def _build_play_ds(self, complex_args: dict[str, Any]) -> dict[str, Any]:
        return {**super()._build_play_ds(complex_args), "check_mode": self._is_preview, "diff": True}
