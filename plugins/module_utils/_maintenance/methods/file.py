# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file as a whole: bytes, owner, mode and extended attributes (an SELinux context is one), read and put back."""

from __future__ import annotations

import base64
import errno
import os
import stat
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from ..._basics.durable import replacing
from ..._basics.errors import MaintenanceError

# A mount point can't be renamed over (EBUSY); a directory may be read-only or on another device than the file.
_NO_RENAME = frozenset({errno.EBUSY, errno.EXDEV, errno.EROFS, errno.EACCES, errno.EPERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileState(NamedTuple):
    """Everything about a file that is put back."""

    content: bytes
    mode: int
    uid: int
    gid: int
    attributes: Mapping[str, bytes]


def read_file(path: str) -> FileState:
    try:
        with Path(path).open("rb") as file:
            found = os.fstat(file.fileno())
            return FileState(
                file.read(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, _attributes(file.fileno())
            )
    except OSError as error:
        raise MaintenanceError(f"{path} can't be read: {error.strerror}") from error


def state_to_json(state: FileState) -> dict[str, Any]:
    attributes = {name: base64.b64encode(value).decode() for name, value in state.attributes.items()}
    content = base64.b64encode(state.content).decode()
    return {**state._asdict(), "content": content, "attributes": attributes}


def state_from_json(data: Mapping[str, Any]) -> FileState:
    attributes = {name: base64.b64decode(value) for name, value in data["attributes"].items()}
    return FileState(base64.b64decode(data["content"]), data["mode"], data["uid"], data["gid"], attributes)


def new_file(content: bytes = b"") -> FileState:
    """Return what a file that is not there yet is to be: readable by all, written by whoever runs this."""
    return FileState(content, 0o644, os.geteuid(), os.getegid(), {})


def write_file(path: str, state: FileState, in_place: bool) -> None:
    """Make the file be `state`, by an atomic replacement where possible and wanted, and on disk when this returns.

    `in_place` keeps the inode, which a container with a bind mount of the single file goes on reading.
    """
    try:
        if in_place or _has_other_names(path) or not _replace(path, state):
            _overwrite(path, state)
    except OSError as error:
        raise MaintenanceError(f"{path} can't be written: {error.strerror}") from error


def _has_other_names(path: str) -> bool:
    try:
        return os.lstat(path).st_nlink > 1
    except FileNotFoundError:
        return False


def _replace(path: str, state: FileState) -> bool:
    """Write beside the file and rename over it; False where that can't be done here."""
    try:
        with replacing(path) as file:
            _fill(file.fileno(), state)
    except OSError as error:
        if error.errno in _NO_RENAME or (error.errno in _FULL and _has_room(path, state)):
            return False
        raise
    return True


def _has_room(path: str, state: FileState) -> bool:
    """Tell whether the file itself is large enough, as one that is put back: a full disk keeps nothing closed."""
    return os.path.exists(path) and os.stat(path).st_size >= len(state.content)


def _overwrite(path: str, state: FileState) -> None:
    """Write into the file: a crash in the middle leaves a torn one, which `restored` mends from its record."""
    with Path(path).open("r+b") as file:
        _fill(file.fileno(), state)


def _fill(descriptor: int, state: FileState) -> None:
    """Set the owner before the mode, for chown clears set-id bits; the content last, when nobody else can read it."""
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (state.uid, state.gid):
        os.fchown(descriptor, state.uid, state.gid)
    if stat.S_IMODE(found.st_mode) != state.mode:
        os.fchmod(descriptor, state.mode)
    _set_attributes(descriptor, state.attributes)
    left = memoryview(state.content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    while left:
        left = left[os.write(descriptor, left) :]
    os.ftruncate(descriptor, len(state.content))
    os.fsync(descriptor)


def _attributes(descriptor: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError:  # a file system without them
        return {}


def _set_attributes(descriptor: int, wanted: Mapping[str, bytes]) -> None:
    found = _attributes(descriptor)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(descriptor, name, value)
