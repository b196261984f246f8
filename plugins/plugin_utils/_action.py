# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins of this collection have in common: they tell the module which run it belongs to."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import OPTION

from ._diff_text import with_headers
from ._run import describe_run, is_gone
from ._variables import variables_by_option

# Where the role is at work: the name under which it holds the lock of a storage.
_SET_BY_ROLE = "__registry_cleanup_unit"

#: In the task's context, what the role tells its action plugins and not the modules.
CONTROLLER = "controller"


class RegistryAction(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name with what only the controller knows."""

    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; see `told_here` for what becomes of a host that is not there."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            found = self.prepare(task_vars or {}) or self._run_held(task_vars or {})
        except AnsibleConnectionFailure as error:
            if not self.told_here.get("rescues_unreachable"):
                raise
            found = {"failed": True, "host_unreachable": True, "msg": f"the host is unreachable: {error}"}
        if "diff" in found:
            found["diff"] = with_headers(found["diff"], str((task_vars or {}).get("inventory_hostname")))
        merged: dict[str, Any] = merge_hash(result, found)
        return merged

    def prepare(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do what comes before the module. What is returned is the result, and the module is not run."""
        return {}

    def _run_held(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run it, and once more where a run holds the registry that this controller knows to have ended.

        With `async` that can't be: the result comes after this has ended.
        """
        told: dict[str, Any] = {"run": self._describe_run(task_vars)}
        if _SET_BY_ROLE in task_vars:
            told["variables"] = variables_by_option()
        found = self.execute(told, task_vars)
        holder = found.get("held_by_run")
        if holder and is_gone(holder):
            found = self.execute({**told, "gone_runs": [holder]}, task_vars)
        return found

    def execute(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module with the task's arguments and with what it is told beside."""
        found: dict[str, Any] = self._execute_module(
            module_args={**self.arguments, OPTION: self._context(told)},
            task_vars=task_vars,
            wrap_async=self.is_detached,
        )
        return found

    def cleanup(self, force: bool = False) -> None:
        """Remove the task's temporary directory; of a host that has gone away it can't be."""
        with contextlib.suppress(*([AnsibleConnectionFailure] if self.told_here.get("rescues_unreachable") else [])):
            super().cleanup(force)

    @property
    def arguments(self) -> dict[str, Any]:
        """Return what the module gets as its options."""
        return dict(self._task.args)

    @property
    def told_here(self) -> dict[str, Any]:
        """Return what the role tells this plugin.

        `rescues_unreachable`: a host that is not there fails, with `host_unreachable` in the result, and so does not
        leave the play: Ansible takes `rescue` and `always` only on hosts that failed.
        """
        given = self._task.args.get(OPTION)
        told: dict[str, Any] = given.get(CONTROLLER, {}) if isinstance(given, dict) else {}
        return told

    def _context(self, told: dict[str, Any]) -> Any:
        given = self._task.args.get(OPTION)
        if given is not None and not isinstance(given, dict):
            # The module refuses it, as it does all that can't be used.
            return given
        return {**{name: value for name, value in (given or {}).items() if name != CONTROLLER}, **told}

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
