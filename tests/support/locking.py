# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of runs that are not this process: made in children of the tests, or rewritten by hand."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path
from typing import Any, Callable

from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import Run
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock

OURS = Run("ctl1:100:7", "root on ctl1, ansible-playbook, process 100", "reg1")
THEIRS = Run("ctl2:200:8", "root on ctl2, ansible-playbook, process 200", "reg1")


def as_params(run: Run) -> dict[str, Any]:
    """The run as the action plugin hands it to a module."""
    return {"_run": run._asdict()}


def in_child(act: Callable[[], object]) -> int:
    """Do something in a child of its own; its exit status, 0 where nothing was raised."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        act()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def rewrite(lock: Lock, pattern: str, **values: Any) -> None:
    """Change what the files of the lock say whose names match."""
    found = list(Path(lock.path).glob(pattern))
    assert found, f"{pattern} in {os.listdir(lock.path)}"
    for path in found:
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
