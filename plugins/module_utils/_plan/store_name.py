# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The random name of a storage, by which a plan for another host with the same path is told from one for this.

The first run that changes a storage names it, after all else: until then its source is that of its own preview. The
file remembers that run's plan, which says of itself that the storage has no name.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from .plan import Plan

_CONTENT = re.compile(r"([0-9a-f]{32})\n(sha256:[0-9a-f]{64})\n")


class StoreName(NamedTuple):
    """The name, and the id of the plan with which it came."""

    name: str
    first_plan: str

    def content(self) -> str:
        """Return what is written of it."""
        return f"{self.name}\n{self.first_plan}\n"

    def source(self) -> dict[str, str]:
        """Return what it adds to the source of a plan."""
        return {"storage_id": self.name}


def read_store_name(content: bytes | None) -> StoreName | None:
    """Return the name in the file, None where there is none; a damaged file names nothing."""
    match = _CONTENT.fullmatch(content.decode("ascii", "replace")) if content else None
    return StoreName(match.group(1), match.group(2)) if match else None


def new_store_name(plan: Plan) -> StoreName:
    """Return a new name for the storage of which this is the first plan."""
    return StoreName(secrets.token_hex(16), plan.id)
