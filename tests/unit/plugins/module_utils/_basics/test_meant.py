# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns that no name can match are refused, and what was probably meant is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.meant import check_possible
from ansible_collections.drydock.registry.plugins.module_utils._basics.names import NAMES, Grammar
from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern

V2 = NAMES["v2"]


def refusal(text: str, grammar: Grammar) -> str:
    """What is said of a pattern; empty where it is taken."""
    try:
        check_possible([compile_pattern(text, "patterns")], grammar)
    except InvalidOptionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("prod-[0-9]/**", "write '~prod-[0-9]/.+'"),
        ("{a,b}/**", "write 'a/**', 'b/**'"),
        ("^prod-x.*$", "write '~prod-x.*'"),
        (r"team-\d+/app", r"write '~team-\d+/app'"),
        ("(a|b)/app", "write '~(a|b)/app'"),
        ("prod-*/", "All below it is /**: write 'prod-*/**'"),
        ("/prod/**", "write 'prod/**'"),
        ("registry.example.com:5000/team/**", "host is not part of the name: write 'team/**'"),
        ("https://registry.example.com/team/", "write 'team/**'"),
        ("team-web, charts", "write 'team-web', 'charts'"),
        ("!charts", "exclude_repositories: write 'charts'"),
        ("team/app:latest", "Tags are not part of it: write 'team/app'"),
        ("team/app@sha256:*", "write 'team/app'"),
        (" team ", "write 'team'"),
        ("team//app", "A name is words of lower case letters"),
    ],
)
def test_what_was_probably_meant_by_a_repository(version: str, text: str, advice: str) -> None:
    said = refusal(text, NAMES[version].repository)
    assert said.startswith(f"patterns: {text!r} cannot be used, expected a pattern that the name of a repository can ")
    assert advice in said


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Prod-*/**", "Names are lower case: write 'prod-*/**'"),
        ("prod-.*", "write '~prod-.*'"),
        (".*", "write '~.*'"),
        ("https://Registry.example.com/Team/", "write 'team/**'"),
        ("_*", "A name is words of lower case letters"),
        ("a" * 256, "A name is words of lower case letters"),
    ],
)
def test_what_only_an_old_registry_may_have(text: str, advice: str) -> None:
    assert advice in refusal(text, V2.repository)
    assert "https" in text or not refusal(text, NAMES["v1"].repository)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("v1.[0-9]", r"write '~v1\.[0-9]'"),
        ("^v.*", "write '~v.*'"),
        ("{latest,stable}", "write 'latest', 'stable'"),
        ("latest, stable", "write 'latest', 'stable'"),
        ("!latest", "keep_tags: write 'latest'"),
        ("team/app:v1", "write 'v1'"),
        ("1.2.3+build*", "Helm"),
        ("v1/*", "A name is up to 128 letters"),
        (".*", "write '~.*'"),
        ("x" * 129, "A name is up to 128 letters"),
    ],
)
def test_what_was_probably_meant_by_a_tag(text: str, advice: str) -> None:
    assert advice in refusal(text, V2.tag)


@given(st.sampled_from([V2.repository, V2.tag]), st.text("aZ0*?[]{}(),^$\\.:/@!+ -_", min_size=1, max_size=12))
def test_what_is_advised_can_match(grammar: Grammar, text: str) -> None:
    assume(not text.startswith("~"))
    for advised in re.findall(r"'([^']*)'", refusal(text, grammar).partition(": write ")[2]):
        assert advised.startswith("~") or not refusal(advised, grammar)


@pytest.mark.parametrize("text", ["~Prod-.*", "~[A-Z]+", "~^x$"])
def test_a_regular_expression_is_left_to_what_it_finds(text: str) -> None:
    assert not refusal(text, V2.repository)
