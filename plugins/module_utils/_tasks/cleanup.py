# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through the house: source → graph → retention → plan → marking again → apply.

Everything that decides is pure and lives elsewhere; here it is joined with what reads and what changes. What differs
between a registry's storage and its API is in `_tasks/cleanup_storage.py` and `_tasks/cleanup_api.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Container

from .._basics.durable import write_durably
from .._basics.errors import InvalidOptionError, PlanError
from .._basics.names import NAMES
from .._basics.progress import Progress
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.removal import Counts, Removal
from .._plan.file import dump_plan, load_plan
from .._plan.limits import check_limits
from .._plan.plan import Plan
from .._plan.planning import Marked, narrowed
from .._plan.unmatched import check_beside_plan, check_unmatched
from .._report.diff import render_diff
from .._report.report import capped, describe_removal, no_plan_lists, shares_of
from .._retention.retention import Retention, retain
from .._storage.own_files import read_text
from .cleanup_options import CleanupOptions
from .edge import Output, RunMode


class Cleanup(ABC):
    """One run of the module, on a registry that was found. `output` is true at every moment.

    `tells_what_was_done` is set where the lists in it are no longer those of the plan.
    """

    def __init__(self, options: CleanupOptions, mode: RunMode, output: Output, progress: Progress) -> None:
        self.options = options
        self.settings = options.settings
        self.mode = mode
        self.output = output
        self.progress = progress
        self.tells_what_was_done = False
        self._would_go = Counts()

    def run(self) -> None:
        """Make or take the plan, and apply it unless in check mode. Raises DrydockError."""
        try:
            self.settings.check_possible(NAMES[self.version])
            self.carry_out()
        except Exception:
            # Ansible shows the whole result of a task that failed; what the plan was to do the diff tells.
            if not self.tells_what_was_done:
                self.output.result.update(no_plan_lists())
            raise
        if self.mode.check:
            self.output.result["deleted"] = dict(self._would_go._asdict())

    def carry_out(self) -> None:
        """Do what was asked for, once the options are known to be usable."""
        if self.options.plan is None:
            self._plan_and_apply()
        else:
            plan = self._load_plan(self.options.plan)
            self.output.warn_of(*check_beside_plan(plan, self.settings, self.options.on_unmatched))
            self.apply_given_plan(plan)

    @property
    @abstractmethod
    def version(self) -> str:
        """Return the version of the registry's API."""

    @abstractmethod
    def source(self) -> dict[str, str]:
        """Return what plans call this registry."""

    @abstractmethod
    def read(self) -> Graph:
        """Read what is there. Raises StorageError, RegistryError or DoubtError."""

    @abstractmethod
    def read_dates(self, graph: Graph) -> None:
        """Add the image dates that the policies need."""

    def decide(self, graph: Graph) -> Retention:
        """Return the decision on every tag."""
        return retain(graph, self.settings, self.mode.now)

    @abstractmethod
    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        """Return the plan that follows from the decisions."""

    @abstractmethod
    def mark_again(self, graph: Graph, plan: Plan) -> tuple[Removal, list[Drift]]:
        """Return what of the plan may still go, and what not and why."""

    def begun_blobs(self) -> Container[str]:
        """Return the blobs that an interrupted run was about to remove."""
        return ()

    @abstractmethod
    def apply_new_plan(self, marked: Marked) -> None:
        """Apply a plan that was made just now from this graph; in check mode only check that it could be."""

    @abstractmethod
    def apply_given_plan(self, plan: Plan) -> None:
        """Apply a saved plan as far as it still holds; in check mode show how far that is."""

    def _plan_and_apply(self) -> None:
        graph = self.read_graph()
        self.output.warn_of(*check_unmatched(graph, self.settings, self.options.on_unmatched))
        passed_on = len(graph.warnings)
        self.read_dates(graph)
        self.progress.stage("deciding")
        retention = self.decide(graph)
        self.output.result.update(capped("broken_tags", [found._asdict() for found in retention.broken]))
        self.output.warn_of(*retention.warnings)
        plan = self.make_plan(graph, retention)
        self.output.warn_of(*graph.warnings[passed_on:])
        self._write_plan(plan)
        marked = Marked(plan, graph, plan.removal, [])
        self.report(marked)
        self._check_limits(marked)
        self.apply_new_plan(marked)

    def read_graph(self) -> Graph:
        """Read, and pass on what somebody should look into."""
        graph = self.read()
        self.output.warn_of(*graph.warnings)
        return graph

    def marked_again(self, plan: Plan) -> Marked:
        """Read again, report what of the plan still holds, and hold that against the limits."""
        with self.progress.again():
            graph = self.read()
            self.progress.stage("marking")
        allowed, left_alone = narrowed(plan, self.settings)
        removal, drift = self.mark_again(graph, allowed)
        marked = Marked(plan, graph, removal, [*left_alone, *drift])
        self.report(marked)
        self._check_limits(marked)
        return marked

    def report(self, marked: Marked) -> None:
        """Put into the result what goes, or in check mode would go."""
        plan, graph, removal, drift = marked
        shares = shares_of(graph, removal)
        self.output.result.update(describe_removal(graph, plan, removal, drift, shares))
        self._would_go = removal.counts()
        if self.mode.diff:
            self.output.diff = render_diff(graph, plan, removal, shares)

    def _check_limits(self, marked: Marked) -> None:
        """Raise PlanError where too much goes, and show that with or without --diff: somebody has to look at it."""
        plan, graph, removal, _drift = marked
        try:
            check_limits(self.options.limits, removal, graph, self.begun_blobs())
        except PlanError:
            if self.output.diff is None:
                self.output.diff = render_diff(graph, plan, removal, shares_of(graph, removal))
            raise

    def _load_plan(self, path: str) -> Plan:
        plan = load_plan(read_text(path), path)
        if not self.is_for(plan):
            raise PlanError(
                f"{path} is a plan for {plan.source}, this is {self.source()}; nothing was changed. If it is the right "
                "one, make the plan again"
            )
        return plan

    def is_for(self, plan: Plan) -> bool:
        """Tell whether the plan was made for this registry."""
        return plan.source == self.source()

    def _write_plan(self, plan: Plan) -> None:
        path = self.options.plan_dest
        if path is None:
            return
        try:
            write_durably(path, dump_plan(plan))
        except OSError as error:
            raise InvalidOptionError(
                "plan_dest", path, f"a file that can be written here ({error.strerror})"
            ) from error
        self.output.result["plan_dest"] = path
