# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be called so, and whether a glob can match any such name: as the OCI distribution specification says."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.names import NAMES, Grammar
from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern

# The grammars of the OCI distribution specification as it writes them.
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"(?=.{{1,255}}$){PART}(?:/{PART})*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


V2 = NAMES["v2"]


SPECIFIED = [(V2.repository, REPOSITORY), (V2.tag, TAG)]
WILDCARDS = ["*", "**", "?", "/**", "**/"]
globs = st.lists(st.sampled_from([*WILDCARDS, *"ab0A._-/", "--", "__"]), min_size=1, max_size=7).map("".join)
either = st.sampled_from(SPECIFIED)
# Enough for what each wildcard of a short glob may have to stand for.
FILLINGS = ["", "a", "_", "a/a"]


words = st.text(string.ascii_lowercase + string.digits, min_size=1)
separators = st.sampled_from([".", "_", "__", "-", "---", "/"])
repositories = st.lists(st.tuples(words, separators), max_size=5).flatmap(
    lambda parts: words.map(lambda last: "".join(f"{word}{separator}" for word, separator in parts) + last)
)
tags = st.from_regex(TAG, fullmatch=True, alphabet=string.ascii_letters + string.digits + "._-")
kinds = (V2.repository, REPOSITORY, repositories), (V2.tag, TAG, tags)


@pytest.mark.parametrize(("grammar", "specified", "names"), kinds)
@given(data=st.data())
def test_a_legal_name_is_always_possible(
    grammar: Grammar, specified: re.Pattern[str], names: st.SearchStrategy[str], data: st.DataObject
) -> None:
    name = data.draw(names)
    assume(specified.fullmatch(name))
    assert grammar.has(name)
    assert grammar.has_any(name)


def test_the_longest_names() -> None:
    assert [V2.repository.has("a" * length) for length in (255, 256)] == [True, False]
    assert [V2.tag.has("A" * length) for length in (128, 129)] == [True, False]


@given(either, st.text("abzAZ019._-/: ", max_size=12))
def test_a_name_is_legal_where_the_specification_says_so(kind: tuple[Grammar, re.Pattern[str]], name: str) -> None:
    grammar, specified = kind
    assert grammar.has(name) == (specified.fullmatch(name) is not None)


@given(either, globs, st.data())
def test_a_glob_that_matches_a_legal_name_is_always_possible(
    kind: tuple[Grammar, re.Pattern[str]], glob: str, data: st.DataObject
) -> None:
    grammar, specified = kind
    pattern = compile_pattern(glob, "patterns")
    assume(not pattern.is_regex)
    name = data.draw(st.from_regex(pattern.regex, fullmatch=True, alphabet="ab0A._-/"))
    if specified.fullmatch(name):
        assert grammar.has_any(glob)


@given(either, globs)
def test_a_possible_glob_matches_a_legal_name(kind: tuple[Grammar, re.Pattern[str]], glob: str) -> None:
    grammar, specified = kind
    if not grammar.has_any(glob):
        return
    names = [""]
    for piece in re.split(r"(/\*\*$|\*\*/|\*\*|\*|\?)", glob):
        fillings = {
            "/**": [f"/{one}" for one in FILLINGS],
            "**/": ["", *(f"{one}/" for one in FILLINGS)],
            "**": FILLINGS,
            "*": FILLINGS[:-1],
            "?": FILLINGS[1:-1],
        }.get(piece, [piece])
        names = [name + one for name in names for one in fillings]
    pattern = compile_pattern(glob, "patterns")
    assert any(specified.fullmatch(name) and pattern.matches(name) for name in names)
