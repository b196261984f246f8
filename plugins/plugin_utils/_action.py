# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins of this collection have in common: they tell the module which run it belongs to."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import OPTION

from ._run import describe_run, is_gone
from ._variables import variables_by_option

# Where the role is at work: the name under which it holds the lock of a storage.
_SET_BY_ROLE = "__registry_cleanup_unit"


class RegistryAction(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name with what only the controller knows."""

    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, and once more where a run holds the registry that this controller knows to have ended.

        With `async` that can't be: the result comes after this has ended.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        told: dict[str, Any] = {"run": self._describe_run(variables)}
        if _SET_BY_ROLE in variables:
            told["variables"] = variables_by_option()
        found = self.execute(told, variables)
        holder = found.get("held_by_run")
        if holder and is_gone(holder):
            found = self.execute({**told, "gone_runs": [holder]}, variables)
        merged: dict[str, Any] = merge_hash(result, found)
        return merged

    def execute(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module with the task's arguments and with what it is told beside."""
        given = self._task.args.get(OPTION)
        context = {} if given is None else given
        found: dict[str, Any] = self._execute_module(
            # What is no dictionary the module refuses, as it does all that can't be used.
            module_args={**self._task.args, OPTION: {**context, **told} if isinstance(context, dict) else context},
            task_vars=task_vars,
            wrap_async=self.is_detached,
        )
        return found

    @property
    def is_detached(self) -> bool:
        """Tell whether the module goes on after this has ended."""
        return bool(self._task.async_val and not self._connection.has_native_async)

    def new_path(self, name: str) -> str:
        """Return a path in the task's temporary directory on the target, which is made where it is missing."""
        directory = self._connection._shell.tmpdir or self._make_tmp_path()
        path: str = self._connection._shell.join_path(directory, name)
        return path

    def _describe_run(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        def value_of(*names: str) -> Any:
            given = next((task_vars[name] for name in names if task_vars.get(name)), None)
            return self._templar.template(given)

        job = {
            "id": value_of("awx_job_id", "tower_job_id"),
            "template": value_of("awx_job_template_name", "tower_job_template_name"),
        }
        return describe_run(str(value_of(_SET_BY_ROLE, "inventory_hostname")), job)
