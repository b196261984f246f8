# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying a plan in storage, in the safe order: links go before what they point to.

A crash at any instant leaves only harmless orphans, which the next run finishes (docs/design.md#order-of-removal).
"""

from __future__ import annotations

import os
from typing import Callable, Iterable, Iterator, Sequence

from .._graph.graph import Graph
from .._graph.removal import Counts, Removal
from .._layout.base import Layout, Step
from .._storage.base import Storage


class Sweep:
    """A sweep that knows at every moment what it has done, so that a failure half-way can be told truly.

    `look` is called before each change, and raises StoppedError where it may not be made.
    """

    def __init__(
        self, removal: Removal, graph: Graph, layout: Layout, storage: Storage, look: Callable[[], None]
    ) -> None:
        self.removal = removal
        self.graph = graph
        self.layout = layout
        self.storage = storage
        self.look = look
        self._done: dict[str, int] = dict.fromkeys(Counts._fields, 0)

    @property
    def done(self) -> Counts:
        """Return what was removed so far."""
        return Counts(**self._done)

    def run(self, quarantine: str) -> None:
        """Remove everything, into the quarantine of that name. Raises StorageError; `done` says how far it came."""
        counts = self.removal.counts()
        self.layout.progress.stage("sweeping", sum(counts) - counts.bytes, "objects")
        emptied: dict[str, str] = {}
        for batch in _batches(self.layout.steps(self.removal, self.graph), self.storage.batch):
            self._take(batch, quarantine)
            emptied.update((os.path.dirname(step.path), step.prune_to) for step in batch if step.path and step.prune_to)
        for path, stop in emptied.items():
            self.look()
            self.storage.prune(path, stop)

    def _take(self, batch: Sequence[Step], quarantine: str) -> None:
        if batch[0].is_removal:
            taken = self.storage.remove([str(step.path) for step in batch], quarantine, self.look)
        else:
            self.look()
            taken = iter([self._rewrite(batch[0], quarantine)])
        for step, is_done in zip(batch, taken):
            if is_done:
                self._count(step)
        # What went is told before what failed.
        next(taken, None)

    def _rewrite(self, step: Step, quarantine: str) -> bool:
        if step.path is None or step.content is None:
            return True
        return self.storage.rewrite(step.path, step.content, quarantine)

    def _count(self, step: Step) -> None:
        if step.kind:
            self._done[step.kind] += step.number
            self._done["bytes"] += step.size
            self.layout.progress.advance(step.number, step.size)


def _batches(steps: Iterable[Step], size: int) -> Iterator[list[Step]]:
    """Yield steps that may be made in any order: never of two kinds, for the kinds go one after the other."""
    batch: list[Step] = []
    for step in steps:
        goes_along = batch and step.kind == batch[0].kind and step.is_removal and batch[0].is_removal
        if batch and (not goes_along or len(batch) == size):
            yield batch
            batch = []
        batch.append(step)
    if batch:
        yield batch
