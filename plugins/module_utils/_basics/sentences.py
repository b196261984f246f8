# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a message names many things, and counts them. Pure."""

from __future__ import annotations

from typing import Sequence


def few(names: Sequence[str], most: int = 5) -> list[str]:
    """Return the names, or the first `most` of them and in words how many more there are."""
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return [*names[:most], *more]


def counted(number: int, noun: str) -> str:
    """Return `1 tag`, `2 tags`, `2 empty repositories`, `1 piece of debris` for the noun in the singular."""
    if number == 1:
        return f"1 {noun}"
    head, of, rest = noun.partition(" of ")
    plural = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return f"{number} {plural}{of}{rest}"
