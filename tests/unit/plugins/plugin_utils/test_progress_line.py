# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read of how far a module is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._progress_line import progress_line


def line(**state: Any) -> str:
    nothing = {"stage": "sweeping", "things": "", "done": 0, "total": None, "bytes": 0, "since": 100.0, "at": 100.0}
    return progress_line({**nothing, **state})


def test_everything_that_is_known() -> None:
    state = {"things": "objects", "done": 12400, "total": 25000, "bytes": 1_240_000_000, "at": 108.0}
    assert line(**state) == "sweeping: 12,400 of 25,000 objects (49%), 1.2 GB so far, about 8 s left"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, "sweeping"),
        ({"things": "blobs", "done": 7}, "sweeping: 7 blobs"),
        ({"things": "blobs", "total": 0}, "sweeping: 0 blobs"),
        ({"things": "tags", "total": 3}, "sweeping: 0 of 3 tags (0%)"),
        ({"things": "tags", "done": 3, "total": 3, "at": 200.0}, "sweeping: 3 of 3 tags (100%)"),
        ({"things": "tags", "done": 4, "total": 3, "at": 200.0}, "sweeping: 4 of 3 tags (100%)"),
        ({"things": "tags", "done": 1, "total": 3, "at": 100.5}, "sweeping: 1 of 3 tags (33%)"),
    ],
)
def test_only_what_is_known(state: dict[str, Any], said: str) -> None:
    assert line(**state) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (4_560_000, "4.6 MB"), (7 * 10**15, "7.0 PB")],
)
def test_sizes(size: int, said: str) -> None:
    assert line(bytes=size) == f"sweeping: {said} so far"


@pytest.mark.parametrize(
    ("passed", "left"), [(1, "9 s"), (9, "81 s"), (10, "2 min"), (60, "9 min"), (600, "1.5 h"), (6000, "15.0 h")]
)
def test_times(passed: float, left: str) -> None:
    assert line(things="tags", done=1, total=10, at=100.0 + passed).endswith(f"(10%), about {left} left")
