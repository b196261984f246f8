# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of tags: by time, by version, by name. Pure."""

from __future__ import annotations

import re
from typing import Any

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
# As people write it for Python and Java, without a hyphen: 1.2rc1, 1.2.0.dev3, 1.2.0.M1, 1.2.0.SNAPSHOT.
_WORDS = r"(?:a|alpha|b|beta|c|rc|cr|m|pre|preview|dev|snapshot)[0-9]*"
_VERSION = re.compile(
    rf"(?P<v>[vV])?(?P<numbers>[0-9]+(?:\.[0-9]+)*)"
    rf"(?:-(?P<pre>{_IDENTIFIERS})|\.?(?P<word>(?i:{_WORDS}))|\.?post(?P<post>[0-9]+))?(?:[+_]{_IDENTIFIERS})?"
)
# A commit id, and what `git describe` says of a commit after a version: no pre-release of it, and in no order.
_COMMIT = r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,40}"
_UNORDERED = re.compile(rf"(?:{_COMMIT}|[0-9]+-g[0-9a-f]{{7,40}})(?:[.-].*)?")
_CHUNKS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[Any, ...]:
    """Return a key under which `build-9` comes before `build-10`; distinct names have distinct keys."""
    chunks = _CHUNKS.split(name)
    return (
        *tuple((1, int(chunk), "") if index % 2 else (0, 0, chunk) for index, chunk in enumerate(chunks)),
        (2, 0, name),
    )


def version_key(name: str) -> tuple[Any, ...] | None:
    """Return the precedence of a tag that is a version, None for one that is not.

    `1.10` comes after `1.9`, a pre-release such as `1.2.0-rc1` before `1.2.0`, a post-release such as `1.2.0.post1`
    (PEP 440) after it. Build metadata, for which Helm writes `_` in place of `+`, does not matter, nor do a leading `v`
    and missing parts (Semantic Versioning 2.0.0, section 11). Unlike there numbers within an identifier are numbers:
    `rc2` comes before `rc10`.
    """
    match = _VERSION.fullmatch(name)
    if not match or not (match["v"] or "." in match["numbers"]) or _UNORDERED.fullmatch(match["pre"] or ""):
        return None
    numbers = [int(number) for number in match["numbers"].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if match["post"]:
        return (tuple(numbers), 2, int(match["post"]))
    before = match["pre"] or match["word"]
    if before:
        return (tuple(numbers), 0, tuple(map(_identifier_key, before.split("."))))
    return (tuple(numbers), 1, ())


def _identifier_key(identifier: str) -> tuple[Any, ...]:
    """Return the precedence of one identifier of a pre-release: numbers come before words."""
    if identifier.isdigit():
        return (0, int(identifier))
    chunks = _CHUNKS.split(identifier)
    return (1, *(int(chunk) if index % 2 else chunk for index, chunk in enumerate(chunks)))
