# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layout may ask of a storage. A storage never knows what a manifest is.

Paths are relative to the registry's own tree, with `/` between their parts.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Callable, Iterable, Iterator, NamedTuple, Sequence

from .._basics.errors import StorageError
from .._basics.weight import Weight
from .lock_directory import LockFiles
from .room import Room

#: What holds the name of a storage (_plan/store_name.py), beside the lock.
NAME_FILE = "drydock.id"
NAME_LIMIT = 4096


class Place(NamedTuple):
    """Where a registry's tree lies below its root directory, of which directories it consists, and how it is called.

    What is no part of it, the quarantine and the lock, lies beside the tree; where the tree is the root itself, in it.
    """

    name: str
    tree: str
    parts: tuple[str, ...]

    def base(self, root: str) -> str:
        """Return the directory of the tree; on the way to it links are followed."""
        return os.path.realpath(os.path.join(root, self.tree))

    def beside(self, root: str) -> str:
        """Return the directory for what is no part of the tree."""
        return os.path.dirname(self.base(root)) if self.tree else self.base(root)

    def lock(self, root: str) -> str:
        """Return where the lock of the storage lies."""
        return os.path.join(self.beside(root), "drydock.lock")

    def name_file(self, root: str) -> str:
        """Return where the name of the storage lies."""
        return os.path.join(self.beside(root), NAME_FILE)


#: Distribution's tree.
V2_PLACE = Place("v2", "docker/registry/v2", ("blobs", "repositories"))
#: The old registry's: its `storage_path` itself.
V1_PLACE = Place("v1", "", ("images", "repositories"))


class Listing(NamedTuple):
    """The names directly below a path."""

    directories: list[str]
    files: list[str]


class Leaf(NamedTuple):
    """A small file of which there is one in each directory; `content` is None where it does not exist.

    `is_alone` is False where there may be something beside it.
    """

    name: str
    content: bytes | None
    modified: float
    is_alone: bool


#: Called before each change; raises StoppedError where it may not be made.
Look = Callable[[], None]


class Removed(NamedTuple):
    """Whether anything has gone, and what could not: each path with the reason."""

    is_changed: bool
    left: list[str]


