# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry's layout tells: what lies in a storage, and which paths go when something of it goes.

A layout never knows which storage it is on. Every method raises StorageError where something can't be read.
"""

from __future__ import annotations

import os
import secrets
import time
from abc import abstractmethod
from itertools import islice
from typing import Callable, Iterator, NamedTuple

from .._basics.progress import SILENT, Progress
from .._graph.graph import Graph, Manifest
from .._graph.planted import TAG, Planted
from .._graph.removal import Removal
from .._graph.source import Source
from .._storage.base import Listing, Storage

_SAMPLE = 5
_PLANTED = "drydock-planted-"
# A registry that writes a small file in place truncates it first; that lasts microseconds (seen on 2.8 and on v1).
_LOOKS = 5
_PAUSE_SECONDS = 0.02


class Step(NamedTuple):
    """One step of a sweep: the kind (a field of Counts, None for what is not counted), its path and size in bytes.

    What is at the path goes, or with `content` is written anew; a path of None is for what went with steps before.
    `prune_to` is the directory below which parents go too once they are empty, None where they stay. The step counts as
    `number` of its kind.
    """

    kind: str | None
    path: str | None
    size: int = 0
    prune_to: str | None = None
    content: bytes | None = None
    number: int = 1

    @property
    def is_removal(self) -> bool:
        """Tell whether it takes away what is at its path."""
        return self.path is not None and self.content is None


class Layout(Source):
    """A registry's layout on any storage. `selects` are the repositories whose names are read; `read` reads all."""

    kind = "storage"

    def __init__(
        self, storage: Storage, progress: Progress = SILENT, selects: Callable[[str], bool] = lambda _name: True
    ) -> None:
        super().__init__(progress)
        self.storage = storage
        self.selects = selects
        # What was read once is not read again.
        self.known: dict[str, Manifest] = {}
        # Manifests to read though nothing may refer to them any more: those that interrupted plans began with.
        self.unlinked: set[str] = set()

    def looks(self, path: str, limit: int, absent: bytes = b"") -> Iterator[tuple[bytes, float]]:
        """Yield at most `limit` bytes of a file and its time, or `absent`, and after a moment again.

        For who can't understand it: it may be just being written.
        """
        for look in range(_LOOKS):
            if look:
                time.sleep(_PAUSE_SECONDS)
            yield self.storage.read(path, limit) or (absent, 0.0)

    def read_all(self) -> Graph:
        return self.read()

    @abstractmethod
    def steps(self, removal: Removal, graph: Graph) -> Iterator[Step]:
        """Yield every step of a sweep in the safe order: what refers to something goes before it."""

    @abstractmethod
    def repository_names(self) -> Iterator[str]:
        """Yield every repository, one after the other: only as much is listed as is asked for."""

    @abstractmethod
    def readable_tags(self, repository: str) -> Iterator[str]:
        """Yield the tags of the repository whose images are there and can be served."""

    @abstractmethod
    def plant(self, repository: str) -> Planted:
        """Return something that a registry on this storage shows in the repository, and no other registry does."""

    def plant_by_moving(self) -> Planted | None:
        """Return as `plant` something that takes no room: a file which nobody misses, where it is listed as a tag.

        None where there is no such file. What a crash left of an earlier one is removed.
        """
        found = ((repository, self.spare_file(repository, tag)) for repository, tag in self.some_images())
        return next((self._moved(repository, spare) for repository, spare in found if spare is not None), None)

    def _moved(self, repository: str, spare: str) -> Planted:
        self._discard_planted(repository)
        name = f"{_PLANTED}{secrets.token_hex(8)}"
        return Planted({}, repository, TAG, name, {spare: self.listed_as(repository, name)})

    def _discard_planted(self, repository: str) -> None:
        where, start = os.path.split(self.listed_as(repository, _PLANTED))
        for name in (self.storage.entries(where) or Listing([], [])).files:
            if name.startswith(start):
                self.storage.discard(f"{where}/{name}", where)

    @abstractmethod
    def spare_file(self, repository: str, tag: str) -> str | None:
        """Return the path of a file of this tag that no registry needs to serve it, None where there is none."""

    @abstractmethod
    def listed_as(self, repository: str, tag: str) -> str:
        """Return the path at which any file makes a registry list a tag of that name."""

    def some_images(self) -> list[tuple[str, str]]:
        """Return (repository, tag) of a few images that a registry must be able to serve, by a short look."""
        found = ((name, tag) for name in self.repository_names() for tag in self.readable_tags(name))
        return list(islice(found, _SAMPLE))
