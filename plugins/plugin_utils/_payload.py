# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module with its arguments as one Python program that runs without Ansible, on the target.

On the controller this is the only place that uses what ansible-core does not promise to keep: `_configure_module`,
which returns four values in 2.18 and a module with its path since 2.19. On the target that is `_tasks/module.py`.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from ansible.plugins.action import ActionBase

from ._service_tasks import NOW, ServiceTask

_FILL_IN_THE_TIME = """\
import datetime
source = {source!r}.replace({now!r}, datetime.datetime.now(datetime.timezone.utc).isoformat())
exec(compile(source, __file__, "exec"))
"""


def _has_collection(module: str) -> bool:
    """Tell whether the module's collection is installed here; the plugin loader itself would warn where it is not."""
    try:
        return importlib.util.find_spec(f"ansible_collections.{module.rpartition('.')[0]}") is not None
    except ModuleNotFoundError:
        return False


def build_program(action: ActionBase, task: ServiceTask, task_vars: dict[str, Any]) -> bytes | None:
    """Return the program; it prints the module's result as JSON. None where the controller does not have the module."""
    if not _has_collection(task.module):
        return None
    if not action._shared_loader_obj.module_loader.find_plugin_with_context(task.module).resolved:
        return None
    arguments = dict(task.arguments)
    action._update_module_args(task.module, arguments, task_vars)
    # Whether anything is to be done is decided before it is run, and where it runs later the task's directory is gone.
    arguments.update(_ansible_check_mode=False, _ansible_diff=False, _ansible_tmpdir=None)
    found = action._configure_module(module_name=task.module, module_args=arguments, task_vars=task_vars)
    program: bytes = found[0].b_module_data if len(found) == 2 else found[2]
    if NOW.encode() not in program:
        return program
    return _FILL_IN_THE_TIME.format(source=program.decode(), now=NOW).encode()
