# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan becomes true in a registry's storage: what could be in the way, the sweep, and what is left behind."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import Callable, Iterator

from .._apply.quarantine import room_to_set_aside
from .._apply.sweep import Sweep
from .._basics.errors import DrydockError, FullError, StorageError
from .._graph.removal import Removal
from .._plan.file import dump_plan
from .._plan.plan import Plan
from .._plan.planning import Marked
from .._plan.store_name import new_store_name
from .._registry.cache import UNKNOWN_CACHE, cache_forgotten, check_cache
from .._storage.room import room_of
from .cleanup_options import CleanupOptions
from .closed_registry import ClosedRegistry
from .edge import Output
from .opened import Opened

# Paths in one warning.
_SHOWN = 5


class StorageSweep:
    """Applies plans to one storage. `marked_again` says what of a plan may still go, now that the registry is held."""

    def __init__(
        self, opened: Opened, options: CleanupOptions, output: Output, marked_again: Callable[[Plan], Marked]
    ) -> None:
        self._opened = opened
        self._options = options
        self._output = output
        self._marked_again = marked_again

    def apply(self, plan: Plan, closed: ClosedRegistry) -> None:
        """Remove what may still go. Raises DrydockError; what was done before is in the result."""
        closed.require()
        self._check_changeable(plan)
        check_cache(self._opened.config)
        with closed.held() as sentry:
            sentry.require_time()
            marked = self._marked_again(plan)
            closed.require_same_storage(marked)
            if not marked.removal.counts().is_nothing():
                self._warn_before(marked.removal)
                sweep = Sweep(marked.removal, marked.graph, self._opened.layout, self._opened.storage, sentry.look)
                with cache_forgotten(self._opened.config, self._output.warn), self._told(sweep), sentry.on_duty():
                    sweep.run(self._opened.quarantine.begin(marked.plan))
                    self._opened.quarantine.finish(marked.plan)
            self._finish()
            if self._output.result["changed"]:
                self._name_storage(plan)

    def finish(self, closed: ClosedRegistry) -> None:
        """Do what is left where nothing goes: of interrupted plans, and of what was set aside."""
        if not self._opened.interrupted.finished:
            self._finish()
            return
        with closed.held():
            self._finish()

    def predict(self, plan: Plan, removal: Removal) -> None:
        """Say in check mode what a run would come to, and raise what would refuse it."""
        goes = not removal.counts().is_nothing()
        if goes:
            self._check_changeable(plan)
            if self._options.context.run_follows:
                # No preview, which only reads: what a run finds out now, it need not close the registry for.
                self._opened.storage.try_removing()
                self._output.warn_of(self._opened.storage.why_slow())
            self._warn_before(removal)
            self._warn_of_obstacles()
        self._output.warn_of(*self._opened.interrupted.unfinished())
        deletes = self._options.deletes_set_aside and self._opened.quarantine.can_purge()
        self._output.result["changed"] = goes or deletes or bool(self._opened.interrupted.finished)
        self._weigh_set_aside()

    def purge(self) -> None:
        """Delete what earlier runs have set aside."""
        self._weigh_set_aside()
        self._delete_set_aside()
        self._weigh_set_aside()

    def predict_purge(self) -> None:
        """Say in check mode whether there is something to delete, and how much."""
        self._weigh_set_aside()
        self._output.result["changed"] = self._opened.quarantine.can_purge()

    @contextmanager
    def _told(self, sweep: Sweep) -> Iterator[None]:
        """Put into the result what the block sweeps, however it ends."""
        try:
            yield
        except StorageError as error:
            done = sweep.done
            if done.is_nothing():
                raise
            gone = f"{done.tags} tags, {done.manifests} manifests and {done.blobs} blobs were removed"
            raise StorageError(f"{error}. Before that {gone}; the next run does the rest") from error
        finally:
            self._output.result["deleted"] = dict(sweep.done._asdict())
            self._output.result["changed"] = not sweep.done.is_nothing()
            self._output.warn_of(self._opened.storage.why_slow())

    def _finish(self) -> None:
        self._output.warn_of(*self._opened.interrupted.unfinished())
        self._output.result["changed"] |= self._opened.interrupted.finish()
        self._opened.layout.progress.stage("deleting what was set aside")
        if self._options.deletes_set_aside:
            self._delete_set_aside()
        self._weigh_set_aside()

    def _delete_set_aside(self) -> None:
        """Delete what has gone from the registry already: what can't be deleted is no failure of the run."""
        removed = self._opened.quarantine.purge()
        self._output.result["changed"] |= removed.is_changed
        if removed.left:
            shown, more = removed.left[:_SHOWN], len(removed.left) - _SHOWN
            self._output.warn(
                f"of what was set aside {len(removed.left)} files stay until the next run: {'; '.join(shown)}"
                f"{f'; and {more} more' if more > 0 else ''}"
            )

    def _weigh_set_aside(self) -> None:
        self._output.result["quarantine"] = dict(self._opened.quarantine.weigh()._asdict())
        root = self._opened.storage.local_root()
        with suppress(OSError):
            self._output.result["free_bytes"] = room_of(root).bytes if root is not None else None

    def _check_changeable(self, plan: Plan) -> None:
        self._opened.storage.check_changeable()
        try:
            room = room_to_set_aside(plan.removal)
            self._output.warn_of(self._opened.storage.check_room(lambda: sum(map(len, dump_plan(plan))), room))
        except FullError as error:
            held = self._opened.quarantine.weigh().bytes
            how = f". Earlier runs have set {held} bytes aside, which quarantine: purge deletes" if held else ""
            raise FullError(f"{error}{how}") from error

    def _warn_before(self, removal: Removal) -> None:
        self._output.warn_of(
            UNKNOWN_CACHE if self._opened.config is None else None,
            self._opened.storage.held_back(removal.counts().bytes),
        )

    def _warn_of_obstacles(self) -> None:
        """Tell in check mode what would refuse a run now, and may be gone by then."""
        for check in (self._opened.lock.require_free, lambda: check_cache(self._opened.config)):
            try:
                check()
            except DrydockError as error:
                self._output.warn(str(error))

    def _name_storage(self, plan: Plan) -> None:
        """Name a storage that has no name yet; where that can't be done, another run does it."""
        if self._opened.name is None:
            try:
                self._opened.storage.write_name(new_store_name(plan).content())
            except FullError:
                pass
            except StorageError as error:
                self._output.warn(f"the storage has no name of its own by which plans tell it from others: {error}")
