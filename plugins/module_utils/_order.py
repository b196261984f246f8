# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of tags: by time, by version, by name. Pure."""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple

_VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)*)(?:[-_.+]?(.*))?")
_CHUNKS = re.compile(r"(\d+)")


def natural_key(name: str) -> Tuple[Any, ...]:
    """Return a key under which `build-9` comes before `build-10`; distinct names have distinct keys."""
    chunks = _CHUNKS.split(name)
    return (
        *tuple((1, int(chunk), "") if index % 2 else (0, 0, chunk) for index, chunk in enumerate(chunks)),
        (2, 0, name),
    )


def version_key(name: str) -> Optional[Tuple[Any, ...]]:
    """Return the precedence of a tag that is a version, None for one that is not.

    `1.10` comes after `1.9`, a pre-release such as `1.2.0-rc1` before `1.2.0` (Semantic Versioning 2.0.0, section 11);
    a leading `v` and missing parts do not matter.
    """
    match = _VERSION.fullmatch(name)
    if not match:
        return None
    numbers = [int(number) for number in match.group(1).split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    suffix = match.group(2)
    return (tuple(numbers), (0, natural_key(suffix)) if suffix else (1, ()))
