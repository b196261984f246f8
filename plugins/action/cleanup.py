# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.module_utils._basics.durations import parse_duration
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.plugin_utils._action import RegistryAction
from ansible_collections.drydock.registry.plugins.plugin_utils._progress_display import ProgressDisplay

_INTERVAL = "10s"


class ActionModule(RegistryAction):
    """Shows how far the module is while it runs."""

    def execute(self, told: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
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
