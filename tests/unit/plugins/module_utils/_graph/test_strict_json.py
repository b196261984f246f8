# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that anybody may have pushed: nothing but one error is raised, and what others read elsewhere is seen."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.strict_json import (
    NotUnderstoodError,
    find_digests,
    read_json,
    require_object,
)
from support.graphs import digest

FIELDS = frozenset({"layers", "config"})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


@given(values)
def test_ordinary_json_is_what_it_says(value: Any) -> None:
    found = read_json(json.dumps(value).encode())
    assert found == json.loads(json.dumps(value), parse_int=lambda text: int(text) if len(text) <= 20 else float(text))


@given(st.binary() | st.text().map(str.encode))
def test_whatever_was_pushed_raises_nothing_else(content: bytes) -> None:
    with contextlib.suppress(NotUnderstoodError):
        read_json(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"[NaN]", "not JSON"),
        (b"[Infinity]", "not JSON"),
        (b"\xff", "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_none_is_told_in_a_few_words(content: bytes, why: str) -> None:
    with pytest.raises(NotUnderstoodError, match=f"^{why}$"):
        read_json(content)


def test_a_number_of_a_million_digits_is_read_at_once() -> None:
    assert read_json(b"9" * 400) == float("inf")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"layers": [], "layers": []}', "a key twice"),
        ('{"layers": [], "Layers": []}', "a key twice"),
        ('{"LAYERS": []}', "a key in another case"),
        # Go folds the long s to s, and so does casefold.
        ('{"layer\u017f": []}', "a key in another case"),
        ("[]", "no object where there should be one"),
        ("null", "no object where there should be one"),
    ],
)
def test_what_another_may_read_elsewhere(content: str, why: str) -> None:
    with pytest.raises(NotUnderstoodError, match=f"^{why}$"):
        require_object(read_json(content.encode()), FIELDS)


def test_a_key_that_nobody_reads_may_be_written_as_it_likes() -> None:
    assert require_object(read_json(b'{"Other": 1, "layers": []}'), FIELDS) == {"Other": 1, "layers": []}


@given(st.sets(st.integers(1, 99).map(digest)), st.sampled_from(["{}", '{{"digest": "{}"}}', "\x00{}x"]), st.booleans())
def test_every_digest_is_found_however_it_is_written(wanted: set[str], around: str, is_escaped: bool) -> None:
    texts = ["".join(f"\\u{ord(one):04X}" for one in name) if is_escaped else name for name in wanted]
    content = " ".join(around.format(text) for text in texts).encode()
    assert find_digests(content) == tuple(sorted(wanted))
