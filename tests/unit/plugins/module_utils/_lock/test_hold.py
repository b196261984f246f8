# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a lock say, whatever somebody has written into them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._lock.hold import (
    closed_hosts,
    held_error,
    host_entry,
    is_dead,
    parse_hold,
    this_sweeping,
)

KEYS = ("run", "who", "member", "token", "since", "until", "process", "over", "host", "boot_id", "pid", "started")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(2**2000),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)
NAMES = st.sampled_from(["holder", "host.one", "host.two", "sweep.one", "touched", "stop.one"])
FILES = st.dictionaries(NAMES, st.dictionaries(st.sampled_from(KEYS), ANYTHING), max_size=4)


@given(FILES)
def test_whatever_a_lock_says_it_can_be_told(files: dict[str, Any]) -> None:
    """A traceback would tell nobody who holds the registry, nor what to do."""
    assert "held by" in str(held_error(files))
    closed_hosts(files)
    is_dead(files, ())


@given(FILES)
def test_no_hold_is_dead_while_something_may_sweep(files: dict[str, Any]) -> None:
    assert not (parse_hold(files).sweep and is_dead(files, [parse_hold(files).run.id]))


@pytest.mark.parametrize("until", [None, "soon", True, float("nan"), float("inf"), 2**2000, -1])
def test_an_end_that_is_no_time_is_no_end(until: object) -> None:
    assert not is_dead({"holder": {"run": "a", "until": until}}, ())
    sweep = {**this_sweeping(None)._asdict(), "host": "elsewhere", "until": until}
    assert not is_dead({"holder": {"until": 1.0}, "sweep.one": sweep}, ())


def test_a_hold_lasts_until_its_last_host_opens() -> None:
    now = time.time()
    files = {"holder": {}, "host.one": host_entry(now + 10), "host.two": host_entry(now + 20)}
    hold = parse_hold(files)
    assert (hold.closed_until, hold.until) == (now + 10, now + 20)
    assert set(closed_hosts(files)) == {"host.one", "host.two"}
