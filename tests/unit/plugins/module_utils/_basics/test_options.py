# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad options get an error that names the option, the value and what was expected."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.durations import (
    describe_duration,
    parse_duration,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern
from support.graphs import settings


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"grace_period": "soon"}, "grace_period"),
        ({"grace_period": "-1h"}, "grace_period"),
        ({"untagged_older_than": "14"}, "untagged_older_than"),
        ({"repositories": [""]}, "repositories"),
        ({"repositories": ["~("]}, "repositories"),
        ({"policies": [{}]}, "policies[0]"),
        ({"policies": [{"keep_n": 1}, {"keep_n": -1}]}, "policies[1].keep_n"),
        ({"policies": [{"keep_n": 1, "tags": ["~["]}]}, "policies[0].tags"),
        ({"policies": [{"keep_groups": 1}]}, "policies[0].keep_groups"),
        ({"policies": [{"keep_n": 1, "group_by": "v*"}]}, "policies[0].group_by"),
        ({"policies": [{"keep_n": 1, "group_by": "~v.*"}]}, "policies[0].group_by"),
        ({"policies": [{"older_than": "30d", "expire_after": "20d"}]}, "policies[0].expire_after"),
        ({"protect_images": ["app@sha256:12"]}, "protect_images"),
        ({"protect_images": ["two words"]}, "protect_images"),
    ],
)
def test_bad_options(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"^" + named.replace("[", r"\[") + r".* cannot be used, expected "):
        settings(**options)


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("team-*/**", ["team-a/x", "team-a/x/y"], ["team-a", "team/x", "other/team-a/x"]),
        ("**", ["a", "a/b/c"], []),
        ("*", ["a", "v1.0"], ["a/b"]),
        ("**/app", ["app", "x/app", "x/y/app"], ["x/app/y", "xapp"]),
        ("v1.?", ["v1.0"], ["v1.10", "v1x0"]),
        (r"~v\d+", ["v1", "v10"], ["v1.0", "av1"]),
    ],
)
def test_patterns(glob: str, matching: list[str], others: list[str]) -> None:
    pattern = compile_pattern(glob, "tags")
    assert [name for name in matching if not pattern.matches(name)] == []
    assert [name for name in others if pattern.matches(name)] == []


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
