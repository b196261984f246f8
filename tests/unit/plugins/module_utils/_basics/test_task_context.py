# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What action plugins and the role tell their modules: read once, and nothing is read that can't be meant."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import (
    Run,
    TaskContext,
    read_task_context,
)

RUN = {"id": "ctl1:100:7", "who": "root on ctl1", "member": "reg1"}
EVERYTHING: dict[str, Any] = {
    "run": RUN,
    "gone_runs": ["ctl1:99:7"],
    "progress_path": "/remote/progress.json",
    "run_follows": True,
    "applied_later": "/var/lib/drydock/plan.json",
    "deleted_later": True,
    "closed_registries": 2,
    "service_programs": {"restart": "/remote/restart.py"},
    "is_guarded": True,
    "variables": {"lease": "registry_cleanup_maintenance.lease"},
    "only": "hold",
}


def test_a_module_that_is_told_nothing_runs_by_hand() -> None:
    assert read_task_context(None) == read_task_context({}) == TaskContext()
    assert TaskContext().run == Run.direct()


def test_everything_that_can_be_told_is_read() -> None:
    assert EVERYTHING.keys() == set(TaskContext._fields)
    read = {**EVERYTHING, "run": Run(**RUN), "gone_runs": ("ctl1:99:7",)}
    assert read_task_context(EVERYTHING) == TaskContext(**read)


def test_a_number_may_be_the_text_that_an_older_ansible_makes_of_it() -> None:
    assert read_task_context({"closed_registries": "2"}).closed_registries == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hold", True),
        ("run", RUN["id"]),
        ("run", {**RUN, "pid": "100"}),
        ("run", {"id": RUN["id"]}),
        ("run", {**RUN, "who": None}),
        ("gone_runs", "ctl1:99:7"),
        ("gone_runs", [99]),
        ("progress_path", 7),
        ("applied_later", None),
        ("run_follows", "yes"),
        ("deleted_later", 1),
        ("is_guarded", None),
        ("is_guarded", "true"),
        ("only", "close"),
        ("only", []),
        ("closed_registries", -1),
        ("closed_registries", True),
        ("closed_registries", "many"),
        ("service_programs", ["/remote/restart.py"]),
        ("service_programs", {"restart": None}),
        ("variables", ["lease"]),
    ],
)
def test_what_can_not_be_meant_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidOptionError, match=rf"^_task_context.*{name}.*leave it out") as refused:
        read_task_context({name: value})
    assert re.search(re.escape(repr(value)) if name != "hold" else "one of run, gone_runs", str(refused.value))
