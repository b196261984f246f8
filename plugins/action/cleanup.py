# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.module_utils._basics.durations import parse_duration
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.plugin_utils._action import RegistryAction
from ansible_collections.drydock.registry.plugins.plugin_utils._plan_file import (
    UnusablePlanError,
    make_plan_file,
    read_approved,
)
from ansible_collections.drydock.registry.plugins.plugin_utils._progress_display import ProgressDisplay

_INTERVAL = "10s"


class ActionModule(RegistryAction):
    """Shows how far the module is while it runs, and for the role makes a file on the target in which its plan is.

    With `plan_file` the role says so, and which plan was approved, if one was; that file's path is in the result.
    """

    _plan: tuple[str, str] | None = None

    def prepare(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        wanted = self.told_here.get("plan_file")
        if wanted is None:
            return {}
        try:
            approved = read_approved(wanted, str(task_vars["inventory_hostname"]))
            path = make_plan_file(self, approved)
        except UnusablePlanError as error:
            return {"failed": True, "msg": str(error)}
        self._plan = ("plan_dest" if approved is None else "plan", path)
        return {}

    @property
    def arguments(self) -> dict[str, Any]:
        return {**super().arguments, **dict([self._plan] if self._plan else [])}

    def execute(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if self._plan is not None:
            found = self._execute_shown({**told, "applied_later": self._plan[1]}, task_vars)
            return {**found, "plan_file": self._plan[1]}
        return self._execute_shown(told, task_vars)

    def _execute_shown(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            interval = parse_duration(self._task.args.get("progress_interval") or _INTERVAL, "progress_interval")
        except InvalidOptionError as error:
            # Raised, it would be told twice: ansible-core 2.18 tells of the exception first.
            return {"failed": True, "msg": str(error)}
        if not interval or self.is_detached:
            return super().execute(told, task_vars)
        path = self.new_path("progress.json")
        with ProgressDisplay(self, path, interval, str(task_vars.get("inventory_hostname"))):
            return super().execute({**told, "progress_path": path}, task_vars)
