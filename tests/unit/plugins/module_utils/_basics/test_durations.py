# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them, and what is advised where they can not be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.durations import (
    describe_duration,
    parse_duration,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2592000), ("1h30m", 5400), ("0s", 0), ("0", 0), ("2w", 1209600), ("90s", 90)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text, "grace_period") == seconds


@given(st.integers(0, 10**9))
def test_a_duration_survives_being_described(seconds: int) -> None:
    assert parse_duration(describe_duration(seconds), "grace_period") == seconds


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("6M", "180d for months, or 6m for minutes"),
        ("1M", "30d for months, or 1m for minutes"),
        ("30D", "30d"),
        ("2W", "2w"),
        ("1H30M", "1h30m"),
        ("1h30M", "1h30m"),
        ("6m o", "30d, 12h, 1h30m or 0s"),
        ("1y", "30d, 12h, 1h30m or 0s"),
        ("٣d", "30d, 12h, 1h30m or 0s"),
        ("9" * 400 + "d", "30d, 12h, 1h30m or 0s"),
    ],
)
def test_a_duration_is_lower_case(text: str, advice: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"{re.escape(text)}.* expected a duration such as {advice} "):
        parse_duration(text, "older_than")
