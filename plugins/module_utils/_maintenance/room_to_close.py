# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is room for what closing a registry writes on this host. Putting it back takes none."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Mapping

from .._basics.errors import MaintenanceError
from .._storage.room import Room, innermost, room_of, shortage

# Blocks and inodes beside those of the files.
_MORE = 4


def require_room(sizes: Mapping[str, int]) -> None:
    """Raise MaintenanceError unless files of these sizes (bytes), by their paths, fit beside all that is there."""
    by_filesystem: dict[int, dict[str, int]] = {}
    for path, size in sizes.items():
        # What can't be looked at, the closing itself tells of before it changes anything.
        with suppress(OSError):
            by_filesystem.setdefault(_filesystem_of(path), {})[path] = size
    for found in by_filesystem.values():
        with suppress(OSError):
            _require_on_one(found)


def _filesystem_of(path: str) -> int:
    return os.stat(innermost(os.path.dirname(path))).st_dev


def _require_on_one(sizes: Mapping[str, int]) -> None:
    directory = os.path.dirname(max(sizes, key=lambda path: sizes[path]))
    found = os.statvfs(innermost(directory))
    # In a read-only directory a file, mounted by itself, is written in its place, and so elsewhere.
    is_read_only = bool(found.f_flag & os.ST_RDONLY)
    free, needed = room_of(directory), room_for(list(sizes.values()), found.f_frsize)
    if not is_read_only and not free.has(needed):
        missing = shortage(directory, free, needed, "")
        raise MaintenanceError(f"{missing}. So the registry was not closed, and nothing was changed or deleted")


def room_for(sizes: list[int], block: int) -> Room:
    """Return what files of these sizes take, in blocks of so many bytes.

    And some more for directories, and for what `room_of` does not know to the block (what ext4 holds back).
    """
    return Room(sum(-(-size // block) * block for size in sizes) + _MORE * block, len(sizes) + _MORE)
