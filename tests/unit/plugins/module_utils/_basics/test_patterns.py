# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globs and regular expressions: what a pattern matches, and what is said of one that is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import (
    compile_pattern,
    compile_patterns,
    glob_pieces,
    is_selected,
)


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


NAMES = st.text("ab./-", max_size=8)
GLOBS = st.lists(st.sampled_from(["*", "**", "?", "/**", "**/", *"ab./-"]), min_size=1, max_size=6).map("".join)


@given(GLOBS, NAMES)
def test_what_matches_begins_with_the_prefix_and_a_literal_matches_itself_alone(glob: str, name: str) -> None:
    pattern = compile_pattern(glob, "tags")
    assert not pattern.matches(name) or name.startswith(pattern.prefix)
    assert not pattern.is_literal or pattern.matches(name) == (name == glob)


@given(GLOBS)
def test_a_glob_is_the_sum_of_its_pieces(glob: str) -> None:
    assert "".join(glob_pieces(glob)) == glob


@pytest.mark.parametrize("text", ["", "~", "~(", None, 3])
def test_what_is_no_pattern(text: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"^tags: .*behind a ~|^tags: .*behind the ~"):
        compile_pattern(text, "tags")


def test_what_is_excluded_is_not_selected_whatever_includes_it() -> None:
    included, excluded = compile_patterns(["team/**", "app"], "a"), compile_patterns(["team/old*"], "b")
    names = ["team/app", "team/old-1", "app", "other"]
    assert [name for name in names if is_selected(name, included, excluded)] == ["team/app", "app"]
