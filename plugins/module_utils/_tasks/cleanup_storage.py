# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup of a registry's storage: proof that it is closed, sweep into the quarantine, interrupted plans."""

from __future__ import annotations

import json
import time
from collections import ChainMap
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Container, Dict, Iterator, List, Optional, Tuple

from .._apply.quarantine import Quarantine
from .._apply.sentry import Sentry
from .._apply.sweep import Sweep
from .._basics.errors import DrydockError, FullError, InvalidOptionError, NotClosedError, StorageError
from .._client.options import read_client_options
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.removal import Removal
from .._layout.known import load_known, save_known
from .._layout.open import open_layout
from .._lock.lock import Hold, Lock
from .._plan.file import dump_plan
from .._plan.limits import require_links
from .._plan.permission import Aged
from .._plan.plan import Plan
from .._plan.planning import Marked, condemned, make_plan, mark_again
from .._plan.store_name import StoreName, new_store_name, read_store_name
from .._proof.closed import Closedness, check_contents, look, look_again, require_closed, show_same_storage, why_open
from .._proof.probe import Mode
from .._registry.cache import UNKNOWN_CACHE, check_cache, forget_blobs
from .._retention.retention import Retention, read_dates
from .._storage.open import read_storage_options
from .._storage.owners import doubt_of_owner, require_no_other_owner, require_plain_registry
from .cleanup import Cleanup

# How long a run that closed nothing itself holds the registry at most: as long a host that broke down is in the way.
_LONGEST = 24 * 3600.0
# Paths in one warning.
_SHOWN = 5


