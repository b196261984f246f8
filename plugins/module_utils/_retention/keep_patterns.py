# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep patterns that match a part of a tag that goes: who wrote them may have forgotten a wildcard. Pure."""

from __future__ import annotations

from itertools import islice
from typing import Iterator, Mapping, NamedTuple, Sequence

from .._basics.patterns import Pattern
from .._basics.sentences import few
from .policy import Policy, Settings
from .rules import Decision

# So many times a pattern is held against a tag; it is only a hint.
_MOST_LOOKS = 1_000_000


class _Partial(NamedTuple):
    """A tag that goes and of which a pattern matches a part, and the pattern that would keep it."""

    tag: str
    wider: str


def forgotten_wildcards(decisions: Mapping[str, Sequence[Decision]], settings: Settings) -> list[str]:
    """Return a warning for each policy with such patterns in its `keep_tags`."""
    warnings = []
    for policy in settings.policies:
        found = _partial(policy, decisions)
        told = [f"'{text}' matches a part of {one.tag} ('{one.wider}' would keep it)" for text, one in found.items()]
        if told:
            warnings.append(
                f"{policy.name}: keep_tags match whole names, and tags go that they match in part: "
                f"{'; '.join(few(told))}"
            )
    return warnings


def _partial(policy: Policy, decisions: Mapping[str, Sequence[Decision]]) -> dict[str, _Partial]:
    """Return by pattern the first tag that goes and of which it matches a part."""
    left = list(policy.keep_tags)
    found: dict[str, _Partial] = {}
    for name, tag in islice(_going(policy, decisions), _MOST_LOOKS // max(len(left), 1)):
        if not left:
            break
        for pattern in left:
            wider = _wider(pattern, tag)
            if wider is not None:
                found[pattern.text] = _Partial(f"{name}:{tag}", wider)
        left = [pattern for pattern in left if pattern.text not in found]
    return found


def _going(policy: Policy, decisions: Mapping[str, Sequence[Decision]]) -> Iterator[Sequence[str]]:
    for name, decided in decisions.items():
        if policy.covers(name):
            yield from ((name, decision.tag.name) for decision in decided if not decision.is_kept)


def _wider(pattern: Pattern, tag: str) -> str | None:
    """Return the pattern that keeps the tag where this one matches a part of it, some words; None where it doesn't."""
    match = pattern.regex.search(tag)
    if match is None or not match.group() or not (_parts(tag, match.start()) and _parts(tag, match.end())):
        return None
    before, after = match.start() > 0, match.end() < len(tag)
    if pattern.is_regex:
        return "~" + ".*" * before + pattern.text[1:] + ".*" * after
    return "*" * before + pattern.text + "*" * after


def _parts(tag: str, position: int) -> bool:
    """Tell whether a word of the tag begins or ends here: a number is one, too."""
    if position in (0, len(tag)):
        return True
    before, after = tag[position - 1], tag[position]
    return _kind(before) != _kind(after) or not before.isalnum()


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "letter" if character.isalpha() else "other"
