# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is near a pattern that matches nothing: it is right, it is found quickly, and nothing is beside a digit."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.near import KnownNames, near_words
from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern

TAGS = ["v1.2", "1.20.0", "latest", "Edge", "nightly-x"]
NAMES = st.lists(st.text("ab/-", min_size=1, max_size=5), max_size=8)
GLOBS = st.lists(st.sampled_from(["*", "**", "?", "/**", "**/", *"ab/-"]), min_size=1, max_size=5).map("".join)


@given(NAMES, GLOBS)
def test_the_names_that_match_are_those_that_match_one_by_one(names: list[str], glob: str) -> None:
    pattern = compile_pattern(glob, "tags")
    known = KnownNames(names)
    assert set(known.matching(pattern)) == {name for name in names if pattern.matches(name)}
    assert known.matches(pattern) == any(pattern.matches(name) for name in names)


@given(NAMES, GLOBS)
def test_what_is_said_to_be_near_is_there(names: list[str], glob: str) -> None:
    said = KnownNames(names).near_repository(compile_pattern(glob, "repositories"))
    if said is not None:
        assert KnownNames(names).matches(compile_pattern(said.split("'")[1], "repositories"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1.2", "'v1.2' would match 1"),
        ("v1.20.0", "'1.20.0' would match 1"),
        ("LATEST", "'latest' would match 1"),
        ("edge", "'Edge' would match 1"),
        ("nightly", "'nightly*' would match 1, such as nightly-x"),
        ("lates", "'lates*' would match 1, such as latest"),
        ("latets", "'latest' would match 1"),
        ("1.3", None),
        ("1.20.1", None),
    ],
)
def test_tags(text: str, meant: str | None) -> None:
    assert KnownNames(TAGS).near_tag(compile_pattern(text, "tags")) == meant


def test_nothing_is_beside_a_digit() -> None:
    """Who has node-1 has node-2, and 1.2.3 is not 1.2.4: another number was never a slip of the finger."""
    found = set(near_words("node-1"))
    assert "node-2" not in found
    assert "node-11" not in found
    assert {"ndoe-1", "nod-1", "nodee-1"} <= found


def test_a_short_word_is_no_mistake_for_another() -> None:
    assert set(near_words("dev")) == {"vdev", "dev"}


def test_patterns_without_a_beginning_are_held_against_all_names_only_so_often() -> None:
    known = KnownNames(["team/app"])
    said = [known.near_repository(compile_pattern("~team", "repositories")) for _time in range(40)]
    assert said[0] == "'~team/.+' would match 1, such as team/app"
    assert said[-1] is None


def test_the_beginnings_are_found_where_they_are() -> None:
    known = KnownNames(f"team-{number}/app" for number in range(100))
    found = list(islice(known.matching(compile_pattern("team-7*/app", "repositories")), 20))
    assert len(found) == 11
