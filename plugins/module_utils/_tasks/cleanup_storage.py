# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup of a registry's storage: what is read from there, and when it is changed."""

from __future__ import annotations

from typing import Container

from .._basics.progress import Progress
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.removal import Removal
from .._layout.known import load_known, save_known
from .._plan.closing_time import lease_for
from .._plan.limits import require_links
from .._plan.permission import Aged
from .._plan.plan import Plan
from .._plan.planning import Marked, condemned, make_plan, mark_again
from .._retention.retention import Retention, read_dates
from .._storage.owners import doubt_of_owner, require_no_other_owner
from .cleanup import Cleanup
from .cleanup_options import CleanupOptions
from .closed_registry import ClosedRegistry, require_libraries
from .edge import Output, RunMode
from .opened import Opened
from .storage_sweep import StorageSweep


class StorageCleanup(Cleanup):
    """Tags, manifests, layer links and blobs go in the storage, while the registry is shown to be closed."""

    def __init__(
        self, options: CleanupOptions, opened: Opened, mode: RunMode, output: Output, progress: Progress
    ) -> None:
        super().__init__(options, mode, output, progress)
        self.opened = opened
        self.layout = opened.layout
        self.storage = opened.storage
        self.sweep = StorageSweep(opened, options, output, self.marked_again)

    @property
    def version(self) -> str:
        return self.layout.version

    def source(self) -> dict[str, str]:
        return {**self.layout.source(), **(self.opened.name.source() if self.opened.name else {})}

    def is_for(self, plan: Plan) -> bool:
        if self.opened.name and plan.id == self.opened.name.first_plan:
            return plan.source == self.layout.source()
        return super().is_for(plan)

    def carry_out(self) -> None:
        if not self.options.only_purges:
            require_libraries(self.options, self.opened.config)
            super().carry_out()
        elif self.mode.check:
            self.sweep.predict_purge()
        else:
            self.sweep.purge()

    def read(self) -> Graph:
        require_no_other_owner(self.opened.config, self.storage)
        graph = self.layout.read()
        require_links(graph, self.settings.allow_empty, self.begun_blobs())
        applied_later = self.options.plan_dest or self.options.context.applied_later
        # Whoever applies the plan needs it while the registry is closed.
        if applied_later and self.mode.check and self._is_far():
            save_known(applied_later, self.layout.known)
        return graph

    def _is_far(self) -> bool:
        """Tell whether each read is a request."""
        return self.storage.local_root() is None

    def read_graph(self) -> Graph:
        graph = super().read_graph()
        self.output.warn_of(doubt_of_owner(self.opened.config, self.storage))
        # What goes is found again on the closed registry.
        self.storage.look_anew()
        return graph

    def read_dates(self, graph: Graph) -> None:
        read_dates(graph, self.settings, self.mode.now, self.layout.read_created)

    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        begun = condemned(graph, self.opened.interrupted.plans)
        permission = Aged(graph, self.settings, self.mode.now, begun)
        return make_plan(graph, self.settings, retention, self.source(), permission)

    def begun_blobs(self) -> Container[str]:
        return self.opened.interrupted.blobs()

    def mark_again(self, graph: Graph, plan: Plan) -> tuple[Removal, list[Drift]]:
        return mark_again(graph, plan, self.settings.protected)

    def report(self, marked: Marked) -> None:
        interrupted = self.opened.interrupted
        interrupted.sort(marked)
        self.output.result["interrupted_plans"] = [plan.id for plan in interrupted.finished]
        super().report(marked)
        kept, removed = self.output.result["kept"], marked.removal.counts()
        entries = sum(kept[kind] + getattr(removed, kind) for kind in ("tags", "manifests", "blobs"))
        self.output.result["lease"] = lease_for(entries, removed)

    def apply_new_plan(self, marked: Marked) -> None:
        self._apply_marked(marked, self._look(min(marked.graph.repositories, default=None)))

    def apply_given_plan(self, plan: Plan) -> None:
        if self.options.plan and self._is_far():
            self.layout.known = load_known(self.options.plan)
        closed = self._look(min(plan.removal.repositories, default=None))
        if not self.mode.check and self.opened.lock.is_ours():
            # This run has closed the registry: it stays so for no longer than one marking takes.
            self.sweep.apply(plan, closed)
        else:
            self._apply_marked(self.marked_again(plan), closed)

    def _look(self, repository: str | None) -> ClosedRegistry:
        return ClosedRegistry(self.opened, self.options, self.output, repository)

    def _apply_marked(self, marked: Marked, closed: ClosedRegistry) -> None:
        closed.check_contents(marked.graph)
        if self.mode.check:
            self.sweep.predict(marked.plan, marked.removal)
        elif marked.removal.counts().is_nothing():
            self.sweep.finish(closed)
        else:
            marked.graph.forget()
            self.sweep.apply(marked.plan, closed)
