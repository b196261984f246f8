# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However a task ends, Ansible is handed all that is true of it."""

from __future__ import annotations

import re
from typing import Any, Mapping, NoReturn

import pytest
from ansible.module_utils.basic import missing_required_lib

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    DrydockError,
    HeldError,
    MissingLibraryError,
    StorageError,
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks import edge
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task

NOTHING = {"changed": False, "deleted": 0}


class Module:
    """What of an AnsibleModule the edge knows."""

    params: Mapping[str, Any] = {"name": "app"}
    check_mode = True
    _diff = False

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.answer: dict[str, Any] = {}

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def exit_json(self, **answer: Any) -> NoReturn:
        self.answer = answer
        raise SystemExit(0)

    def fail_json(self, **answer: Any) -> NoReturn:
        self.answer = answer
        raise SystemExit(1)


def answer_of(error: Exception | None) -> dict[str, Any]:
    """What is handed over by a task that deletes something, and then ends so."""

    def task(params: Mapping[str, Any], mode: RunMode, output: Output) -> None:
        assert (params, mode.check, mode.diff) == (Module.params, True, False)
        output.result.update(changed=True, deleted=3)
        output.diff = {"before": "a", "after": "b"}
        output.warn_of("slow", None)
        if error is not None:
            raise error

    module = Module()
    with pytest.raises(SystemExit) as end:
        run_task(module, task, NOTHING)
    assert end.value.code == (0 if error is None else 1)
    assert module.warnings == ["slow"]
    done = {"changed": True, "deleted": 3, "diff": {"before": "a", "after": "b"}}
    assert done.items() <= module.answer.items()
    return {name: value for name, value in module.answer.items() if name not in done}


def test_a_task_that_ends_well() -> None:
    assert answer_of(None) == {}
    assert NOTHING == {"changed": False, "deleted": 0}


@pytest.mark.parametrize("kind", [DrydockError, StorageError])
def test_what_people_can_do_something_about_is_told_in_its_own_words(kind: type[DrydockError]) -> None:
    assert answer_of(kind("the disk is full")) == {"msg": "the disk is full"}


def test_who_holds_the_registry_is_told() -> None:
    assert answer_of(HeldError("held by ann", "ctl:1:7")) == {"msg": "held by ann", "held_by_run": "ctl:1:7"}


@pytest.mark.parametrize(
    ("system", "told"),
    [({"ubuntu", "debian"}, ". The package of this system's own Python 3 is python3-boto3"), ({}, "")],
)
def test_a_missing_library_is_told_as_every_module_does(
    system: set[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "system_words", lambda: system)
    answer = answer_of(MissingLibraryError("boto3", "Traceback ..."))
    assert answer["msg"] == missing_required_lib("boto3") + told
    assert answer["exception"] == "Traceback ..."


def test_what_nobody_foresaw_is_told_with_what_to_do() -> None:
    answer = answer_of(KeyError("layers"))
    assert re.search(r"KeyError: 'layers' \(at .*test_edge\.py:\d+\)", answer["msg"])
    assert "the next run finishes" in answer["msg"]
    assert "test_edge.py" in answer["exception"]