class OwnFiles(ABC):
    """Where drydock leaves files of its own: `<name>/<file>` beside the registry's tree, `name` being that of a plan.

    `path` is where that is, for people. Every method raises StorageError where it can't be done.
    """

    path: str

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names that have anything, sorted."""

    @abstractmethod
    def has(self, name: str, file: str) -> bool:
        """Tell whether there is this file."""

    @abstractmethod
    def read(self, name: str, file: str) -> str:
        """Return the content of a file."""

    @abstractmethod
    def write(self, name: str, file: str, texts: Callable[[], Iterable[str]]) -> None:
        """Write a file that is there whole or not at all, also after a power cut; `texts` may be called again."""

    @abstractmethod
    def rename(self, name: str, file: str, to: str) -> None:
        """Give a file another name."""

    @abstractmethod
    def remove(self, name: str) -> Removed:
        """Delete all that has this name, what was set aside under it too; with the last one all goes.

        What can't be deleted keeps nothing else from it.
        """

    def is_removable(self, name: str) -> bool:
        """Tell whether of what has this name anything can be deleted, as far as that can be seen."""
        return True

    @abstractmethod
    def size(self) -> int:
        """Return how much there is, in bytes."""


class Storage(ABC):
    """A tree of files that can be listed, read, and cleared of what is not needed.

    Every method raises StorageError where something cannot be read or changed, and DoubtError where something is not
    what a registry writes (a symbolic link). What does not exist is never an error; what may not be looked at always is
    one, and is never taken for absent.

    `batch` is how many paths `remove` is best given at once. Where `sets_aside` is False nothing can be had back; with
    `must_set_aside` what goes is wanted back, so that nothing is deleted in place of being set aside.
    """

    batch = 1
    sets_aside = True
    must_set_aside = True

    def look_anew(self) -> None:  # noqa: B027 - not every storage remembers
        """Forget what was seen: the storage may have changed."""

    @abstractmethod
    def source(self) -> dict[str, str]:
        """Return which storage this is, for the plan and its id; no secrets."""

    @abstractmethod
    def entries(self, path: str) -> Listing | None:
        """Return the names below a directory, None where it does not exist."""

    @abstractmethod
    def leaves(self, path: str, leaf: str) -> list[tuple[str, Weight | None]]:
        """Return (name, weight of `<name>/<leaf>`) for every directory below `path`; None where there is no such file.

        One call for a whole directory: that is where a plan spends its time.
        """

    @abstractmethod
    def read_leaves(self, path: str, leaf: str, limit: int, likely: Iterable[str] = ()) -> Iterator[Leaf]:
        """Yield the content of `<name>/<leaf>` for every directory below `path`, at most `limit` bytes of each.

        A file that is known to hold one of the `likely` texts need not be read.
        """

    @abstractmethod
    def weigh_tree(self, path: str) -> Weight | None:
        """Return the total size of a tree and the youngest time in it, None where it does not exist."""

    @abstractmethod
    def read(self, path: str, limit: int) -> tuple[bytes, float] | None:
        """Return at most `limit` bytes of a file and its time, None where it does not exist."""

    def read_each(self, paths: Iterable[str], limit: int) -> Iterator[bytes | None]:
        """Yield at most `limit` bytes of each file, None for one that does not exist."""
        for path in paths:
            found = self.read(path, limit)
            yield found[0] if found else None

    def unfinished(self) -> list[str]:
        """Return what was begun and never became a file, unless it is in the directory of an upload."""
        return []

    @abstractmethod
    def remove(self, paths: Sequence[str], quarantine: str, look: Look) -> Iterator[bool]:
        """Remove files and trees, and yield of each path whether it went; it does not where nothing is there.

        They are moved into the named quarantine, or are gone for good where the storage sets nothing aside, or has no
        room to. After an error first what went is told.
        """

    @abstractmethod
    def rewrite(self, path: str, content: bytes, quarantine: str) -> bool:
        """Give a small file another content at once, and put what it held into the named quarantine; False where it
        does not exist."""

    @abstractmethod
    def prune(self, path: str, stop: str) -> None:
        """Remove the directory and its parents below `stop` as far as they are empty and let themselves be removed."""

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a small file that the registry can read. Raises FullError where there is no room for it."""

    def move(self, path: str, to: str) -> None:
        """Give a file another path, which takes no room where directories are."""
        raise StorageError(f"{path} can't be moved: this storage can't do that")

    @abstractmethod
    def discard(self, path: str, stop: str) -> None:
        """Delete a file for good, and its parents below `stop` as far as they are empty."""

    @abstractmethod
    def has_beside(self, path: str) -> bool:
        """Tell whether there is this file beside the registry's own tree, where others leave theirs."""

    @abstractmethod
    def local_root(self) -> str | None:
        """Return the root directory on this host, None for a storage that is elsewhere."""

    @abstractmethod
    def check_changeable(self) -> None:
        """Raise StorageError where this process could not set something aside."""

    def try_removing(self) -> None:  # noqa: B027 - mostly `check_changeable` tells it all
        """Raise StorageError where nothing can be removed, if only a removal tells that; nothing has gone then."""

    def why_slow(self) -> str | None:
        """Return why removing takes longer than it should, as far as that was seen, None where it does not."""
        return None

    def check_room(self, size: Callable[[], int], to_set_aside: Room) -> str | None:
        """Raise FullError where there is no room for what a run writes, a plan of so many bytes and little more.

        `to_set_aside` is what it takes to set aside what goes, where it must be.

        Returns what is done differently for want of room, None where nothing is.
        """
        return None

    @abstractmethod
    def own_files(self) -> OwnFiles:
        """Return where drydock's own files lie, seen by every host that shares the storage."""

    @abstractmethod
    def read_name(self) -> bytes | None:
        """Return what was written as the name of this storage, None where nothing was."""

    @abstractmethod
    def write_name(self, content: str) -> None:
        """Write the name of this storage, whole or not at all. Raises FullError where there is no room for it."""

    @abstractmethod
    def lock_files(self) -> LockFiles:
        """Return the lock that lies with the storage."""

    def held_back(self, size: int) -> str | None:
        """Return why of so many bytes that go the space is not freed at once, None where it is."""
        return None
