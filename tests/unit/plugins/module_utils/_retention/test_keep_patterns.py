# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A keep pattern that matches a part of a tag that goes is told, with the one that would keep it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.keep_patterns import forgotten_wildcards
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision
from support.graphs import digest, settings


def told(keep: list[str], going: list[str], staying: list[str] | None = None, repository: str = "app") -> list[str]:
    policy = {"name": "p", "repositories": ["app"], "keep_n": 1, "keep_tags": keep}
    decisions = [Decision(Tag(name, digest(1), 1.0), False, "deleted") for name in going]
    decisions += [Decision(Tag(name, digest(1), 1.0), True, "kept") for name in staying or []]
    return forgotten_wildcards({repository: decisions}, settings(policies=[policy]))


@pytest.mark.parametrize(
    ("keep", "tag", "wider"),
    [
        ("stable", "stable-1", "stable*"),
        ("1.2", "1.2.3", "1.2*"),
        ("v", "v1", "v*"),
        ("rc?", "1.0-rc1", "*rc?"),
        ("lts", "1-lts-2", "*lts*"),
        (r"~v\d+\.\d+", "v1.2-alpine", r"~v\d+\.\d+.*"),
        ("1.2", "1.20", None),
        ("able", "stable", None),
        ("~()", "stable", None),
    ],
)
def test_what_is_told_would_keep_it(keep: str, tag: str, wider: str | None) -> None:
    said = [] if wider is None else [f"'{keep}' matches a part of app:{tag} ('{wider}' would keep it)"]
    assert [warning.partition(" in part: ")[2] for warning in told([keep], [tag])] == said
    assert wider is None or compile_pattern(wider, "keep_tags").matches(tag)


def test_of_what_stays_and_of_other_repositories_nothing_is_told() -> None:
    assert told(["stable"], [], ["stable-1"]) == []
    assert told(["stable"], ["stable-1"], repository="other") == []


def test_each_pattern_is_told_once_and_many_are_counted() -> None:
    words = [f"w{'x' * number}" for number in range(1, 9)]
    [warning] = told(words, [f"{word}-{number}" for word in words for number in range(3)])
    assert warning.startswith("p: keep_tags match whole names, and tags go that they match in part: 'wx' matches")
    assert warning.count(" matches a part of ") == 5
    assert warning.endswith("; and 3 more")


@given(st.text("ab1-.", min_size=1, max_size=4), st.text("ab1-.", min_size=1, max_size=6))
def test_a_word_that_is_told_is_a_whole_word_of_the_tag(keep: str, tag: str) -> None:
    for warning in told([keep], [tag]):
        assert keep in tag
        assert compile_pattern(warning.split("('")[1].partition("'")[0], "keep_tags").matches(tag)
