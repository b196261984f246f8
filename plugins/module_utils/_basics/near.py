# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was probably meant by a pattern that matches nothing: one near it that does. Pure.

The work for a pattern does not grow with the number of names, except for regular expressions.
"""

from __future__ import annotations

import string
from bisect import bisect_left
from functools import cached_property
from typing import Callable, Iterable, Iterator

from .errors import InvalidOptionError
from .patterns import Pattern, compile_pattern

# In shorter words another letter makes another word.
_SHORTEST_TYPO = 5
_LETTERS = f"{string.ascii_lowercase}-_./"
_DIGITS = frozenset(string.digits)
# What is near is looked for so many of the patterns that are held against every name, for they have no beginning, and
# so many of the others, each of which can be mistyped in thousands of ways.
_MOST_SCANNED = 30
_MOST_MISTYPED = 300


class KnownNames:
    """Names of repositories, or of tags, in which patterns are looked up."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names: set[str] = set(names)
        self._scanned = 0
        self._mistyped = 0

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.names)

    @cached_property
    def _above(self) -> set[str]:
        """Return what stands before a slash in any name."""
        return {name[:at] for name in self.names for at, character in enumerate(name) if character == "/"}

    @cached_property
    def _last_parts(self) -> set[str]:
        return {name.rpartition("/")[2] for name in self.names if "/" in name}

    @cached_property
    def _by_lower_case(self) -> dict[str, str]:
        return {name.lower(): name for name in self._sorted}

    def matching(self, pattern: Pattern) -> Iterator[str]:
        """Yield the names that the pattern matches."""
        if pattern.is_literal:
            return iter({pattern.text} & self.names)
        return filter(pattern.regex.fullmatch, self._beginning(pattern.prefix) if pattern.prefix else self.names)

    def matches(self, pattern: Pattern) -> bool:
        """Tell whether the pattern matches any name."""
        return next(self.matching(pattern), None) is not None

    def near_repository(self, pattern: Pattern) -> str | None:
        """Return in words what was probably meant by a pattern for repositories, None where nothing is near."""
        return self._near(pattern, _other_repositories)

    def near_tag(self, pattern: Pattern) -> str | None:
        """Return the same of a pattern for tags."""
        return self._near(pattern, _other_tags)

    def _near(self, pattern: Pattern, others: Callable[[str], Iterator[str]]) -> str | None:
        if pattern.prefix:
            return self._first(self._other_globs(pattern, others))
        self._scanned += 1
        if self._scanned > _MOST_SCANNED:
            return None
        return self._first(_other_regexes(pattern.text[1:]) if pattern.is_regex else others(pattern.text))

    def _first(self, texts: Iterator[str]) -> str | None:
        return next(filter(None, map(self._describe, texts)), None)

    def _other_globs(self, pattern: Pattern, others: Callable[[str], Iterator[str]]) -> Iterator[str]:
        text, prefix = pattern.text, pattern.prefix
        yield from others(text)
        if text in self._last_parts:
            yield f"**/{text}"
        if text.lower() in self._by_lower_case:
            yield self._by_lower_case[text.lower()]
        self._mistyped += 1
        for typed in _mistyped(prefix) if self._mistyped <= _MOST_MISTYPED else ():
            rest = text[len(prefix) :]
            if rest and self._begins(typed):
                yield typed + rest
            elif not rest and typed in self.names:
                yield typed
            elif not rest and typed in self._above:
                yield f"{typed}/**"

    def _describe(self, text: str) -> str | None:
        """Return in words what a pattern would match."""
        try:
            found = list(self.matching(compile_pattern(text, "")))
        except InvalidOptionError:
            return None
        if not found:
            return None
        return f"'{text}' would match {len(found)}" + (f", such as {min(found)}" if found != [text] else "")

    def _begins(self, prefix: str) -> bool:
        position = bisect_left(self._sorted, prefix)
        return position < len(self._sorted) and self._sorted[position].startswith(prefix)

    def _beginning(self, prefix: str) -> Iterator[str]:
        for position in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            name = self._sorted[position]
            if not name.startswith(prefix):
                return
            yield name


def _other_repositories(text: str) -> Iterator[str]:
    """Yield what people mean by a glob for repositories, the likeliest first."""
    first, slash, rest = text.partition("/")
    is_host = "." in first or first == "localhost"
    if slash and (is_host or (first == "library" and rest.strip("*?/"))):
        yield rest
        yield f"{rest}/**"
    above = text[: -len("/**")] if text.endswith("/**") else text[: -len("/*")] if text.endswith("/*") else text
    yield f"{above}/**"
    if above != text:
        yield above
    if not slash:
        yield f"library/{text}"
    if above[-1:].isalnum():
        yield f"{above}-*/**"
        yield f"{above}-*"


def _other_tags(text: str) -> Iterator[str]:
    """Yield what people mean by a glob for tags."""
    yield text[1:] if text[:1] == "v" and text[1:2].isdigit() else f"v{text}"
    yield text.lower()
    yield f"{text}*" if not text.endswith("*") else text
    yield f"*{text}" if not text.startswith("*") else text


def _other_regexes(source: str) -> Iterator[str]:
    """Yield what people mean by a regular expression who think that a part of the name is enough."""
    source = source.strip("^$")
    source = f"(?:{source})" if "|" in source else source
    yield f"~{source}/.+"
    yield f"~{source}.*"
    yield f"~.*{source}.*"
    yield f"~(?i:{source})"


def near_words(text: str) -> Iterator[str]:
    """Yield the names, of a tag or of a repository, that may have been meant by one."""
    yield text[1:] if text[:1] == "v" else f"v{text}"
    yield text.lower()
    yield from _mistyped(text)


def _mistyped(text: str) -> Iterator[str]:
    """Yield all that may have been meant by a text in which one letter is wrong, missing, too many, or changed places.

    Nothing is beside a digit: who has `node-1` also has `node-2`, and 1.2 is not 1.20.
    """
    if len(text) < _SHORTEST_TYPO:
        return
    for at, character in enumerate(text):
        before, after = text[:at], text[at + 1 :]
        if not _DIGITS.intersection(text[max(at - 1, 0) : at + 1]):
            yield from (before + letter + text[at:] for letter in _LETTERS)
        if not _DIGITS.intersection(text[max(at - 1, 0) : at + 2]):
            yield before + after
            yield from (before + letter + after for letter in _LETTERS)
            yield before + after[:1] + character + after[1:]
    if text[-1] not in _DIGITS:
        yield from (text + letter for letter in _LETTERS)
