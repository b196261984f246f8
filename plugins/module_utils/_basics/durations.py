# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them in options: `30d`, `1h30m`, `0s`."""

from __future__ import annotations

import re

from .errors import InvalidOptionError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# More digits than any age has are a slip of the finger, and in the end too many for a date.
_PART = re.compile(r"([0-9]{1,8})([smhdw])")
_MONTHS = re.compile(r"([0-9]{1,6})M")
_WHOLE = re.compile(r"(?:[0-9]{1,8}[smhdw])+|0")


def parse_duration(text: str, option: str) -> float:
    """Return the seconds that `text` stands for.

    `option` names the option in the InvalidOptionError that an unreadable duration raises.
    """
    cleaned = str(text).strip()
    if not _WHOLE.fullmatch(cleaned):
        raise InvalidOptionError(option, text, f"a duration such as {_advice(cleaned)} (units: s, m, h, d, w)")
    return float(sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(cleaned)))


def _advice(text: str) -> str:
    """Return what was perhaps meant. In other tools a capital M stands for months."""
    months = _MONTHS.fullmatch(text)
    if months:
        return f"{30 * int(months.group(1))}d for months, or {months.group(1)}m for minutes"
    lower = text.lower()
    return lower if _WHOLE.fullmatch(lower) else "30d, 12h, 1h30m or 0s"


def parse_optional_duration(text: str | None, option: str) -> float | None:
    """Return the seconds of `text`, or None where the option is not set."""
    return None if text is None else parse_duration(text, option)


def describe_duration(seconds: float) -> str:
    """Return `seconds` in the largest units that say it exactly: 2592000 is `30d`, 5400 is `1h30m`."""
    left, words = int(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _SECONDS[unit])
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"
