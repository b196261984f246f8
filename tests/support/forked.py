# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module in a forked child of the tests: as real as its own process and ten times as fast to start."""

from __future__ import annotations

import functools
import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
from types import ModuleType
from typing import IO, Any, Callable, Mapping

from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args

from support.playbook import COLLECTION, Result, module_arguments


def run_forked(
    name: str,
    arguments: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    before: Callable[[], None] | None = None,
) -> tuple[int, Result]:
    """(exit status, result): the result is {} where the child ended without one.

    `before` is called in the child, and so can change what the module finds there.
    """
    _load(name)
    settings = {"_ansible_check_mode": check, "_ansible_diff": diff}
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _child(name, {**module_arguments(arguments), **settings}, output, before or _nothing)
        _pid, status = os.waitpid(child, 0)
        output.seek(0)
        printed = output.read()
    result: Result = json.loads(printed) if printed else {}
    return os.waitstatus_to_exitcode(status), result


def _nothing() -> None:
    """Change nothing."""


@functools.lru_cache(maxsize=None)
def _load(name: str) -> ModuleType:
    """Import the module here, so that its children find all it imports; the module itself is run anew in each."""
    full_name = f"{COLLECTION}.plugins.modules.{name}"
    importlib.import_module(full_name)
    return sys.modules.pop(full_name)


def _child(name: str, arguments: Mapping[str, Any], output: IO[bytes], before: Callable[[], None]) -> None:
    """Never returns: the child of a test must not run on into the test's own end."""
    code = 1
    try:
        os.dup2(output.fileno(), 1)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        # A test beside this one may have made the parent a controller, which shows warnings in place of returning them.
        _internal.is_controller = False
        # Whoever runs the tests may have told them to survive the end of a session.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        before()
        with patch_module_args(dict(arguments)):
            runpy.run_module(f"{COLLECTION}.plugins.modules.{name}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = int(end.code or 0)
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)
