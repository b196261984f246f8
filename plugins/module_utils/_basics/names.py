# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What repositories and tags can be called, and whether a glob can match any such name. Pure.

A grammar is a small automaton: it says for each state which characters lead where.
"""

from __future__ import annotations

import string
from typing import Callable, Dict, Iterable, Mapping, NamedTuple

from .patterns import glob_pieces

# The shortest beginning of a name that leads to each state.
_Reached = Dict[str, int]
_START, _WORD, _UNDERSCORE, _DASH = "start", "word", "underscore", "dash"


class Grammar(NamedTuple):
    """What a kind of name looks like: `steps` by state and character; it may end in `ends` and is `longest` at most."""

    kind: str
    steps: Mapping[str, Mapping[str, str]]
    ends: frozenset[str]
    longest: int

    def has(self, name: str) -> bool:
        """Tell whether something can be called so."""
        return self._ends(self._read({_START: 0}, name))

    def has_any(self, glob: str) -> bool:
        """Tell whether the glob matches anything that can be called so."""
        reached: _Reached = {_START: 0}
        for piece in glob_pieces(glob):
            reached = self._match(reached, piece)
        return self._ends(reached)

    def _ends(self, reached: _Reached) -> bool:
        return any(state in self.ends and length <= self.longest for state, length in reached.items())

    def _match(self, reached: _Reached, piece: str) -> _Reached:
        """Return where a piece of a glob leads to (`_basics/patterns.py` has their meaning)."""
        if piece == "?":
            return self._step(reached, _is_no_slash)
        if piece == "*":
            return self._repeat(reached, _is_no_slash)
        if piece == "**":
            return self._repeat(reached, _is_any)
        if piece == "/**":
            return self._repeat(self._step(self._read(reached, "/"), _is_any), _is_any)
        if piece == "**/":
            return _shortest([reached, self._read(self._repeat(reached, _is_any), "/")])
        return self._read(reached, piece)

    def _read(self, reached: _Reached, text: str) -> _Reached:
        for character in text:
            reached = self._step(reached, character.__eq__)
        return reached

    def _step(self, reached: _Reached, is_meant: Callable[[str], bool]) -> _Reached:
        """Return where one character leads to that is meant."""
        return _shortest(
            {after: length + 1}
            for state, length in reached.items()
            for character, after in self.steps[state].items()
            if is_meant(character)
        )

    def _repeat(self, reached: _Reached, is_meant: Callable[[str], bool]) -> _Reached:
        """Return where any number of characters leads to that are meant."""
        while True:
            further = _shortest([reached, self._step(reached, is_meant)])
            if further == reached:
                return reached
            reached = further


class Names(NamedTuple):
    """What repositories and tags of a registry can be called; `shortest_id` is how long a whole digest is at least."""

    repository: Grammar
    tag: Grammar
    shortest_id: int


def _is_any(_character: str) -> bool:
    return True


def _is_no_slash(character: str) -> bool:
    return character != "/"


def _shortest(found: Iterable[_Reached]) -> _Reached:
    shortest: _Reached = {}
    for one in found:
        for state, length in one.items():
            shortest[state] = min(length, shortest.get(state, length))
    return shortest


def _to(state: str, characters: str) -> dict[str, str]:
    return dict.fromkeys(characters, state)


_ALPHANUMERIC = _to(_WORD, string.ascii_lowercase + string.digits)
# OCI distribution specification, "Pulling manifests": words of [a-z0-9]+ with one of `.`, `_`, `__`, `-+` or `/`
# between them. Distribution takes up to 255 characters (seen on 3.1.1).
_REPOSITORY = Grammar(
    "repository",
    {
        _START: _ALPHANUMERIC,
        _WORD: {**_ALPHANUMERIC, **_to(_START, "./"), **_to(_UNDERSCORE, "_"), **_to(_DASH, "-")},
        _UNDERSCORE: {**_ALPHANUMERIC, **_to(_START, "_")},
        _DASH: {**_ALPHANUMERIC, **_to(_DASH, "-")},
    },
    frozenset({_WORD}),
    255,
)
# The same place: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
_TAG_START = _to(_WORD, string.ascii_letters + string.digits + "_")
_TAG = Grammar("tag", {_START: _TAG_START, _WORD: {**_TAG_START, **_to(_WORD, ".-")}}, frozenset({_WORD}), 128)
# docker-registry 0.9.1 checks no name, it only parts its URLs at `/`; its clients sent what needs no quoting there.
_UNQUOTED = _to(_WORD, string.ascii_letters + string.digits + "-._~")
_V1_TAG = Grammar("tag", {_START: _UNQUOTED, _WORD: _UNQUOTED}, frozenset({_WORD}), 255)
_V1_REPOSITORY = Grammar("repository", {_START: _UNQUOTED, _WORD: {**_UNQUOTED, "/": _START}}, frozenset({_WORD}), 1000)

#: By the version of the registry's API.
NAMES = {"v2": Names(_REPOSITORY, _TAG, 64), "v1": Names(_V1_REPOSITORY, _V1_TAG, 16)}
