# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layout may ask of a storage. A storage never knows what a manifest is.

Paths are relative to the registry's own tree, with `/` between their parts.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from .._graph import Weight


class Place(NamedTuple):
    """Where a registry's tree lies below its root directory, of which directories it consists, and how it is called.

    What is no part of it, the quarantine and the lock, lies beside the tree; where the tree is the root itself, in it.
    """

    name: str
    tree: str
    parts: Tuple[str, ...]

    def base(self, root: str) -> str:
        """Return the directory of the tree; on the way to it links are followed."""
        return os.path.realpath(os.path.join(root, self.tree))

    def beside(self, root: str) -> str:
        """Return the directory for what is no part of the tree."""
        return os.path.dirname(self.base(root)) if self.tree else self.base(root)


#: Distribution's tree.
V2_PLACE = Place("v2", "docker/registry/v2", ("blobs", "repositories"))
#: The old registry's: its `storage_path` itself.
V1_PLACE = Place("v1", "", ("images", "repositories"))


class Listing(NamedTuple):
    """The names directly below a path."""

    directories: List[str]
    files: List[str]


class Leaf(NamedTuple):
    """A small file of which there is one in each directory; `content` is None where it does not exist.

    `is_alone` is False where there may be something beside it.
    """

    name: str
    content: Optional[bytes]
    modified: float
    is_alone: bool


class Storage(ABC):
    """A tree of files that can be listed, read, and set aside.

    Every method raises StorageError where something cannot be read or changed, and DoubtError where something is not
    what
    a registry writes (a symbolic link). What does not exist is never an error.
    """

    @abstractmethod
    def source(self) -> Dict[str, str]:
        """Return which storage this is, for the plan and its id; no secrets."""

    @abstractmethod
    def entries(self, path: str) -> Optional[Listing]:
        """Return the names below a directory, None where it does not exist."""

    @abstractmethod
    def leaves(self, path: str, leaf: str) -> List[Tuple[str, Optional[Weight]]]:
        """Return (name, weight of `<name>/<leaf>`) for every directory below `path`; None where there is no such file.

        One call for a whole directory: that is where a plan spends its time.
        """

    @abstractmethod
    def read_leaves(self, path: str, leaf: str, limit: int) -> Iterator[Leaf]:
        """Yield the content of `<name>/<leaf>` for every directory below `path`, at most `limit` bytes of each."""

    @abstractmethod
    def weigh_tree(self, path: str) -> Optional[Weight]:
        """Return the total size of a tree and the youngest time in it, None where it does not exist."""

    @abstractmethod
    def read(self, path: str, limit: int) -> Optional[Tuple[bytes, float]]:
        """Return at most `limit` bytes of a file and its time, None where it does not exist."""

    @abstractmethod
    def set_aside(self, path: str, quarantine: str) -> bool:
        """Move a file or a tree into the named quarantine; False where it does not exist."""

    @abstractmethod
    def rewrite(self, path: str, content: bytes, quarantine: str) -> bool:
        """Give a small file another content at once, and put what it held into the named quarantine; False where it
        does not exist."""

    @abstractmethod
    def prune(self, path: str, stop: str) -> None:
        """Remove the directory and its parents below `stop` as far as they are empty."""

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a small file that the registry can read."""

    @abstractmethod
    def discard(self, path: str, stop: str) -> None:
        """Delete a file for good, and its parents below `stop` as far as they are empty."""

    @abstractmethod
    def local_root(self) -> Optional[str]:
        """Return the root directory on this host, None for a storage that is elsewhere."""

    @abstractmethod
    def check_changeable(self) -> None:
        """Raise StorageError where this process could not set something aside."""
