# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times in results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.times import as_seconds, iso

SECONDS = st.floats(0, 250_000_000_000)


def test_a_time_is_utc_to_the_second_and_nothing_is_nothing() -> None:
    assert iso(1_700_000_000.9) == "2023-11-14T22:13:20Z"
    assert iso(None) is None


@given(SECONDS, SECONDS)
def test_the_texts_sort_as_their_times_do(one: float, other: float) -> None:
    assert ((iso(one) or "") <= (iso(other) or "")) == (int(one) <= int(other))


@pytest.mark.parametrize("value", [None, True, "1700000000", -1, 2**37, float("inf"), float("nan"), [1]])
def test_what_is_no_time_of_this_world_is_none(value: object) -> None:
    assert as_seconds(value) is None


@given(st.floats(0, 2**37 - 1) | st.integers(0, 2**37 - 1))
def test_a_time_of_this_world_is_taken_as_it_is(value: float) -> None:
    assert as_seconds(value) == value
