# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup over a registry's API: tags go while the registry is open, space is freed by its own garbage collector."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from .._api.ways import api_of
from .._apply.over_api import OverApi, notes_on
from .._basics.errors import InvalidOptionError
from .._basics.patterns import Pattern, compile_patterns
from .._client.open import open_client
from .._client.options import read_client_options
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.reach import Node
from .._graph.removal import Removal
from .._plan.plan import Plan
from .._plan.planning import Marked
from .._retention.retention import Retention, read_dates
from .cleanup import Cleanup


class ApiCleanup(Cleanup):
    """Tags, and where the registry can't delete these alone their manifests, go over the API."""

    def open(self) -> None:
        check_for_api(self.params)
        self.client = open_client(read_client_options(self.params), self.params["registry_url"])
        self._look_at(self.settings.repositories, self.settings.exclude_repositories)

    @property
    def version(self) -> str:
        return self.client.version

    def source(self) -> Dict[str, str]:
        return self.api.source()

    def read(self) -> Graph:
        graph = self.api.read()
        graph.notes.extend(notes_on(self.client))
        if self.settings.protected.digests:
            # What is in use somewhere may be named by the digest of a child, or of a child's configuration.
            self.api.complete(graph, {name: found.revisions for name, found in graph.repositories.items()})
        return graph

    def read_dates(self, graph: Graph) -> None:
        dated = read_dates(graph, self.settings, self.now, self.api.read_created)
        if dated and any(policy.sort_by == "pushed" for policy in self.settings.policies):
            graph.notes.append("the API does not tell when a tag was pushed: the dates of the images are used instead")

    def decide(self, graph: Graph) -> Retention:
        """Decide, and again as long as an image by whose standing others go turns out not to pull.

        Whether all parts of an image are there is only asked of such images: each costs a request for every layer.
        """
        asked: Set[Node] = set()
        while True:
            retention = super().decide(graph)
            relied_on = {(name, digest) for name, digests in retention.relied_on.items() for digest in digests}
            unasked = sorted(relied_on - asked)
            if not unasked:
                return retention
            asked.update(unasked)
            images: Dict[str, List[str]] = {}
            for name, digest in unasked:
                images.setdefault(name, []).append(digest)
            self.api.look_for_parts(graph, images)

    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        return self.way.make_plan(graph, retention, self.now)

    def mark_again(self, graph: Graph, plan: Plan) -> Tuple[Removal, List[Drift]]:
        return self.way.mark_again(graph, plan)

    def apply_new_plan(self, marked: Marked) -> None:
        if self.check_mode:
            self.result["changed"] = not marked.removal.counts().is_nothing()
            return
        outcome = self.way.delete(marked)
        self.report(outcome.marked)
        self.result.update(deleted=dict(outcome.marked.removal.counts()._asdict()), **outcome.describe())
        outcome.check()

    def apply_given_plan(self, plan: Plan) -> None:
        options = {name: plan.options.get(name) or [] for name in ("repositories", "exclude_repositories")}
        # What the plan was made from is read again, whatever the options of this run select.
        self._look_at(*(compile_patterns(texts, name) for name, texts in options.items()))
        self.apply_new_plan(self.marked_again(plan))

    def report(self, marked: Marked) -> None:
        if self.way.is_writable:
            self.result["registry_mode"] = "writable"
        super().report(marked)

    def _look_at(self, included: Sequence[Pattern], excluded: Sequence[Pattern]) -> None:
        self.api = api_of(self.client, included, excluded, self.progress)
        self.way = OverApi(self.api, self.settings, overwrites=self.params["overwrite_shared_tags"])


def check_for_api(params: Mapping[str, Any]) -> None:
    """Raise InvalidOptionError for what can't be done without the storage."""
    if not params["registry_url"]:
        raise InvalidOptionError(
            "registry_url", params["registry_url"], "the address of a registry, or registry_config or storage instead"
        )
    for option, usable, why in (
        ("delete_untagged", False, "which manifests have no tag is not known over the API"),
        ("delete_detached_referrers", False, "an image may be there and not be listed over the API"),
        ("quarantine", "delete", "nothing is set aside over the API"),
    ):
        if params[option] != usable:
            raise InvalidOptionError(option, params[option], f"{usable} where only registry_url is given: {why}")
