# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of runs that are not this process: made in children of the tests, or rewritten by hand."""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import Run
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Hold, Lock, lock_path
from ansible_collections.drydock.registry.plugins.module_utils._storage.lock_directory import LockDirectory

OURS = Run("ctl1:100:7", "root on ctl1, ansible-playbook, process 100", "reg1")
THEIRS = Run("ctl2:200:8", "root on ctl2, ansible-playbook, process 200", "reg1")
SOON = 600.0


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


def of(run: Run, root: Path, *gone: Run) -> Lock:
    return Lock(LockDirectory(lock_path(str(root), "/nowhere", "nothing")), run, [one.id for one in gone])


def end() -> float:
    return time.time() + SOON


def held(lock: Lock) -> Hold:
    hold = lock.hold()
    assert hold
    return hold


def on_host(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=name))
