# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filesystem storage driver."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from .._errors import DoubtError, InvalidOptionError, StorageError
from .._graph import Weight
from ._base import Leaf, Listing, Storage

_GONE = (errno.ENOENT, errno.ENOTDIR)
_TREE = "docker/registry/v2"
# A link is written, closed and renamed in one go; a directory that changed later than this has seen something else.
_REWRITE_SECONDS = 1.0
# The part of st_mode that says what a file is (inode(7)); a call to stat.S_ISREG for each costs as much as the rest.
_KIND = 0o170000


class FilesystemStorage(Storage):
    """A registry's tree on a local or mounted filesystem; symbolic links below its root are never followed."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Open the tree below `rootdirectory` (which may itself be a symbolic link). Raises InvalidOptionError."""
        self.rootdirectory = str(parameters.get("rootdirectory") or "/var/lib/registry")
        self.base = os.path.realpath(os.path.join(self.rootdirectory, _TREE))
        self.quarantines = os.path.join(os.path.dirname(self.base), "drydock")
        self._made: Set[str] = set()
        self._check_root()
        self._top = os.open(self.base if os.path.isdir(self.base) else self.rootdirectory, os.O_RDONLY | os.O_DIRECTORY)

    def source(self) -> Dict[str, str]:
        return {"storage": "filesystem", "rootdirectory": self.rootdirectory}

    def entries(self, path: str) -> Optional[Listing]:
        directories: List[str] = []
        files: List[str] = []
        with _errors_of(self._at(path)) as failure, os.scandir(self._at(path)) as found:
            for entry in found:
                if entry.is_symlink():
                    raise _symlink(entry.path)
                (directories if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
        return None if failure else Listing(directories, files)

    def leaves(self, path: str, leaf: str) -> List[Tuple[str, Optional[Weight]]]:
        found: List[Tuple[str, Optional[Weight]]] = []
        with self._directory(path) as (directory, names):
            for name in names:
                try:
                    status = os.stat(f"{name}/{leaf}", dir_fd=directory, follow_symlinks=False)
                except OSError as error:
                    if error.errno not in _GONE:
                        raise _unreadable(f"{self._at(path)}/{name}/{leaf}", error) from error
                    found.append((name, None))
                    continue
                if status.st_mode & _KIND != stat.S_IFREG:
                    raise _not_a_file(f"{self._at(path)}/{name}/{leaf}", status.st_mode)
                found.append((name, Weight(status.st_size, status.st_mtime)))
        return found

    def read_leaves(self, path: str, leaf: str, limit: int) -> Iterator[Leaf]:
        parent = os.path.dirname(leaf)
        with self._directory(path) as (directory, names):
            for name in names:
                where = f"{self._at(path)}/{name}/{leaf}"
                found = _stat_directory(f"{name}/{parent}", directory, where) if parent else None
                read = _read_file(f"{name}/{leaf}", directory, limit, where)
                content, modified = read or (None, 0.0)
                is_alone = found is None or found.st_mtime - modified < _REWRITE_SECONDS
                yield Leaf(name, content, modified, is_alone)

    def weigh_tree(self, path: str) -> Optional[Weight]:
        with _errors_of(self._at(path)) as failure:
            found = os.lstat(self._at(path))
        if failure:
            return None
        if stat.S_ISLNK(found.st_mode):
            raise _symlink(self._at(path))
        if not stat.S_ISDIR(found.st_mode):
            return Weight(found.st_size, found.st_mtime)
        listing = self.entries(path) or Listing([], [])
        weights = [self.weigh_tree(f"{path}/{name}") for name in listing.directories + listing.files]
        present = [weight for weight in weights if weight]
        return Weight(
            sum(weight.size for weight in present), max([found.st_mtime] + [weight.modified for weight in present])
        )

    def read(self, path: str, limit: int) -> Optional[Tuple[bytes, float]]:
        return _read_file(path, self._top, limit, self._at(path))

    def set_aside(self, path: str, quarantine: str) -> bool:
        target = f"{self.quarantines}/{quarantine}/v2/{path}"
        try:
            self._make_parent(target)
            os.rename(self._at(path), target)
        except OSError as error:
            if error.errno in _GONE:
                return False
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                return self.set_aside(path, f"{quarantine}/again")
            raise StorageError(f"{self._at(path)} could not be moved to {target}: {error.strerror}") from error
        return True

    def prune(self, path: str, stop: str) -> None:
        while path not in ("", stop) and path.startswith(stop):
            try:
                os.rmdir(self._at(path))
            except OSError:
                return
            path = os.path.dirname(path)

    def write(self, path: str, content: bytes) -> None:
        where = self._at(path)
        # The registry often runs as another user, so the caller's umask must not keep it from reading this.
        umask = os.umask(0o022)
        try:
            os.makedirs(os.path.dirname(where), exist_ok=True)
            descriptor = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        except OSError as error:
            raise StorageError(f"{where} could not be written: {error.strerror}") from error
        finally:
            os.umask(umask)

    def discard(self, path: str, stop: str) -> None:
        try:
            os.unlink(self._at(path))
        except OSError as error:
            if error.errno not in _GONE:
                raise StorageError(f"{self._at(path)} could not be deleted: {error.strerror}") from error
        self.prune(os.path.dirname(path), stop)

    def local_root(self) -> Optional[str]:
        return self.rootdirectory

    def check_changeable(self) -> None:
        for path in (self.base, self._at("blobs"), self._at("repositories"), os.path.dirname(self.base)):
            if not os.path.isdir(path):
                continue
            if not os.access(path, os.W_OK | os.X_OK):
                raise StorageError(f"{path} may not be changed by this user; run the task with become: true")
            if os.stat(path).st_dev != os.stat(os.path.dirname(self.base)).st_dev:
                raise StorageError(
                    f"{path} is on another device than {os.path.dirname(self.base)}: nothing can be set aside"
                )

    @contextmanager
    def _directory(self, path: str) -> Iterator[Tuple[int, List[str]]]:
        """Open a directory and list the directories in it; what does not exist is an empty one.

        Names are then looked up from the open directory, which spares the kernel the way down to it each time.
        """
        listing = self.entries(path)
        if listing is None or not listing.directories:
            yield -1, []
            return
        try:
            descriptor = os.open(self._at(path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(self._at(path), error) from error
        try:
            yield descriptor, listing.directories
        finally:
            os.close(descriptor)

    def _at(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base

    def _make_parent(self, target: str) -> None:
        parent = os.path.dirname(target)
        if parent not in self._made:
            os.makedirs(parent, mode=0o700, exist_ok=True)
            self._made.add(parent)

    def _check_root(self) -> None:
        if not os.path.isabs(self.rootdirectory) or not os.path.isdir(self.rootdirectory):
            raise InvalidOptionError(
                "storage.filesystem.rootdirectory",
                self.rootdirectory,
                "the absolute path of a directory that exists here",
            )
        if not os.path.isdir(self.base) and os.listdir(self.rootdirectory):
            raise InvalidOptionError(
                "storage.filesystem.rootdirectory",
                self.rootdirectory,
                f"a directory with {_TREE} below it, or an empty one",
            )


def remove_tree(path: str) -> None:
    """Delete a tree for good, never following a symbolic link. Raises StorageError."""
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise StorageError(f"{error.filename or path} could not be deleted: {error.strerror}") from error


def _read_file(path: str, directory: int, limit: int, where: str) -> Optional[Tuple[bytes, float]]:
    """Return content and time of a file below an open directory, None without one; `where` is for errors."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise _symlink(where) if error.errno == errno.ELOOP else _unreadable(where, error) from error
    try:
        found = os.fstat(descriptor)
        return _read_whole(descriptor, min(limit, found.st_size)), found.st_mtime
    except OSError as error:
        raise _unreadable(where, error) from error
    finally:
        os.close(descriptor)


def _read_whole(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            break
        data += more
    return data


def _stat_directory(path: str, directory: int, where: str) -> Optional[os.stat_result]:
    try:
        found = os.stat(path, dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise _unreadable(where, error) from error
    if stat.S_ISLNK(found.st_mode):
        raise _symlink(os.path.dirname(where))
    return found


@contextmanager
def _errors_of(path: str) -> Iterator[List[OSError]]:
    """Turn OSError into StorageError; what does not exist is put into the list that the caller gets instead."""
    gone: List[OSError] = []
    try:
        yield gone
    except OSError as error:
        if error.errno not in _GONE:
            raise _unreadable(path, error) from error
        gone.append(error)


def _unreadable(path: str, error: OSError) -> StorageError:
    return StorageError(f"{path} could not be read: {error.strerror}; nothing was changed")


def _symlink(path: str) -> DoubtError:
    return DoubtError(
        f"{path} is a symbolic link, which no registry writes and which is never followed; "
        "replace it by what it points to, or mount that there"
    )


def _not_a_file(path: str, mode: int) -> DoubtError:
    return _symlink(path) if stat.S_ISLNK(mode) else DoubtError(f"{path} is not a regular file")
