# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tag `latest` goes: to a registry it is a name like any other, to people it is what must stay. Pure."""

from __future__ import annotations

from typing import Container, Mapping, Sequence

from .._basics.sentences import few
from .rules import Decision

_NAME = "latest"


def latest_goes(decisions: Mapping[str, Sequence[Decision]], broken: Mapping[str, Container[str]]) -> list[str]:
    """Return a warning where policies let a tag of this name go, unless it is broken; nothing where none does."""
    found = [
        f"{name}:{_NAME}"
        for name, decided in decisions.items()
        for decision in decided
        if decision.tag.name == _NAME and not decision.is_kept and _NAME not in broken.get(name, ())
    ]
    if not found:
        return []
    names = ", ".join(few(found))
    how = f"to keep it, give the policy keep_tags: [{_NAME}]"
    return [f"a policy deletes {names}: to its rules the name says nothing, only times and versions count; {how}"]
