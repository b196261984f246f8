# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room on filesystems, and where on this host lies what finds none on a storage that is full.

Removing takes no room, but a lock and a plan do. Where nobody but this host can see a storage, they may as well lie on
another of its filesystems; a storage that other hosts may share has to have room for them, for those must see them.
Where the operating system does not let this be seen, OSError is raised.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from typing import Iterable, NamedTuple

#: What a write ends with where there is no room, be it the disk's or the user's part of it.
FULL = (errno.ENOSPC, errno.EDQUOT)
#: Where what finds no room lies, each by itself in a directory of its own. The second is there until the next boot.
ELSEWHERE = ("/var/lib/drydock-full", "/run/drydock-full")
# Of these no other host has the same, or it would be damaged by that already (proc(5), /proc/filesystems).
_LOCAL = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "tmpfs", "overlay"}
)
#: What this host itself lets others mount by NFS (exportfs(8)).
EXPORTS = "/var/lib/nfs/etab"
_MIB = 2**20


class Room(NamedTuple):
    """Room for so many bytes in so many files; `files` is None where a filesystem has no limit of them."""

    bytes: int
    files: int | None

    def plus(self, other: Room) -> Room:
        """Return room for both."""
        return Room(self.bytes + other.bytes, (self.files or 0) + (other.files or 0))

    def has(self, needed: Room) -> bool:
        """Tell whether that much fits."""
        return self.bytes >= needed.bytes and (self.files is None or needed.files is None or self.files >= needed.files)


#: What a lock takes, with all that is written into it while it is held, and blocks that are larger than most.
LOCK_ROOM = Room(256 * 1024, 32)


def room_of(path: str) -> Room:
    """Return what is free where `path` is, or where it would be; root may use what is reserved for it."""
    found = os.statvfs(innermost(path))
    free, files = found.f_bavail, found.f_favail
    if os.geteuid() == 0:
        # Of what is reserved, ext4 lets nobody have a small part (fs/ext4/super.c, ext4_calculate_resv_clusters).
        free = max(free, found.f_bfree - min(found.f_blocks // 50, 4096))
        files = found.f_ffree
    return Room(free * found.f_frsize, files if found.f_files else None)


def has_room(path: str, needed: Room = LOCK_ROOM) -> bool:
    """Tell whether that much fits where `path` is, or would be."""
    return room_of(path).has(needed)


def places_elsewhere(path: str) -> list[str]:
    """Return directories on other filesystems than that of `path`, for what belongs there and finds no room.

    None where other hosts may share it. They depend on nothing but the path and the mounts, so that all find the same.
    """
    path = os.path.realpath(path)
    if _filesystem_of(path) not in _LOCAL or _is_exported(path):
        return []
    own, name = os.stat(innermost(path)).st_dev, hashlib.sha256(path.encode()).hexdigest()[:16]
    return [os.path.join(one, name) for one in ELSEWHERE if os.stat(innermost(one)).st_dev != own]


def innermost(path: str) -> str:
    """Return the path, or the directory above it below which all is missing."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return innermost(os.path.dirname(path))
    return path


def remove_empty(path: str, levels: int) -> None:
    """Remove a directory and so many in all on the way up, as far as they are empty."""
    for _level in range(levels):
        try:
            os.rmdir(path)
        except OSError:
            return
        path = os.path.dirname(path)


def shortage(
    path: str, free: Room, needed: Room, advice: str = ", such as what lies in _uploads of a repository for days"
) -> str:
    """Return in words what is missing, and how to come by it."""
    missing = [f"{max(1, -(-(needed.bytes - free.bytes) // _MIB))} MiB"] if free.bytes < needed.bytes else []
    if free.files is not None and needed.files is not None and free.files < needed.files:
        missing.append(f"{needed.files - free.files} inodes")
    return (
        f"the filesystem of {path} is full ({_in_words(free)} free, {_in_words(needed)} needed): "
        f"free {' and '.join(missing)} there{advice}"
    )


def _in_words(room: Room) -> str:
    return f"{room.bytes // 1024} KiB{'' if room.files is None else f' and {room.files} inodes'}"


def _filesystem_of(path: str) -> str | None:
    """Return the type of the filesystem at a real path (proc(5), /proc/pid/mountinfo), None where that is not known."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return filesystem_in(file, path)
    except OSError:
        return None


def filesystem_in(mounts: Iterable[str], path: str) -> str | None:
    """Return the type of the filesystem at a path, by the lines of mountinfo: the innermost mount, the last of it."""
    best, found = -1, None
    for line in mounts:
        mount, _dash, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5:
            continue
        where = _unescaped(fields[4])
        if f"{path}/".startswith(f"{where}/") and len(where) >= best:
            best, found = len(where), source.split(" ")[0]
    return found


def _is_exported(path: str) -> bool:
    """Tell whether others may mount the path, something above it or something in it from here."""
    try:
        with open(EXPORTS, encoding="utf-8", errors="surrogateescape") as file:
            exported = [f"{_unescaped(line.split()[0])}/" for line in file if line.strip()]
    except OSError:
        return False
    return any(f"{path}/".startswith(one) or one.startswith(f"{path}/") for one in exported)


def _unescaped(path: str) -> str:
    """Return a path as the kernel's and exportfs's tables have it, with octal escapes, as it is."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path).rstrip("/")
