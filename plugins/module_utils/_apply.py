# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying a plan in storage, in the safe order: links go before what they point to.

A crash at any instant leaves only harmless orphans, which the next run finishes (DESIGN.md, "Safe order in storage").
"""

from __future__ import annotations

import os
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

from ._graph import Graph
from ._layout import _v2_paths as paths
from ._layout._v2 import V2Layout
from ._plan import Counts, Removal
from ._storage._base import Storage


class Step(NamedTuple):
    """One removal: the kind (a field of Counts, None for what is not counted), its path and its size in bytes.

    `prune_to` is the directory below which parents go too once they are empty, None where they stay.
    """

    kind: Optional[str]
    path: str
    size: int = 0
    prune_to: Optional[str] = None


def steps(removal: Removal, graph: Graph, layout: V2Layout) -> Iterator[Step]:
    """Yield every step of the sweep in the safe order."""
    for name, gone in removal.repositories.items():
        yield from (Step("tags", paths.tag(name, tag)) for tag in gone.tags)
    for name, gone in removal.repositories.items():
        if gone.manifests:
            yield from (
                Step(None, path) for path in layout.index_entries(graph.repositories[name], set(gone.manifests))
            )
        yield from (Step("manifests", paths.revision(name, digest)) for digest in gone.manifests)
    for name, gone in removal.repositories.items():
        yield from (Step("layer_links", paths.layer_link(name, digest)) for digest in gone.layer_links)
    for digest, blob in removal.blobs.items():
        yield Step("blobs", paths.blob(digest), blob.size, paths.blobs_of(digest))
    for name, gone in removal.repositories.items():
        yield from (Step("uploads", paths.upload(name, upload), weight.size) for upload, weight in gone.uploads.items())
    for path, debris in removal.debris.items():
        yield Step("debris", path, debris.size, None if debris.repository else paths.top_of(path))
    # The innermost first: a repository can lie in the directory of another.
    for name in sorted((name for name, gone in removal.repositories.items() if gone.is_removed), reverse=True):
        parts = layout.repository_parts(name)
        yield from (Step(None, path) for path in parts[:-1])
        yield from (Step("repositories", path, 0, paths.REPOSITORIES) for path in parts[-1:])


class Sweep:
    """A sweep that knows at every moment what it has done, so that a failure half-way can be told truly.

    `look` is called before each change, and raises StoppedError where it may not be made.
    """

    def __init__(
        self, removal: Removal, graph: Graph, layout: V2Layout, storage: Storage, look: Callable[[], None]
    ) -> None:
        self.removal = removal
        self.graph = graph
        self.layout = layout
        self.storage = storage
        self.look = look
        self._done: Dict[str, int] = dict.fromkeys(Counts._fields, 0)

    @property
    def done(self) -> Counts:
        """Return what was removed so far."""
        return Counts(**self._done)

    def run(self, quarantine: str) -> None:
        """Remove everything, into the quarantine of that name. Raises StorageError; `done` says how far it came."""
        counts = self.removal.counts()
        self.layout.progress.stage("sweeping", sum(counts) - counts.bytes, "objects")
        emptied: Dict[str, str] = {}
        for batch in _batches(steps(self.removal, self.graph, self.layout), self.storage.batch):
            self._remove(batch, quarantine)
            emptied.update((os.path.dirname(step.path), step.prune_to) for step in batch if step.prune_to)
        for path, stop in emptied.items():
            self.look()
            self.storage.prune(path, stop)

    def _remove(self, batch: Sequence[Step], quarantine: str) -> None:
        removed = self.storage.remove([step.path for step in batch], quarantine, self.look)
        for step, is_gone in zip(batch, removed):
            if is_gone:
                self._count(step)
        # What went is told before what failed.
        next(removed, None)

    def _count(self, step: Step) -> None:
        if step.kind:
            self._done[step.kind] += 1
            self._done["bytes"] += step.size
            self.layout.progress.advance(1, step.size)


def _batches(found: Iterable[Step], size: int) -> Iterator[List[Step]]:
    """Yield steps that may be made in any order: never of two kinds, for the kinds go one after the other."""
    batch: List[Step] = []
    for step in found:
        if batch and (step.kind != batch[0].kind or len(batch) == size):
            yield batch
            batch = []
        batch.append(step)
    if batch:
        yield batch