class StorageCleanup(Cleanup):
    """Tags, manifests, layer links and blobs go in the storage, while the registry is shown to be closed."""

    def open(self) -> None:
        options = read_storage_options(self.params)
        self.config = options.config
        self.layout = open_layout(options, self.progress)
        self.storage = self.layout.storage
        self._require_quarantine()
        # The role deletes what was set aside when the registry is open again.
        deletes = self.params["quarantine"] == "delete" or self.context.deleted_later
        self.storage.must_set_aside = not deletes
        self.quarantine = Quarantine(self.storage)
        self.interrupted = self.quarantine.interrupted()
        begun = (gone for plan in self.interrupted for gone in plan.removal.repositories.values())
        self.layout.unlinked = {tag.digest for gone in begun for tag in gone.tags.values()}
        self.finished: List[Plan] = []
        self.lock = Lock(self.storage.lock_files(), self.context.run, self.context.gone_runs)

    def carry_out(self) -> None:
        if self.params["quarantine"] == "purge":
            self._purge()
        else:
            super().carry_out()

    def _require_quarantine(self) -> None:
        if not self.storage.sets_aside and self.params["quarantine"] != "delete":
            raise InvalidOptionError(
                "quarantine",
                self.params["quarantine"],
                "delete: nothing can be set aside on S3; to be able to undo, let the bucket keep versions",
            )

    @property
    def version(self) -> str:
        return self.layout.version

    def source(self) -> Dict[str, str]:
        return {**self.layout.source(), **(self.store_name.source() if self.store_name else {})}

    def is_for(self, plan: Plan) -> bool:
        if self.store_name and plan.id == self.store_name.first_plan:
            return plan.source == self.layout.source()
        return super().is_for(plan)

    @cached_property
    def store_name(self) -> Optional[StoreName]:
        """The name that the storage had when this run began."""
        return read_store_name(self.storage.read_name())

    def _name_storage(self, plan: Plan) -> None:
        """Name a storage that has no name yet; where that can't be done, another run does it."""
        if self.store_name is None:
            try:
                self.storage.write_name(new_store_name(plan).content())
            except FullError:
                pass
            except StorageError as error:
                self.warn(f"the storage has no name of its own by which plans tell it from others: {error}")

    def read(self) -> Graph:
        require_no_other_owner(self.config, self.storage)
        graph = self.layout.read()
        require_links(graph, self.settings.allow_empty, self.begun_blobs())
        applied_later = self.params["plan_dest"] or self.context.applied_later
        # Whoever applies the plan needs it while the registry is closed.
        if applied_later and self.check_mode and self._is_far():
            save_known(applied_later, self.layout.known)
        return graph

    def _is_far(self) -> bool:
        """Whether each read is a request."""
        return self.storage.local_root() is None

    def read_graph(self) -> Graph:
        graph = super().read_graph()
        self._warn_of(doubt_of_owner(self.config, self.storage))
        # What goes is found again on the closed registry.
        self.storage.look_anew()
        return graph

    def read_dates(self, graph: Graph) -> None:
        read_dates(graph, self.settings, self.now, self.layout.read_created)

    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        permission = Aged(graph, self.settings, self.now, condemned(graph, self.interrupted))
        return make_plan(graph, self.settings, retention, self.source(), permission)

    def begun_blobs(self) -> Container[str]:
        return ChainMap(*(plan.removal.blobs for plan in self.interrupted))

    def mark_again(self, graph: Graph, plan: Plan) -> Tuple[Removal, List[Drift]]:
        return mark_again(graph, plan, self.settings.protected)

    def apply_new_plan(self, marked: Marked) -> None:
        self._apply_marked(marked, self._look(next(iter(sorted(marked.graph.repositories)), None)))

    def apply_given_plan(self, plan: Plan) -> None:
        if self._is_far():
            self.layout.known = load_known(self.params["plan"])
        closedness = self._look(next(iter(sorted(plan.removal.repositories)), None))
        if not self.check_mode and self.lock.is_ours():
            # This run has closed the registry: it stays so for no longer than one marking takes.
            self._apply(plan, closedness)
        else:
            self._apply_marked(self.marked_again(plan), closedness)

    def _apply_marked(self, marked: Marked, closedness: Closedness) -> None:
        check_contents(closedness, marked.graph, self.storage)
        if self.check_mode:
            self._predict(marked.plan, marked.removal)
        elif not marked.removal.counts().is_nothing():
            marked.graph.forget()
            self._apply(marked.plan, closedness)
        else:
            with self._entered(closedness) if self.finished else nullcontext():
                self._finish()

    def report(self, marked: Marked) -> None:
        self._sort_interrupted(marked)
        super().report(marked)

    def _apply(self, plan: Plan, closedness: Closedness) -> None:
        self._require_closed(closedness)
        self._check_changeable(plan)
        check_cache(self.config)
        with self._entered(closedness) as sentry:
            sentry.require_time()
            marked = self.marked_again(plan)
            self._check_same_storage(closedness, marked)
            if not marked.removal.counts().is_nothing():
                self._warn_of_versions(marked.removal)
                with self._cache_forgotten():
                    self._sweep(marked, sentry)
            self._finish()
            if self.result["changed"]:
                self._name_storage(plan)

    @contextmanager
    def _entered(self, closedness: Closedness) -> Iterator[Sentry]:
        """Hold the registry, as part of the run that closed it or for itself. Raises HeldError."""
        with self.lock.entered(time.time() + _LONGEST) as hold:
            self._require_registries(hold)
            yield Sentry(self.lock, hold.closed_until, lambda: self._require_still_closed(closedness))

    def _require_registries(self, hold: Hold) -> None:
        """The lock lies in this storage, so only registries that share it can have left their word there."""
        expected = self.context.closed_registries
        if len(hold.hosts) < expected:
            raise NotClosedError(
                f"nothing was changed: of {expected} registries that are said to share this storage, only those of "
                f"{', '.join(hold.hosts)} were closed here; see that all of them have the same storage mounted"
            )

    def _require_still_closed(self, closedness: Closedness) -> None:
        if not self.params["require_read_only"]:
            return
        now = look_again(closedness)
        self.result["registry_mode"] = now.mode.value
        reason = why_open(now, self.config, self.storage)
        if reason is not None:
            raise NotClosedError(f"the registry is not closed any more: {reason}")

    def _require_closed(self, closedness: Closedness) -> None:
        if self.params["require_read_only"]:
            require_closed(closedness, self.config, self.storage)
        elif closedness.mode not in (Mode.READ_ONLY, Mode.STOPPED):
            self.warn(
                f"the registry was not shown to be closed ({closedness.detail}); "
                "with require_read_only: false an image that is pushed during the sweep can be damaged"
            )

    def _check_same_storage(self, closedness: Closedness, marked: Marked) -> None:
        if not self.params["require_read_only"]:
            return
        check_contents(closedness, marked.graph, self.storage)
        if not marked.removal.counts().is_nothing():
            show_same_storage(closedness, marked.graph, self.layout)

    def _sweep(self, marked: Marked, sentry: Sentry) -> None:
        sweep = Sweep(marked.removal, marked.graph, self.layout, self.storage, sentry.look)
        try:
            with sentry.on_duty():
                sweep.run(self.quarantine.begin(marked.plan))
                self.quarantine.finish(marked.plan)
        except StorageError as error:
            raise StorageError(
                f"{error}. Done before that: {json.dumps(sweep.done._asdict())}; "
                "what is left is finished by the next run"
            ) from error
        finally:
            self.result["deleted"] = dict(sweep.done._asdict())
            self.result["changed"] = not sweep.done.is_nothing()
            self._warn_of(self.storage.why_slow())

    @contextmanager
    def _cache_forgotten(self) -> Iterator[None]:
        """Delete what the registry has in Redis: before the sweep, which may end with the host, and however it ends."""
        self._warn_of_unknown_cache()
        forget_blobs(self.config)
        try:
            yield
        except BaseException:  # an error of our own, too: blobs have gone all the same
            try:
                forget_blobs(self.config)
            except DrydockError as error:
                self.warn(str(error))
            raise
        forget_blobs(self.config)

    def _finish(self) -> None:
        self._warn_of_unfinished()
        for plan in self.finished:
            if self.quarantine.is_unfinished(plan):
                self.quarantine.finish(plan)
            self.result["changed"] = True
        self.progress.stage("deleting what was set aside")
        if self.params["quarantine"] == "delete":
            self._delete_set_aside()
        self._weigh_quarantine()

    def _purge(self) -> None:
        self._weigh_quarantine()
        if self.check_mode:
            self.result["changed"] = self.quarantine.can_purge()
        else:
            self._delete_set_aside()
            self._weigh_quarantine()

    def _delete_set_aside(self) -> None:
        """All that goes has gone from the registry: what can't be deleted is no failure of the run."""
        removed = self.quarantine.purge()
        self.result["changed"] |= removed.is_changed
        if removed.left:
            shown, more = removed.left[:_SHOWN], len(removed.left) - _SHOWN
            self.warn(
                f"of what was set aside {len(removed.left)} files stay until the next run: {'; '.join(shown)}"
                f"{f'; and {more} more' if more > 0 else ''}"
            )

    def _check_changeable(self, plan: Plan) -> None:
        self.storage.check_changeable()
        try:
            self._warn_of(self.storage.check_room(lambda: sum(map(len, dump_plan(plan)))))
        except FullError as error:
            held = self.quarantine.weigh().bytes
            how = f". Earlier runs have set {held} bytes aside, which quarantine: purge deletes" if held else ""
            raise FullError(f"{error}{how}") from error

    def _predict(self, plan: Plan, removal: Removal) -> None:
        if not removal.counts().is_nothing():
            self._check_changeable(plan)
            if self.context.run_follows:
                # No preview, which only reads: what a run finds out now, it need not close the registry for.
                self.storage.try_removing()
                self._warn_of(self.storage.why_slow())
            self._warn_of_unknown_cache()
            self._warn_of_obstacles()
            self._warn_of_versions(removal)
        self._warn_of_unfinished()
        purges = self.params["quarantine"] == "delete" and self.quarantine.can_purge()
        self.result["changed"] = bool(not removal.counts().is_nothing() or purges or self.finished)
        self._weigh_quarantine()

    def _weigh_quarantine(self) -> None:
        self.result["quarantine"] = dict(self.quarantine.weigh()._asdict())

    def _sort_interrupted(self, marked: Marked) -> None:
        """Find the interrupted plans of which nothing is left once this one is applied."""
        self.finished = [
            plan
            for plan in self.interrupted
            if marked.removal.covers(mark_again(marked.graph, plan, self.settings.protected)[0])
        ]
        self.result["interrupted_plans"] = [plan.id for plan in self.finished]

    def _warn_of_unfinished(self) -> None:
        finished = self.result["interrupted_plans"]
        for plan in self.interrupted:
            if plan.id not in finished:
                self.warn(
                    f"the interrupted plan {plan.id} holds more than this run does: run with its options again, or "
                    f"move {self.quarantine.where(plan)} away to give it up"
                )

    def _warn_of_unknown_cache(self) -> None:
        if self.config is None:
            self.warn(UNKNOWN_CACHE)

    def _warn_of_versions(self, removal: Removal) -> None:
        self._warn_of(self.storage.held_back(removal.counts().bytes))

    def _warn_of(self, why: Optional[str]) -> None:
        if why is not None:
            self.warn(why)

    def _warn_of_obstacles(self) -> None:
        """Tell in check mode what would refuse a run now, and may be gone by then."""
        for check in (self.lock.require_free, lambda: check_cache(self.config)):
            try:
                check()
            except DrydockError as error:
                self.warn(str(error))

    def _look(self, repository: Optional[str]) -> Closedness:
        if not self.params["require_read_only"] and not self.params["registry_url"]:
            return Closedness(Mode.UNKNOWN, "it was not asked", None)
        closedness = look(read_client_options(self.params), self.config, repository, self.layout.version)
        require_plain_registry(closedness.endpoints.clients if closedness.endpoints else ())
        self.result["registry_mode"] = closedness.mode.value
        return closedness
