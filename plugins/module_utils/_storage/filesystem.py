# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filesystem storage driver."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from .._basics.durable import replacing, write_durably
from .._basics.errors import FullError, InvalidOptionError, StorageError
from .._basics.weight import Weight
from .base import NAME_LIMIT, V2_PLACE, Leaf, Listing, Look, OwnFiles, Place, Storage
from .files import (
    GONE,
    is_directory,
    is_there,
    list_directory,
    not_a_file,
    open_directory,
    read_file,
    stat_directory,
    symlink,
    telling,
    unreadable,
)
from .lock_directory import LockFiles, lock_in
from .own_files import LocalOwnFiles
from .removing import remove_tree
from .room import FULL, LOCK_ROOM, Room, places_elsewhere, room_of, shortage

# A link is written, closed and renamed in one go; a directory that changed later than this has seen something else.
_REWRITE_SECONDS = 1.0
# With so much room nobody need look how large a plan is.
_PLENTY = Room(2**30, 4096)
# Paths in one error.
_SHOWN = 5
# The part of st_mode that says what a file is (inode(7)); a call to stat.S_ISREG for each costs as much as the rest.
_KIND = 0o170000


class FilesystemStorage(Storage):
    """A registry's tree on a local or mounted filesystem; symbolic links below its root are never followed."""

    def __init__(self, parameters: Mapping[str, Any], place: Place = V2_PLACE) -> None:
        """Open the tree below `rootdirectory` (which may itself be a symbolic link).

        Raises InvalidOptionError, and StorageError where this user may not look.
        """
        self.place = place
        self.rootdirectory = str(parameters.get("rootdirectory") or "/var/lib/registry")
        self.base = place.base(self.rootdirectory)
        self.beside = place.beside(self.rootdirectory)
        self.quarantines = os.path.join(self.beside, "drydock")
        self._made: set[str] = set()
        # Then the directories for what is set aside take what has just become free.
        self._was_full = False
        self._check_root()
        top = self.base if is_directory(self.base) else self.rootdirectory
        with telling(top, "read"):
            self._top = os.open(top, os.O_RDONLY | os.O_DIRECTORY)

    def source(self) -> dict[str, str]:
        return {"storage": "filesystem", "rootdirectory": self.rootdirectory}

    def entries(self, path: str) -> Listing | None:
        with self._directory(path) as directory:
            return None if directory is None else list_directory(directory, self._at(path))

    def leaves(self, path: str, leaf: str) -> list[tuple[str, Weight | None]]:
        found: list[tuple[str, Weight | None]] = []
        with self._directory(path) as directory:
            if directory is None:
                return found
            where = self._at(path)
            for name in list_directory(directory, where).directories:
                try:
                    status = os.stat(f"{name}/{leaf}", dir_fd=directory, follow_symlinks=False)
                except OSError as error:
                    if error.errno not in GONE:
                        raise unreadable(f"{where}/{name}/{leaf}", error) from error
                    found.append((name, None))
                    continue
                if status.st_mode & _KIND != stat.S_IFREG:
                    raise not_a_file(f"{where}/{name}/{leaf}", status.st_mode)
                found.append((name, Weight(status.st_size, status.st_mtime)))
        return found

    def read_leaves(self, path: str, leaf: str, limit: int, likely: Iterable[str] = ()) -> Iterator[Leaf]:
        parent = os.path.dirname(leaf)
        with self._directory(path) as directory:
            if directory is None:
                return
            for name in list_directory(directory, self._at(path)).directories:
                where = f"{self._at(path)}/{name}/{leaf}"
                found = stat_directory(f"{name}/{parent}", directory, where) if parent else None
                content, modified = read_file(f"{name}/{leaf}", directory, limit, where) or (None, 0.0)
                is_alone = found is None or found.st_mtime - modified < _REWRITE_SECONDS
                yield Leaf(name, content, modified, is_alone)

    def weigh_tree(self, path: str) -> Weight | None:
        try:
            found = os.lstat(self._at(path))
        except OSError as error:
            if error.errno in GONE:
                return None
            raise unreadable(self._at(path), error) from error
        if stat.S_ISLNK(found.st_mode):
            raise symlink(self._at(path))
        if not stat.S_ISDIR(found.st_mode):
            return Weight(found.st_size, found.st_mtime)
        listing = self.entries(path) or Listing([], [])
        weights = [self.weigh_tree(f"{path}/{name}") for name in listing.directories + listing.files]
        present = [weight for weight in weights if weight]
        return Weight(
            sum(weight.size for weight in present), max([found.st_mtime] + [weight.modified for weight in present])
        )

    def read(self, path: str, limit: int) -> tuple[bytes, float] | None:
        return read_file(path, self._top, limit, self._at(path))

    def has_beside(self, path: str) -> bool:
        # Where the tree is a symbolic link, others still leave theirs beside the link.
        named = os.path.join(self.rootdirectory, os.path.dirname(self.place.tree))
        return any(is_there(os.path.join(beside, path)) for beside in (self.beside, named))

    def remove(self, paths: Sequence[str], quarantine: str, look: Look) -> Iterator[bool]:
        for path in paths:
            look()
            yield self._set_aside(path, quarantine)

    def _set_aside(self, path: str, quarantine: str) -> bool:
        if self._was_full and self._deletes:
            return self._delete(path)
        where, target = self._at(path), f"{self.quarantines}/{quarantine}/{self.place.name}/{path}"
        with telling(where, f"moved to {target}"):
            try:
                self._make_parent(target)
                os.rename(where, target)
            except OSError as error:
                # It is the quarantine that can have gone, too.
                if error.errno in GONE and not is_there(where):
                    return False
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                    return self._set_aside(path, f"{quarantine}/again")
                if error.errno in FULL and self._deletes:
                    return self._delete(path)
                raise
        return True

    @property
    def _deletes(self) -> bool:
        """Tell whether what can't be set aside is deleted: a full disk has no room for the directories that this takes.

        An error alone does not tell that it is full.
        """
        return not self.must_set_aside and not self._room(self.beside).has(LOCK_ROOM)

    def _delete(self, path: str) -> bool:
        removed = remove_tree(self._at(path))
        if removed.left:
            raise StorageError("; ".join(removed.left[:_SHOWN]))
        return removed.is_changed

    def rewrite(self, path: str, content: bytes, quarantine: str) -> bool:
        where, target = self._at(path), f"{self.quarantines}/{quarantine}/{self.place.name}/{path}"
        with telling(where, "written"):
            try:
                self._keep_content(where, target)
                _replace_content(where, content)
            except OSError as error:
                if error.errno in GONE and not is_there(where):
                    return False
                raise
        return True

    def _keep_content(self, where: str, target: str) -> None:
        if self._was_full and self._deletes:
            return
        try:
            self._make_parent(target)
            # A run that was killed in between has kept the content already.
            with suppress(FileExistsError):
                os.link(where, target, follow_symlinks=False)
        except OSError as error:
            if error.errno not in FULL or not self._deletes:
                raise

    def prune(self, path: str, stop: str) -> None:
        while path not in ("", stop) and path.startswith(stop):
            try:
                os.rmdir(self._at(path))
            except FileNotFoundError:
                pass  # making it may have failed for want of room, when those above it were made already
            except OSError:
                return
            path = os.path.dirname(path)

    def write(self, path: str, content: bytes) -> None:
        where = self._at(path)
        # The registry often runs as another user, so the caller's umask must not keep it from reading this.
        umask = os.umask(0o022)
        try:
            with telling(where, "written"):
                os.makedirs(os.path.dirname(where), exist_ok=True)
                with replacing(where) as file:
                    os.fchmod(file.fileno(), 0o644)
                    file.write(content)
        finally:
            os.umask(umask)

    def move(self, path: str, to: str) -> None:
        with telling(self._at(path), f"moved to {self._at(to)}"):
            os.rename(self._at(path), self._at(to))

    def discard(self, path: str, stop: str) -> None:
        with telling(self._at(path), "deleted"), suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(self._at(path))
        self.prune(os.path.dirname(path), stop)

    def own_files(self) -> OwnFiles:
        return LocalOwnFiles(self.quarantines, self._elsewhere())

    def read_name(self) -> bytes | None:
        path = self.place.name_file(self.rootdirectory)
        found = read_file(path, self._top, NAME_LIMIT, path)
        return found[0] if found else None

    def write_name(self, content: str) -> None:
        path = self.place.name_file(self.rootdirectory)
        with telling(path, "written"):
            write_durably(path, [content])

    def lock_files(self) -> LockFiles:
        return lock_in(self.place.lock(self.rootdirectory))

    def check_room(self, size: Callable[[], int], to_set_aside: Room) -> str | None:
        free, more = self._room(self.beside), to_set_aside if self.must_set_aside else Room(0, 0)
        if free.has(_PLENTY.plus(more)):
            return None
        needed = Room(size(), 0).plus(LOCK_ROOM).plus(more)
        if free.has(needed):
            return None
        missing = shortage(self.beside, free, needed)
        if self.must_set_aside:
            raise FullError(f"{missing}. With quarantine: delete nothing need be set aside, which frees nothing")
        places = self._elsewhere()
        with_room = [place for place in places if self._room(place).has(needed)]
        if not with_room:
            others = f"or in {' or '.join(map(os.path.dirname, places))}" if places else "where other hosts see it"
            raise FullError(f"{missing}. A run has its lock and its plan there, {others}")
        self._was_full = True
        return (
            f"{missing}, for a run as any other. This one has its lock and its plan in "
            f"{os.path.dirname(with_room[0])}, which only this host sees, and deletes at once what it can't set aside"
        )

    def local_root(self) -> str | None:
        return self.rootdirectory

    def check_changeable(self) -> None:
        for path in (self.base, *map(self._at, self.place.parts), self.beside):
            if not is_directory(path):
                continue
            if not os.access(path, os.W_OK | os.X_OK):
                raise StorageError(f"{path} may not be changed by this user; run the task with become: true")
            with telling(path, "looked at"):
                is_near = os.stat(path).st_dev == os.stat(self.beside).st_dev
            if not is_near:
                raise StorageError(f"{path} is on another device than {self.beside}: nothing can be set aside")

    @contextmanager
    def _directory(self, path: str) -> Iterator[int | None]:
        """Open a directory, None where it does not exist.

        What is in it is then looked up from the open directory, which spares the kernel the way down to it each time.
        """
        directory = open_directory(path or ".", self._top, self._at(path))
        try:
            yield directory
        finally:
            if directory is not None:
                os.close(directory)

    def _at(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base

    def _make_parent(self, target: str) -> None:
        parent = os.path.dirname(target)
        if parent not in self._made:
            os.makedirs(parent, mode=0o700, exist_ok=True)
            self._made.add(parent)

    def _check_root(self) -> None:
        if not os.path.isabs(self.rootdirectory) or not is_directory(self.rootdirectory):
            raise InvalidOptionError(
                "storage.filesystem.rootdirectory",
                self.rootdirectory,
                "the absolute path of a directory that exists here",
            )
        # What lies beside the tree (a lock) may be there before the registry has written anything.
        if not self._has_tree() and self._strangers():
            raise InvalidOptionError(
                "storage.filesystem.rootdirectory",
                self.rootdirectory,
                f"a directory with {self.place.tree or ' and '.join(self.place.parts)} below it, or an empty one",
            )

    def _strangers(self) -> set[str]:
        """Return what lies in the root directory and is neither of the tree nor of ours."""
        top = self.place.tree.partition("/")[0]
        with telling(self.rootdirectory, "read"):
            found = os.listdir(self.rootdirectory)
        return {name for name in found if name != top and not name.lstrip(".").startswith("drydock")}

    def _has_tree(self) -> bool:
        parts = [self.base] if self.place.tree else list(map(self._at, self.place.parts))
        return any(map(is_directory, parts))

    def _elsewhere(self) -> list[str]:
        with telling(self.beside, "looked at"):
            return places_elsewhere(self.quarantines)

    def _room(self, path: str) -> Room:
        with telling(path, "looked at"):
            return room_of(path)


def _replace_content(where: str, content: bytes) -> None:
    """Put a new file of the same owner and mode in the place of a file."""
    found = os.lstat(where)
    with replacing(where) as file:
        os.fchown(file.fileno(), found.st_uid, found.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
        file.write(content)
