# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup over a registry's API: tags go while the registry is open, space is freed by its own garbage collector."""

from __future__ import annotations

from .._api.source import ApiSource
from .._api.ways import api_of
from .._apply.over_api import OverApi, notes_on
from .._basics.patterns import compile_patterns
from .._basics.progress import Progress
from .._client.open import open_client
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.reach import Node
from .._graph.removal import Removal
from .._plan.plan import Plan
from .._plan.planning import Marked
from .._retention.retention import Retention, read_dates
from .cleanup import Cleanup
from .cleanup_options import CleanupOptions
from .edge import Output, RunMode


class ApiCleanup(Cleanup):
    """Tags, and where the registry can't delete these alone their manifests, go over the API."""

    def __init__(self, options: CleanupOptions, mode: RunMode, output: Output, progress: Progress) -> None:
        """Ask the registry which API it has. Raises RegistryError."""
        super().__init__(options, mode, output, progress)
        self.client = open_client(options.client)
        self.api = api_of(self.client, self.settings.repositories, self.settings.exclude_repositories, progress)
        self.way = self._way_over(self.api)

    @property
    def version(self) -> str:
        return self.client.version

    def source(self) -> dict[str, str]:
        return self.api.source()

    def read(self) -> Graph:
        graph = self.api.read()
        graph.notes.extend(notes_on(self.client))
        if self.settings.protected.digests:
            # What is in use somewhere may be named by the digest of a child, or of a child's configuration.
            self.api.complete(graph, {name: found.revisions for name, found in graph.repositories.items()})
        return graph

    def read_dates(self, graph: Graph) -> None:
        dated = read_dates(graph, self.settings, self.mode.now, self.api.read_created)
        if dated and any(policy.sort_by == "pushed" for policy in self.settings.policies):
            graph.notes.append("the API does not tell when a tag was pushed: the dates of the images are used instead")

    def decide(self, graph: Graph) -> Retention:
        """Decide, and again as long as an image by whose standing others go turns out not to pull.

        Whether all parts of an image are there is only asked of such images: each costs a request for every layer.
        """
        asked: set[Node] = set()
        while True:
            retention = super().decide(graph)
            relied_on = {(name, digest) for name, digests in retention.relied_on.items() for digest in digests}
            unasked = sorted(relied_on - asked)
            if not unasked:
                return retention
            asked.update(unasked)
            images: dict[str, list[str]] = {}
            for name, digest in unasked:
                images.setdefault(name, []).append(digest)
            self.api.look_for_parts(graph, images)

    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        return self.way.make_plan(graph, retention, self.mode.now)

    def mark_again(self, graph: Graph, plan: Plan) -> tuple[Removal, list[Drift]]:
        return self.way.mark_again(graph, plan)

    def apply_new_plan(self, marked: Marked) -> None:
        if self.mode.check:
            self.output.result["changed"] = not marked.removal.counts().is_nothing()
            return
        outcome = self.way.delete(marked)
        self.report(outcome.marked)
        self.tells_what_was_done = True
        self.output.result.update(deleted=dict(outcome.marked.removal.counts()._asdict()), **outcome.describe())
        outcome.check()

    def apply_given_plan(self, plan: Plan) -> None:
        # What the plan was made from is read again, whatever the options of this run select.
        included, excluded = (
            compile_patterns(plan.options.get(name) or [], name) for name in ("repositories", "exclude_repositories")
        )
        self.api = api_of(self.client, included, excluded, self.progress)
        self.way = self._way_over(self.api)
        self.apply_new_plan(self.marked_again(plan))

    def report(self, marked: Marked) -> None:
        if self.way.is_writable:
            self.output.result["registry_mode"] = "writable"
        super().report(marked)

    def _way_over(self, api: ApiSource) -> OverApi:
        return OverApi(api, self.settings, overwrites=self.options.overwrite_shared_tags)
