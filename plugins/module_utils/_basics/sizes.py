# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write them in options (`50GB`, `10GiB`, `1048576`) and read them (`3.9 kB`)."""

from __future__ import annotations

import re
from fractions import Fraction

from .errors import InvalidOptionError

_PREFIXES = ("", "K", "M", "G", "T", "P")
_BYTES = {
    **{f"{prefix}B": 1000**power for power, prefix in enumerate(_PREFIXES)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate(_PREFIXES) if prefix},
    "kB": 1000,
    "": 1,
}
_WHOLE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([a-zA-Z]*)")


def parse_optional_size(text: str | None, option: str) -> int | None:
    """Return the bytes that `text` stands for, None where the option is not set.

    `option` names the option in the InvalidOptionError that an unreadable size raises.
    """
    if text is None:
        return None
    match = _WHOLE.fullmatch(str(text).strip())
    if match is None or match.group(2) not in _BYTES:
        raise InvalidOptionError(option, text, "a size in bytes such as 50GB, 10GiB, 500MB or 1048576")
    return int(Fraction(match.group(1)) * _BYTES[match.group(2)])


def describe_size(size: int) -> str:
    """Return a number of bytes in words: `3.9 kB`, with 1000 bytes to the kB."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
