# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting over the API what was named: tags, or all tags of repositories."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .._api.source import ApiSource
from .._api.ways import api_of
from .._apply.over_api import Outcome, OverApi, followed_by, notes_on
from .._basics.patterns import compile_patterns
from .._client.base import ApiClient
from .._client.open import open_client
from .._graph.graph import Graph
from .._graph.removal import Removal
from .._plan.named import left_alone, require_all
from .._plan.planning import Marked
from .._report.diff import render_diff
from .._report.report import capped, describe_removal, shares_of
from .._retention.named import decide_hidden, decide_repositories, decide_tags, hidden_tags
from .._retention.policy import Bounds
from .._retention.protected import ProtectedImages
from .._retention.retention import Retention
from .deletion_options import DeletionOptions
from .edge import Output, RunMode

# So many times a repository is listed again, and so many tags are named in an error.
_LISTINGS = 20
_SHOWN = 5


class NamedDeletion(ABC):
    """One run of a module. `output` is true at every moment."""

    #: Whether repositories go whole, and where a registry can delete them, with the last of their tags.
    removes = False

    def __init__(self, options: DeletionOptions, mode: RunMode, output: Output) -> None:
        self.options = options
        self.mode = mode
        self.output = output

    def run(self) -> None:
        """Delete what was named, or in check mode tell what would go. Raises DrydockError."""
        named, overwrites = list(self.options.repositories), self.options.overwrite_shared_tags
        client = open_client(self.options.client)
        bounds = Bounds(compile_patterns(named, "name"), [], ProtectedImages(), {"repositories": named})
        api = api_of(client, bounds.repositories, [])
        way = OverApi(api, bounds, overwrites=overwrites, removes=self.removes)
        graph = self.read(client, api)
        graph.notes.extend(notes_on(client))
        marked = self._plan(way, graph, self.decide(graph))
        if self.mode.check:
            self._report(marked)
            self.output.result["changed"] = not marked.removal.counts().is_nothing()
            return
        outcome = way.delete(marked)
        if self.removes and outcome.is_changed and outcome.failure is None:
            outcome = self._delete_the_rest(way, api, outcome)
        self._report(outcome.marked)
        self.output.result.update(outcome.describe())
        outcome.check()

    def _plan(self, way: OverApi, graph: Graph, retention: Retention) -> Marked:
        plan = way.make_plan(graph, retention, self.mode.now)
        require_all(retention, plan, dead_may_stay=self.removes)
        return Marked(plan, graph, plan.removal, list(left_alone(retention)))

    def _delete_the_rest(self, way: OverApi, api: ApiSource, outcome: Outcome) -> Outcome:
        """Delete the tags that the listing had hidden, and list again, until it shows none of them.

        Whatever else it shows was pushed meanwhile, for all that is known, and stays.
        """
        listed = {name: set(one.tags) for name, one in outcome.marked.graph.repositories.items()}
        graph = api.read()
        for _number in range(_LISTINGS):
            hidden = hidden_tags(graph, listed)
            if not hidden:
                break
            then = way.delete(self._plan(way, graph, decide_hidden(graph, hidden)))
            outcome = followed_by(outcome, then)
            if then.failure is not None:
                return outcome
            graph = api.read()
        left = [f"{n}:{tag.name}" for n, one in graph.repositories.items() for tag in one.tags.values() if tag.digest]
        if not left:
            return outcome
        more = [f"{len(left) - _SHOWN} more"] if len(left) > _SHOWN else []
        return outcome._replace(
            failure=f"{api.client.url} still has {', '.join([*left[:_SHOWN], *more])}, pushed meanwhile or not listed "
            "before; run this again to delete that too"
        )

    @abstractmethod
    def read(self, client: ApiClient, api: ApiSource) -> Graph:
        """Read these repositories."""

    @abstractmethod
    def decide(self, graph: Graph) -> Retention:
        """Decide on the tags that were named."""

    def _report(self, marked: Marked) -> None:
        """Put into the result what goes, or what went."""
        plan, graph, removal, drift = marked
        shares = shares_of(graph, removal)
        described = describe_removal(graph, plan, removal, drift, shares)
        self.output.result.update({key: value for key, value in described.items() if key in self.output.result})
        self.output.result["deleted"] = _counts(removal)
        if self.mode.diff:
            self.output.diff = render_diff(graph, plan, removal, shares)


class TagDeletion(NamedDeletion):
    """Tags of one repository, each alone."""

    def read(self, client: ApiClient, api: ApiSource) -> Graph:
        """Read the repository whole, for what else needs an image; only the listing where none of the tags is there."""
        (repository,), names = self.options.repositories, self.options.tags
        answers = client.map(lambda name: client.has_manifest(repository, name), names)
        there = [name for name, is_there in zip(names, answers) if is_there]
        return api.read({repository: there}) if there else api.read_tags(names)

    def decide(self, graph: Graph) -> Retention:
        (repository,) = self.options.repositories
        return decide_tags(graph, repository, self.options.tags, self.options.digest)


class RepositoryDeletion(NamedDeletion):
    """Every tag of repositories, and these themselves where the registry can delete them."""

    removes = True

    def read(self, client: ApiClient, api: ApiSource) -> Graph:
        return api.read()

    def decide(self, graph: Graph) -> Retention:
        return decide_repositories(graph)


def empty_deletion() -> dict[str, Any]:
    """Return the result of a run that has not come to anything yet: keys of a cleanup, with the same meaning."""
    lists: list[dict[str, Any]] = [capped(key, []) for key in ("tags_deleted", "drift", "not_deleted", "notes")]
    result = {"changed": False, "deleted": _counts(Removal()), "left_untagged": 0}
    for one in lists:
        result.update(one)
    return result


def _counts(removal: Removal) -> dict[str, int]:
    counts = removal.counts()
    return {"tags": counts.tags, "manifests": counts.manifests}
