# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a lease, by two clocks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics import deadline as _deadline
from ansible_collections.drydock.registry.plugins.module_utils._basics.deadline import Deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock on the wall and a steady one."""
    now = SimpleNamespace(wall=1_000.0, steady=50.0)
    monkeypatch.setattr(_deadline, "time", SimpleNamespace(time=lambda: now.wall, monotonic=lambda: now.steady))
    return now


def test_a_lease_ends_in_time(clock: SimpleNamespace) -> None:
    deadline = Deadline(1_060.0)
    clock.wall, clock.steady = 1_050.0, 100.0
    assert (deadline.remaining(), deadline.is_over) == (10.0, False)
    clock.wall, clock.steady = 1_060.0, 110.0
    assert deadline.is_over


def test_a_clock_set_back_does_not_move_the_end(clock: SimpleNamespace) -> None:
    deadline = Deadline(1_060.0)
    clock.wall, clock.steady = 0.0, 110.0
    assert deadline.is_over


def test_a_clock_set_forward_ends_the_lease(clock: SimpleNamespace) -> None:
    """Or one that went on while the machine was suspended, when the steady one stands still."""
    deadline = Deadline(1_060.0)
    clock.wall = 2_000.0
    assert deadline.is_over


def test_a_timer_that_has_waited_leaves_nothing_to_wait_for(clock: SimpleNamespace) -> None:
    clock.wall = 0.0
    assert Deadline(1_060.0, 0.0).is_over
