# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a lock, and how they lie in a directory, on whatever file system the storage is on, NFS too.

It is made beside its place with all that belongs into it and renamed there: a rename onto a directory that is not empty
fails (rename(2)), so of several only one gets the place, and a lock without a holder is never seen. It goes by a
rename, too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
from abc import ABC, abstractmethod
from typing import Any, Iterator, Mapping, Sequence

from .._basics.durable import write_durably
from .._basics.errors import MaintenanceError
from .room import FULL, LOCK_ROOM, has_room, innermost, places_elsewhere, remove_empty, room_of, shortage

_ENDING = ".json"
_LARGEST = 65536
_LOST = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOENT)
#: What is in a lock: the name of each file, without its ending, and the object in it ({} where it is damaged).
Files = Mapping[str, Mapping[str, Any]]


class LockFiles(ABC):
    """Small JSON objects by their names, which appear together and go together.

    `path` is where the lock lies, for people. Every method raises MaintenanceError where the storage does not let it.
    """

    path: str

    @abstractmethod
    def read(self) -> Files | None:
        """Return what is in the lock, None where there is none."""

    @abstractmethod
    def make(self, files: Files) -> None:
        """Try to be the one that makes the lock; whether it was this one, `read` tells."""

    @abstractmethod
    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Put a file into the lock, whole and durable when this returns; nothing where the lock has gone."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take a file out of the lock, if it is there."""

    @abstractmethod
    def take_away(self, name: str, expected: Mapping[str, Any] | None) -> None:
        """Move away the lock in which the file `name` holds what is expected; another one stays."""

    @abstractmethod
    def leftovers(self) -> list[Files]:
        """Return what is in locks that were moved away and not cleared away yet."""

    @abstractmethod
    def clear(self) -> None:
        """Delete what was moved away, and what a crash left of the making of a lock."""


class LockDirectory(LockFiles):
    """The directory at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> Files | None:
        with _telling(self.path, "read"):
            return _read_all(self.path)

    def make(self, files: Files) -> None:
        # Whoever has got the lock clears away what the others prepare.
        with _telling(self.path, "taken"), contextlib.suppress(FileNotFoundError):
            _make_parents(os.path.dirname(self.path))
            prepared = self._beside()
            os.mkdir(prepared, 0o700)
            try:
                for name, content in files.items():
                    _write(prepared, name, content)
                _rename(prepared, self.path)
            finally:
                shutil.rmtree(prepared, ignore_errors=True)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        with _telling(self.path, "changed"), contextlib.suppress(FileNotFoundError):
            _write(self.path, name, content)

    def remove(self, name: str) -> None:
        with _telling(self.path, "changed"), contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.path, name + _ENDING))

    def take_away(self, name: str, expected: Mapping[str, Any] | None) -> None:
        with _telling(self.path, "released"):
            beside = self._beside()
            _rename(self.path, beside)
            found = _read_all(beside)
            if found is not None and found.get(name) != expected:
                _rename(beside, self.path)

    def leftovers(self) -> list[Files]:
        with _telling(self.path, "read"):
            return [files for files in map(_read_all, self._besides()) if files is not None]

    def clear(self) -> None:
        with _telling(self.path, "cleared away"):
            for path in self._besides():
                shutil.rmtree(path, ignore_errors=True)

    def _beside(self) -> str:
        return f"{self.path}.{secrets.token_hex(8)}"

    def _besides(self) -> list[str]:
        parent, name = os.path.split(self.path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return [os.path.join(parent, found) for found in os.listdir(parent) if found.startswith(f"{name}.")]
        return []


class LockAnywhere(LockFiles):
    """The directory at `path`, or where that has no room, one elsewhere on this host, of which all here know.

    Only for a storage that no other host shares (_storage/room.py).
    """

    def __init__(self, path: str, elsewhere: Sequence[str]) -> None:
        self.path = path
        self._places = [LockDirectory(path), *(LockDirectory(os.path.join(one, "lock")) for one in elsewhere)]

    def read(self) -> Files | None:
        return self._there.read()

    def make(self, files: Files) -> None:
        with _telling(self.path, "taken"), self._one_at_a_time():
            if self.read() is None:
                with_room = (place for place in self._places if has_room(place.path))
                next(with_room, self._places[0]).make(files)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        self._there.write(name, content)

    def remove(self, name: str) -> None:
        self._there.remove(name)

    def take_away(self, name: str, expected: Mapping[str, Any] | None) -> None:
        self._there.take_away(name, expected)

    def leftovers(self) -> list[Files]:
        return [files for place in self._places for files in place.leftovers()]

    def clear(self) -> None:
        for place in self._places:
            place.clear()
        for place in self._places[1:]:
            remove_empty(os.path.dirname(place.path), 2)

    @property
    def _there(self) -> LockDirectory:
        with _telling(self.path, "read"):
            return next((place for place in self._places if _is_there(place.path)), self._places[0])

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Keep two places from being taken at once: a lock of the kernel's own (flock(2)) takes no room."""
        descriptor = os.open(innermost(os.path.dirname(self.path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def lock_in(path: str) -> LockFiles:
    """Return the lock that lies at `path`, or as near to it as there is room. Raises MaintenanceError."""
    with _telling(path, "read"):
        elsewhere = places_elsewhere(path)
    return LockAnywhere(path, elsewhere) if elsewhere else LockDirectory(path)


@contextlib.contextmanager
def _telling(path: str, what: str) -> Iterator[None]:
    """Raise MaintenanceError in place of an OSError: that the lock at `path` could not be `what`."""
    try:
        yield
    except OSError as error:
        why = f"{error.strerror}{_advice(path, error)}"
        raise MaintenanceError(f"the lock {path} could not be {what}: {why}") from error


def _advice(path: str, error: OSError) -> str:
    if error.errno in (errno.EROFS, errno.EACCES):
        return "; the storage must be writable for root here"
    with contextlib.suppress(OSError):
        return f"; {shortage(os.path.dirname(path), room_of(path), LOCK_ROOM)}" if error.errno in FULL else ""
    return ""


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _read_all(directory: str) -> Files | None:
    try:
        found = os.lstat(directory)
        if not stat.S_ISDIR(found.st_mode):
            raise MaintenanceError(f"the lock {directory} is no directory; look at what it is, and remove it")
        names = [name for name in os.listdir(directory) if name.endswith(_ENDING)]
    except FileNotFoundError:
        return None
    files = {name[: -len(_ENDING)]: _read(os.path.join(directory, name)) for name in names}
    # What went while it was read was taken away file by file, so nothing is left to hold.
    return {name: content for name, content in files.items() if content is not None} or None


def _read(path: str) -> dict[str, Any] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            content = json.loads(file.read(_LARGEST))
        except ValueError:
            return {}
    return content if isinstance(content, dict) else {}


def _write(directory: str, name: str, content: Mapping[str, Any]) -> None:
    write_durably(os.path.join(directory, name + _ENDING), [json.dumps(content)])


def _rename(source: str, target: str) -> None:
    """Move it there, where nobody was faster. An answer lost on NFS looks like that too: what holds is read then."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno not in _LOST:
            raise


def _make_parents(path: str) -> None:
    """Make a directory, its parents too, as its owner would: a registry of another user must be able to write there."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    _make_parents(parent)
    owner = os.stat(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, stat.S_IMODE(owner.st_mode))
        if owner.st_uid != os.geteuid():
            os.chown(path, owner.st_uid, owner.st_gid)
