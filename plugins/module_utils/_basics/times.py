# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How results show a time, and which numbers can be one. Pure."""

from __future__ import annotations

import datetime

# In seconds since the epoch, the year 6325: what is later is no time of this world.
_LATEST = 2**37


def iso(seconds: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in UTC, to the second: such texts sort as their times do."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_seconds(value: object) -> float | None:
    """Return a number in a file as seconds since the epoch; None for what is none, or no time of this world."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _LATEST:
        return None
    return float(value)
