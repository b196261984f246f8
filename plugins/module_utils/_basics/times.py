# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How results show a time. Pure."""

from __future__ import annotations

import datetime


def iso(seconds: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in UTC, to the second: such texts sort as their times do."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
