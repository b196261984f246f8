# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan named and what is left alone, as plain data."""

from __future__ import annotations

from typing import NamedTuple


class Drift(NamedTuple):
    """Something that a plan named and that is left alone, because it changed since the plan was made."""

    repository: str | None
    kind: str
    name: str
    why: str
