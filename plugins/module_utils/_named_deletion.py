# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting over the API what was named: tags, or all tags of repositories."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, List, Mapping, Optional

from ._api._base import ApiClient
from ._api._open import api_of, open_client
from ._api._source import ApiSource
from ._diff import render_diff
from ._graph import Graph
from ._job import RunMode
from ._named import (
    decide_repositories,
    decide_tags,
    left_alone,
    read_digest,
    read_repository_names,
    read_tag_names,
    require_all,
)
from ._over_api import OverApi
from ._patterns import compile_patterns
from ._plan import Removal
from ._planning import Marked
from ._policy import Bounds
from ._protected import ProtectedImages
from ._report import capped, describe_removal, shares_of
from ._retention import Retention


class NamedDeletion(ABC):
    """One run of a module. `result` is true at every moment, also when a method raises."""

    #: Whether a repository goes with the last of its tags, where a registry can delete it.
    removes = False

    def __init__(self, params: Mapping[str, Any], mode: RunMode) -> None:
        self.params = params
        self.mode = mode
        self.result = _empty_result()
        self.diff: Optional[Dict[str, str]] = None

    def run(self) -> None:
        """Delete what was named, or in check mode tell what would go. Raises DrydockError."""
        repositories = self.read_options()
        client = open_client(self.params, self.params["registry_url"])
        bounds = Bounds(compile_patterns(repositories, "name"), [], ProtectedImages(), {"repositories": repositories})
        api = api_of(client, bounds.repositories, [])
        way = OverApi(api, bounds, overwrites=self.params.get("overwrite_shared_tags", False), removes=self.removes)
        graph = self.read(client, api)
        retention = self.decide(graph)
        plan = way.make_plan(graph, retention, self.mode.now)
        require_all(retention, plan)
        marked = Marked(plan, graph, plan.removal, list(left_alone(retention)))
        if self.mode.check:
            self._report(marked)
            self.result["changed"] = not plan.removal.counts().is_nothing()
            return
        outcome = way.delete(marked)
        self._report(outcome.marked)
        self.result.update(outcome.describe())
        outcome.check()

    @abstractmethod
    def read_options(self) -> List[str]:
        """Return the names of the repositories. Raises InvalidOptionError."""

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
        self.result.update({key: value for key, value in described.items() if key in self.result})
        self.result["deleted"] = _counts(removal)
        if self.mode.diff:
            self.diff = render_diff(graph, plan, removal, shares)


class TagDeletion(NamedDeletion):
    """Tags of one repository, each alone."""

    def read_options(self) -> List[str]:
        self.names = read_tag_names(self.params["name"])
        self.digest = read_digest(self.params["digest"])
        (self.repository,) = read_repository_names([self.params["repository"]], "repository")
        return [self.repository]

    def read(self, client: ApiClient, api: ApiSource) -> Graph:
        """Read the repository whole, for what else needs an image; only the listing where none of the tags is there."""
        digests = client.map(lambda name: client.manifest_digest(self.repository, name), self.names)
        there = [name for name, digest in zip(self.names, digests) if digest is not None]
        return api.read({self.repository: there}) if there else api.read_tags(self.names)

    def decide(self, graph: Graph) -> Retention:
        return decide_tags(graph, self.repository, self.names, self.digest)


class RepositoryDeletion(NamedDeletion):
    """Every tag of repositories, and these themselves where the registry can delete them."""

    removes = True

    def read_options(self) -> List[str]:
        return read_repository_names(self.params["name"], "name")

    def read(self, client: ApiClient, api: ApiSource) -> Graph:
        return api.read()

    def decide(self, graph: Graph) -> Retention:
        return decide_repositories(graph)


def _empty_result() -> Dict[str, Any]:
    """Return the result of a run that has not come to anything yet: keys of a cleanup, with the same meaning."""
    lists: List[Dict[str, Any]] = [capped(key, []) for key in ("tags_deleted", "drift", "not_deleted", "notes")]
    result = {"changed": False, "deleted": _counts(Removal()), "left_untagged": 0}
    for one in lists:
        result.update(one)
    return result


def _counts(removal: Removal) -> Dict[str, int]:
    counts = removal.counts()
    return {"tags": counts.tags, "manifests": counts.manifests}
