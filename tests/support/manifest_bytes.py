# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random bytes of manifests, sound and mutated, and what Go's encoding/json would read in them.

Written without the code under test: keys are matched whatever their case, and all of two are taken, for which of them
counts is left open here.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

from hypothesis import strategies as st

from support.graphs import digest, sha512

DIGESTS = [*map(digest, range(1, 20)), sha512(20), f"sha384:{21:096x}"]
TYPES = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json", "x/y", "", None, 7]
#: Unicode's long s is an `s` to Go, and its Kelvin sign a `k`.
CASES = {"s": "sS\u017f", "k": "kK\u212a"}
REFERENCES = ("config", "layers", "manifests", "subject")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(DIGESTS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "A", "digest"]), inner, max_size=3)
    ),
    max_leaves=4,
)


class Pairs(list[tuple[str, Any]]):
    """The members of an object in their order; a key may stand twice."""


@st.composite
def in_any_case(draw: st.DrawFn, name: str) -> str:
    return "".join(draw(st.sampled_from(CASES.get(letter, letter + letter.upper()))) for letter in name.lower())


@st.composite
def descriptors(draw: st.DrawFn) -> Any:
    """Mostly sound ones; else with another digest beside the first, or no descriptor at all."""
    oddity = draw(st.integers(0, 9))
    members: list[tuple[str, Any]] = [("mediaType", draw(st.sampled_from(TYPES))), ("size", 1)]
    members.append(("digest", draw(st.sampled_from(DIGESTS))))
    if oddity == 1:
        members.append((draw(st.just("digest") | in_any_case("digest")), draw(st.sampled_from(DIGESTS) | anything)))
    return draw(anything) if oddity == 0 else Pairs(draw(st.permutations(members)))


def values(field: str) -> st.SearchStrategy[Any]:
    return st.lists(descriptors(), max_size=3) if field in ("layers", "manifests") else descriptors()


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A manifest as JSON, as somebody may have pushed it: sound, and with a member or two that are odd."""
    is_index = draw(st.booleans())
    members: list[tuple[str, Any]] = [("schemaVersion", 2), ("mediaType", TYPES[is_index])]
    members += [(field, draw(values(field))) for field in (["manifests"] if is_index else ["config", "layers"])]
    odd = st.sampled_from(REFERENCES).flatmap(
        lambda field: st.tuples(st.just(field) | in_any_case(field), values(field))
    )
    members += draw(st.lists(odd, min_size=1, max_size=2)) if draw(st.integers(0, 3)) else []
    members += draw(st.just([]) | st.lists(st.tuples(st.sampled_from(["annotations", "x", "y"]), anything), max_size=1))
    return _dump(Pairs(draw(st.permutations(members))), draw).encode("utf-8", "surrogatepass")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Such bytes, with some of them changed, cut off or added."""
    content = bytearray(draw(texts()))
    for _number in range(draw(st.sampled_from([0, 0, 1, 3]))):
        place, length = draw(st.integers(0, len(content))), draw(st.integers(0, 5))
        content[place : place + length] = draw(st.binary(max_size=3) | st.sampled_from([b"[" * 3000, b'{"a":' * 3000]))
    return bytes(content)


def _dump(value: Any, draw: st.DrawFn) -> str:
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{_text(key, draw)}: {_dump(one, draw)}" for key, one in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_dump(one, draw) for one in value) + "]"
    return _text(value, draw) if isinstance(value, str) else json.dumps(value)


def _text(text: str, draw: st.DrawFn) -> str:
    """A JSON text; any character of it may be escaped."""
    if draw(st.integers(0, 29)) or not text:
        return json.dumps(text, ensure_ascii=draw(st.booleans()))
    place = draw(st.integers(0, len(text) - 1))
    parts = [json.dumps(part)[1:-1] for part in (text[:place], text[place + 1 :])]
    return f'"{parts[0]}\\u{min(ord(text[place]), 0xFFFF):04x}{parts[1]}"'


def read_by_go(content: bytes) -> set[str] | None:
    """Every digest to which a reader in Go may take the manifest to refer; None where none can read it."""
    try:
        data = json.loads(content.decode(), object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return None
    return {
        found
        for field in REFERENCES
        for value in _members(data, field)
        for one in (value if isinstance(value, list) and not isinstance(value, Pairs) else [value])
        for found in _members(one, "digest")
        if isinstance(found, str) and found in DIGESTS
    }


def _members(value: Any, name: str) -> Iterator[Any]:
    for key, member in value if isinstance(value, Pairs) else ():
        if key.replace("\u017f", "s").replace("\u212a", "k").lower() == name.lower():
            yield member
