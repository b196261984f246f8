# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.plugin_utils._action import RegistryAction
from ansible_collections.drydock.registry.plugins.plugin_utils._payload import build_program
from ansible_collections.drydock.registry.plugins.plugin_utils._service_tasks import service_tasks


class ActionModule(RegistryAction):
    """Sends along the modules that restart, stop and start the registry's service, as far as this controller has them.

    The target keeps them, because it has to reopen the registry without a controller when the lease ends. So it has
    them already when it is told to.
    """

    def execute(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        is_kept = self._task.args.get("state") == "restored"
        programs = {} if is_kept else self._send_programs(task_vars)
        return super().execute({**told, "service_programs": programs}, task_vars)

    def _send_programs(self, task_vars: dict[str, Any]) -> dict[str, str]:
        """Return the paths of the programs on the target by what they do."""
        paths = {}
        for name, task in service_tasks(self._task.args.get("service")).items():
            program = build_program(self, task, task_vars)
            if program is not None:
                paths[name] = self._transfer_data(self.new_path(f"{name}.py"), program)
        if paths:
            self._fixup_perms2([self._connection._shell.tmpdir, *paths.values()])
        return paths
