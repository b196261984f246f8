# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading files and directories without leaving a trace, and without following a symbolic link.

What is not there is never an error. Everything else that the operating system answers is one, StorageError: whoever may
not look does not know what is there.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import Iterator

from .._basics.errors import DoubtError, FullError, StorageError
from .base import Listing
from .room import FULL

#: What the operating system says of something that is not there.
GONE = (errno.ENOENT, errno.ENOTDIR)
# Without waiting: a pipe that takes the place of a file at this very moment has nobody to write into it.
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def open_directory(path: str, parent: int, where: str) -> int | None:
    """Open a directory below an open one, None where it does not exist; `where` is its path for errors."""
    try:
        return _open(path, _READING | os.O_DIRECTORY, parent)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise symlink(where) if os.path.islink(where) else not_a_directory(where) from error
        raise unreadable(where, error) from error


def list_directory(directory: int, where: str) -> Listing:
    """Return the names in an open directory."""
    try:
        with os.scandir(directory) as found:
            entries = list(found)
        directories = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        return Listing(directories, _names_of_files(entries, where) if len(directories) < len(entries) else [])
    except OSError as error:
        raise unreadable(where, error) from error


def _names_of_files(entries: list[os.DirEntry[str]], where: str) -> list[str]:
    for entry in entries:
        if entry.is_symlink():
            raise symlink(f"{where}/{entry.name}")
    return [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]


def read_file(path: str, parent: int, limit: int, where: str) -> tuple[bytes, float] | None:
    """Return at most `limit` bytes of a file below an open directory, and its time; None where it does not exist.

    Raises DoubtError for what is no regular file, and does not open it: a pipe would wait for a writer, and a device
    may do anything.
    """
    try:
        mode = os.stat(path, dir_fd=parent, follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode):
            raise not_a_file(where, mode)
        descriptor = _open(path, _READING, parent)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise symlink(where) if error.errno == errno.ELOOP else unreadable(where, error) from error
    try:
        found = os.fstat(descriptor)
        return _read_whole(descriptor, min(limit, found.st_size)), found.st_mtime
    except OSError as error:
        raise unreadable(where, error) from error
    finally:
        os.close(descriptor)


def stat_directory(path: str, parent: int, where: str) -> os.stat_result | None:
    """Return the status of a directory below an open one, None where it does not exist."""
    try:
        found = os.stat(path, dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise unreadable(where, error) from error
    if stat.S_ISLNK(found.st_mode):
        raise symlink(os.path.dirname(where))
    return found


def is_there(path: str) -> bool:
    """Tell whether anything has this path, be it a link that leads nowhere."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno in GONE:
            return False
        raise unreadable(path, error) from error
    return True


def is_directory(path: str) -> bool:
    """Tell whether there is a directory at the path, or where a link there leads to."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        if error.errno in GONE:
            return False
        raise unreadable(path, error) from error


@contextmanager
def telling(path: str, what: str) -> Iterator[None]:
    """Raise StorageError, or FullError, in place of an OSError: that the path could not be `what`."""
    try:
        yield
    except OSError as error:
        kind = FullError if error.errno in FULL else StorageError
        raise kind(f"{path} could not be {what}: {error.strerror}") from error


def unreadable(path: str, error: OSError) -> StorageError:
    return StorageError(f"{path} could not be read: {error.strerror}; nothing was changed")


def symlink(path: str) -> DoubtError:
    return DoubtError(
        f"{path} is a symbolic link, which no registry writes and which is never followed; "
        "replace it by what it points to, or mount that there"
    )


def not_a_directory(path: str) -> DoubtError:
    return DoubtError(f"{path} is not a directory, which is what a registry has there")


def not_a_file(path: str, mode: int) -> DoubtError:
    if stat.S_ISLNK(mode):
        return symlink(path)
    return DoubtError(f"{path} is not a regular file, which is what a registry has there; nothing was changed")


def _open(path: str, flags: int, parent: int) -> int:
    """Open without changing the time of the last access where this user may do that (open(2), O_NOATIME)."""
    try:
        return os.open(path, flags | os.O_NOATIME, dir_fd=parent)
    except PermissionError:
        return os.open(path, flags, dir_fd=parent)


def _read_whole(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            break
        data += more
    return data
