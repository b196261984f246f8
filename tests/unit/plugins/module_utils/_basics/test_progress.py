# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that says how far a module is."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics import progress as _progress
from ansible_collections.drydock.registry.plugins.module_utils._basics.progress import SILENT, Progress


class Clock:
    """The monotonic clock, which a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_progress, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "progress.json"


def read(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(path.read_text())
    return state


def test_a_stage_is_written_when_it_begins_and_what_is_done_now_and_then(clock: Clock, path: Path) -> None:
    progress = Progress(str(path))
    progress.stage("sweeping", 3, "objects")
    begun = {"stage": "sweeping", "things": "objects", "done": 0, "total": 3, "bytes": 0, "since": 100.0, "at": 100.0}
    assert read(path) == begun
    clock.now += 0.4
    progress.advance(1, 10)
    assert read(path) == begun
    clock.now += 0.1
    progress.advance(1, 5)
    assert read(path) == {**begun, "done": 2, "bytes": 15, "at": 100.5}


def test_a_stage_begins_at_nothing(clock: Clock, path: Path) -> None:
    progress = Progress(str(path))
    progress.stage("reading", 1, "manifests")
    progress.advance(1, 7)
    clock.now += 1
    progress.stage("deciding")
    state = read(path)
    assert (state["stage"], state["done"], state["total"], state["bytes"]) == ("deciding", 0, None, 0)
    assert (state["since"], state["at"]) == (101.0, 101.0)


def test_each_counts_what_has_been_dealt_with(clock: Clock, path: Path) -> None:
    progress = Progress(str(path))
    progress.stage("reading", 2)
    seen = []
    for item in progress.each("ab"):
        clock.now += 1
        seen.append((item, read(path)["done"]))
    assert seen == [("a", 0), ("b", 1)]
    assert read(path)["done"] == 2


def test_stages_that_are_done_a_second_time_say_so(path: Path) -> None:
    progress = Progress(str(path))
    with progress.again():
        progress.stage("reading")
        assert read(path)["stage"] == "reading again"
    progress.stage("sweeping")
    assert read(path)["stage"] == "sweeping"


def test_another_user_may_read_it_and_nothing_else_is_left(path: Path) -> None:
    Progress(str(path)).stage("deciding")
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_where_nothing_can_be_written_the_work_goes_on(tmp_path: Path) -> None:
    progress = Progress(str(tmp_path / "absent" / "progress.json"))
    progress.stage("sweeping", 2)
    assert list(progress.each("ab")) == ["a", "b"]


def test_without_a_path_nothing_is_kept_or_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_progress, "_replace")
    SILENT.stage("sweeping", 2)
    assert list(SILENT.each("ab")) == ["a", "b"]
