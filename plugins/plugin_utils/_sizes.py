# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, sizes and times as people read them. Pure."""

from __future__ import annotations


def describe_number(number: int, one: str, many: str) -> str:
    """Return how many there are, and of what: `1 tag`, `4 tags`."""
    return f"{number} {one if number == 1 else many}"


def describe_size(size: int) -> str:
    """Return a number of bytes in words: `3.9 kB`, with 1000 bytes to the kB."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def describe_time(seconds: float) -> str:
    """Return a time to come in words, roughly: `8 s`, `12 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
