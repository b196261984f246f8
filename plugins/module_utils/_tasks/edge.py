# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge between Ansible and what a module does: how it was called, and what it hands back, however it ends."""

from __future__ import annotations

import os
import time
import traceback
from typing import Any, Callable, Mapping, NamedTuple

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._basics.errors import DrydockError, HeldError, MissingLibraryError
from .._basics.option_names import with_variables
from .._basics.packages import package_of, system_words
from .._basics.task_context import OPTION

# Lines of a traceback in a message.
_SHOWN = 4


class RunMode(NamedTuple):
    """How the module was called, and when: `now` is in seconds since the epoch."""

    check: bool
    diff: bool
    now: float


class Output:
    """What a module hands back. `result` is true at every moment, also where the task raises."""

    def __init__(self, result: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self.result: dict[str, Any] = dict(result)
        self.diff: dict[str, str] | None = None
        self.warn = warn

    def warn_of(self, *problems: str | None) -> None:
        """Warn of each that is one."""
        for problem in problems:
            if problem is not None:
                self.warn(problem)

    def values(self) -> dict[str, Any]:
        """Return what Ansible is handed."""
        return self.result if self.diff is None else {**self.result, "diff": self.diff}


#: What a module does with its parameters. It raises DrydockError for what people can do something about.
Task = Callable[[Mapping[str, Any], RunMode, Output], None]


def run_task(module: AnsibleModule, task: Task, result: Mapping[str, Any]) -> None:
    """Do it, and end the module with its result; `result` is that of a run that has not come to anything yet."""
    variables = _variables(module.params)
    output = Output(result, lambda text: module.warn(with_variables(text, variables)))
    try:
        task(module.params, RunMode(module.check_mode, module._diff, time.time()), output)
    except Exception as error:
        failure = _failure(error)
        failure["msg"] = with_variables(failure["msg"], variables)
        module.fail_json(**failure, **output.values())
    module.exit_json(**output.values())


def _variables(params: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the role calls the options; what can't be told the task refuses."""
    told = params.get(OPTION)
    variables = told.get("variables") if isinstance(told, dict) else None
    return variables if isinstance(variables, dict) else {}


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, MissingLibraryError):
        return {"msg": _how_to_install(error.library), "exception": error.details}
    if isinstance(error, HeldError):
        return {"msg": str(error), "held_by_run": error.run_id}
    if isinstance(error, DrydockError):
        return {"msg": str(error)}
    what = f"{type(error).__name__}: {error} (at {_place_of(error)})"
    return {
        "msg": f"an error that drydock.registry does not know, {what}. What was done before stands in this result, and "
        "the next run finishes what was begun. Please report it",
        "exception": traceback.format_exc(),
    }


def _how_to_install(library: str) -> str:
    """Return how every module says that a library is missing, which names the Python, and the host's own package."""
    package = package_of(library, system_words())
    found = f". The package of this system's own Python 3 is {package}" if package else ""
    return f"{missing_required_lib(library)}{found}"


def _place_of(error: Exception) -> str:
    """Return the innermost lines that led to it; a traceback is only shown where Ansible is told to."""
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN:]
    return ", ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
