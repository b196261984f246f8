# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globs that no name can match, and what was probably meant by them. Pure."""

from __future__ import annotations

import itertools
import re
from typing import Callable, Iterable, NamedTuple, Sequence

from .errors import InvalidOptionError
from .names import Grammar
from .patterns import Pattern, glob_to_regex

_BRACES = re.compile(r"\{([^{}]*)\}")
_BRACKETS = re.compile(r"(\[[^\]]*\][+*?]?)")
_REGEX_SIGNS = re.compile(r"\.[*+]|[\\^$|()]")
_SCHEME = re.compile(r"[a-zA-Z-]+://")
_HOST = re.compile(r"(?:[\w.-]*:\d+|localhost|[\w-]+(?:\.[\w-]+)+)/")
_TAG = re.compile(r"(?::[\w.*?-]+)?(?:@.*)?$")


class _Mistake(NamedTuple):
    """Something that people write: why it matches nothing, and what they would have to write."""

    why: str
    mend: Callable[[str], Sequence[str]]


def check_possible(patterns: Iterable[Pattern], grammar: Grammar) -> None:
    """Raise InvalidOptionError for the first glob that matches nothing that can be called so.

    It names the option, the pattern and what was probably meant. A regular expression is taken as it is.
    """
    for pattern in patterns:
        if not pattern.is_regex and not grammar.has_any(pattern.text):
            raise InvalidOptionError(
                pattern.option,
                pattern.text,
                f"a pattern that the name of a {grammar.kind} can match. {_advice(pattern.text, grammar)}",
            )


def _advice(text: str, grammar: Grammar) -> str:
    """Return what is wrong, and what to write instead where mending leads to something that can match."""
    meant = [text]
    reasons: list[str] = []
    for mistake in _MISTAKES[grammar.kind]:
        mended = [one for each in meant for one in mistake.mend(each)]
        if mended != meant:
            meant, reasons = mended, [*reasons, mistake.why]
        if all(_can_match(one, grammar) for one in meant):
            why = "; ".join(reasons)
            return f"{why[0].upper()}{why[1:]}: write " + ", ".join(f"'{one}'" for one in meant)
    return _NAMES[grammar.kind]


def _can_match(text: str, grammar: Grammar) -> bool:
    return text.startswith("~") or (bool(text) and grammar.has_any(text))


def _at_commas(text: str) -> list[str]:
    return [text] if _BRACES.search(text) else [one.strip() for one in text.split(",")]


def _alternatives(text: str) -> list[str]:
    """Write out what stands in braces."""
    parts = [part.split(",") if position % 2 else [part] for position, part in enumerate(_BRACES.split(text))]
    return ["".join(chosen) for chosen in itertools.islice(itertools.product(*parts), 8)]


def _as_regex(text: str) -> list[str]:
    if _REGEX_SIGNS.search(text):
        return ["~" + text.strip("^$")]
    if _BRACKETS.search(text):
        parts = _BRACKETS.split(text)
        found = (part if position % 2 else glob_to_regex(part) for position, part in enumerate(parts))
        return ["~" + "".join(found).replace(r"\-", "-")]
    return [text]


def _below(text: str) -> list[str]:
    return [text.rstrip("/") + "/**"] if text.endswith("/") and text.strip("/") else [text]


def _last_part(text: str) -> list[str]:
    last = re.split("[/:]", text)[-1]
    return [last if last.strip("*?") else text]


# In this order, for the first ones stand around what is behind them.
_MISTAKES = {
    "repository": (
        _Mistake("there are blanks around it", lambda text: [text.strip()]),
        _Mistake("each pattern is an entry of its own", _at_commas),
        _Mistake("what is left out stands in exclude_repositories", lambda text: [text.lstrip("!")]),
        _Mistake("a glob has no braces", _alternatives),
        _Mistake("a regular expression stands behind a ~ and matches the whole name", _as_regex),
        _Mistake("it is no URL", lambda text: [_SCHEME.sub("", text, count=1)]),
        _Mistake("the registry's host is not part of the name", lambda text: [_HOST.sub("", text, count=1)]),
        _Mistake("tags are not part of it", lambda text: [_TAG.sub("", text)]),
        _Mistake("it has a slash before it", lambda text: [text.lstrip("/")]),
        _Mistake("all below it is /**", _below),
        _Mistake("names are lower case", lambda text: [text.lower()]),
    ),
    "tag": (
        _Mistake("there are blanks around it", lambda text: [text.strip()]),
        _Mistake("each pattern is an entry of its own", _at_commas),
        _Mistake("what is left out stands in keep_tags", lambda text: [text.lstrip("!")]),
        _Mistake("a glob has no braces", _alternatives),
        _Mistake("a regular expression stands behind a ~ and matches the whole name", _as_regex),
        _Mistake("the repository is not part of it", _last_part),
        _Mistake("no tag has a +, which Helm writes as _", lambda text: [text.replace("+", "_")]),
    ),
}
_NAMES = {
    "repository": "A name is words of lower case letters and digits, with one of . _ __ - or / between them, "
    "such as team/app",
    "tag": "A name is up to 128 letters, digits and . _ -, and begins with none of . and -, such as v1.2",
}
