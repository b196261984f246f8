# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's start and result as JSON lines to $DRYDOCK_RESULTS: what a playbook run does and really got."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: drydock_results
type: notification
short_description: each task's result as a JSON line
description:
  - Writes to the file named by the environment variable E(DRYDOCK_RESULTS).
  - Where E(DRYDOCK_PACKED) names a directory, modules are packed into it for all runs that name it. Ansible itself
    packs them anew in each run, which for each takes a second or two.
"""


def _name(task: Any) -> str:
    """Without the role's."""
    name: str = task.get_name()
    return name.rpartition(" : ")[2]


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Everything as it comes; loops as the whole task's result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "drydock_results"

    def __init__(self) -> None:
        super().__init__()
        packed = os.environ.get("DRYDOCK_PACKED")
        if packed:
            os.symlink(packed, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))

    def _write(self, line: dict[str, Any]) -> None:
        with open(os.environ["DRYDOCK_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def _task(self, status: str, result: Any, ignored: bool = False) -> None:
        done = {
            "host": result._host.get_name(),
            "task": _name(result._task),
            "action": result._task.action,
            "status": status,
            "ignored": ignored,
            "result": dict(result._result),
        }
        self._write({"done": done})

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._write({"started": {"host": host.get_name(), "task": _name(task)}})

    def v2_runner_on_ok(self, result: Any) -> None:
        self._task("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task("failed", result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._task("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write({"stats": {host: stats.summarize(host) for host in sorted(stats.processed)}})
