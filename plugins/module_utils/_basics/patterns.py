# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns for repository and tag names: globs, and regular expressions behind a leading `~`."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple, Sequence
from typing import Pattern as Regex

from .errors import InvalidOptionError

_WILDCARDS = re.compile(r"/\*\*$|\*\*/|\*\*|\*|\?")
_MEANING = {"/**": "/.+", "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Pattern(NamedTuple):
    """A compiled pattern with the text that the user wrote, and the option where it stands."""

    text: str
    regex: Regex[str]
    option: str

    @property
    def is_regex(self) -> bool:
        """Tell whether it is a regular expression; otherwise it is a glob."""
        return self.text.startswith("~")

    @property
    def is_literal(self) -> bool:
        """Tell whether the pattern is a name: nothing but itself matches."""
        return not self.is_regex and _WILDCARDS.search(self.text) is None

    @property
    def prefix(self) -> str:
        """Return the text with which every name that it matches begins; empty where that is not known."""
        if self.is_regex:
            return ""
        wildcard = _WILDCARDS.search(self.text)
        return self.text[: wildcard.start()] if wildcard else self.text

    def matches(self, name: str) -> bool:
        """Tell whether the whole of `name` matches."""
        return self.regex.fullmatch(name) is not None


def compile_pattern(text: str, option: str) -> Pattern:
    """Compile a glob (`*` stops at `/`, `**` does not) or, behind a leading `~`, a regular expression.

    Raises InvalidOptionError, naming `option`, where the pattern is empty or not a regular expression.
    """
    if not isinstance(text, str) or text in ("", "~"):
        raise InvalidOptionError(option, text, "a glob such as team-*/** or a regular expression behind a ~")
    source = text[1:] if text.startswith("~") else glob_to_regex(text)
    try:
        return Pattern(text, re.compile(source), option)
    except re.error as error:
        raise InvalidOptionError(option, text, f"a regular expression behind the ~ ({error})") from error


def compile_patterns(texts: Iterable[str], option: str) -> list[Pattern]:
    """Compile every pattern of a list option."""
    return [compile_pattern(text, option) for text in texts]


def matches_any(patterns: Sequence[Pattern], name: str) -> bool:
    """Tell whether one of the patterns matches the whole of `name`."""
    return any(pattern.matches(name) for pattern in patterns)


def is_selected(name: str, included: Sequence[Pattern], excluded: Sequence[Pattern]) -> bool:
    """Tell whether `name` is matched by `included` and not by `excluded`."""
    return matches_any(included, name) and not matches_any(excluded, name)


def glob_to_regex(glob: str) -> str:
    """Return the source of the regular expression that matches what the glob does."""
    return "".join(_MEANING.get(piece) or re.escape(piece) for piece in glob_pieces(glob))


def glob_pieces(glob: str) -> Iterator[str]:
    """Yield the glob in pieces: its wildcards, and what stands between them as it is."""
    position = 0
    for wildcard in _WILDCARDS.finditer(glob):
        if position < wildcard.start():
            yield glob[position : wildcard.start()]
        yield wildcard.group()
        position = wildcard.end()
    if position < len(glob):
        yield glob[position:]
