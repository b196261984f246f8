# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From decisions on tags to their deletion over the API: the same for a cleanup and for tags that were named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, NamedTuple

from .._api.source import ApiSource
from .._basics.errors import DrydockError, RegistryError
from .._client.base import ApiClient
from .._graph.ability import IN_STORAGE, Ability
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.removal import Removal, RepositoryRemoval
from .._plan.permission import Ageless
from .._plan.plan import Plan
from .._plan.planning import Marked, doomed_tags, make_plan, mark_again
from .._report.report import capped, place_in_lists
from .._retention.policy import Bounds
from .._retention.retention import Retention
from .deletion import Abilities, Deletion, NotDeleted, look_at_broken

# Its src/controller/artifact/controller.go, src/server/registry/manifest.go.
_HARBOR = (
    "this is Harbor: over its API a tag goes only with its whole artifact, and with an index go those of its children "
    "that have no tag; it refuses to delete immutable tags and children of an index that stays. Space is freed by its "
    "own garbage collection, and its tag retention knows of pulls and labels"
)


class Outcome(NamedTuple):
    """What was deleted of a plan, and what not; `failure` says why it ended early, None where it did not."""

    marked: Marked
    is_changed: bool
    not_deleted: list[NotDeleted]
    failure: str | None

    def describe(self) -> dict[str, Any]:
        """Return the part of a module's result that only a run can tell."""
        left = [found._asdict() for found in sorted(self.not_deleted, key=place_in_lists)]
        return {"changed": self.is_changed, **capped("not_deleted", left)}

    def check(self) -> None:
        """Raise RegistryError, saying how far it came, where it did not go well."""
        if self.failure is not None:
            counts = self.marked.removal.counts()
            raise RegistryError(
                f"{self.failure}. Deleted: {counts.tags} tags and {counts.manifests} manifests; not deleted: "
                f"{len(self.not_deleted)} of what was planned (see not_deleted), which the next run deletes"
            )


def followed_by(first: Outcome, then: Outcome) -> Outcome:
    """Return the outcome of one run whose second deletion came to light through the first."""
    marked, more = first.marked, then.marked
    for name, repository in more.graph.repositories.items():
        known = marked.graph.repositories.setdefault(name, repository)
        known.tags = {**known.tags, **repository.tags}
        known.revisions = {**repository.revisions, **known.revisions}
    decisions = {**more.plan.decisions}
    for name, decided in marked.plan.decisions.items():
        before = {decision.tag.name for decision in decided}
        decisions[name] = [*decided, *(one for one in decisions.get(name, []) if one.tag.name not in before)]
    gone = {(name, tag) for name, one in more.removal.repositories.items() for tag in one.tags}
    drift = [found for found in marked.drift if (found.repository, found.name) not in gone]
    plan = replace(marked.plan, decisions=decisions)
    return Outcome(
        Marked(plan, marked.graph, _joined(marked.removal, more.removal), [*drift, *more.drift]),
        first.is_changed or then.is_changed,
        then.not_deleted,
        then.failure,
    )


def _joined(first: Removal, then: Removal) -> Removal:
    repositories = dict(first.repositories)
    for name, more in then.repositories.items():
        one = repositories.get(name, RepositoryRemoval())
        repositories[name] = replace(
            more, tags={**one.tags, **more.tags}, manifests={**one.manifests, **more.manifests}
        )
    return Removal(repositories, left_untagged=first.left_untagged + then.left_untagged)


def notes_on(client: ApiClient) -> list[str]:
    """Return what holds at the registry that was asked, and at others does not."""
    return [_HARBOR] if client.is_harbor else []


class OverApi:
    """Plans and deletions on one registry. What it can delete is asked once, and only where something is to go.

    With `removes` a repository of which nothing is left goes too, where the registry can do that.
    """

    def __init__(self, api: ApiSource, bounds: Bounds, *, overwrites: bool, removes: bool = False) -> None:
        self.api = api
        self.bounds = bounds
        self.overwrites = overwrites
        self.removes = removes and api.deletes_repositories
        self._abilities: Abilities | None = None

    @property
    def is_writable(self) -> bool:
        """Tell whether the registry was seen to delete."""
        return self._abilities is not None

    def make_plan(self, graph: Graph, retention: Retention, now: float) -> Plan:
        """Return the plan that follows from the decisions, made at `now` (seconds)."""
        doomed = {name: [tag.digest for tag in tags.values()] for name, tags in doomed_tags(retention).items()}
        going = {name: digests for name, digests in doomed.items() if digests or self.removes}
        abilities = self._prepare(graph, going)
        permission = Ageless(graph, self.bounds, now, abilities.plan)
        plan = make_plan(graph, self.bounds, retention, self.api.source(), permission)
        _note_what_is_not_seen(graph, plan.removal)
        return plan

    def mark_again(self, graph: Graph, plan: Plan) -> tuple[Removal, list[Drift]]:
        """Return what of the plan may still go, and what not and why."""
        look_at_broken(self.api, graph, plan)
        found = graph.repositories
        going = {
            name: [tag.digest for tag in gone.tags.values() if tag.name in found[name].tags]
            for name, gone in plan.removal.repositories.items()
            if name in found
        }
        going = {name: digests for name, digests in going.items() if digests}
        removal, drift = mark_again(graph, plan, self.bounds.protected, self._prepare(graph, going).plan)
        _note_what_is_not_seen(graph, removal)
        return removal, drift

    def delete(self, marked: Marked) -> Outcome:
        """Delete what may go."""
        plan, graph, removal, drift = marked
        if removal.counts().is_nothing() or self._abilities is None:
            return Outcome(marked, False, [], None)
        deletion = Deletion(self.api, graph, replace(plan, removal=removal), self.bounds.protected, self._abilities)
        failure: str | None = None
        try:
            deletion.run()
        except DrydockError as error:
            failure = str(error)
        done = deletion.done
        again = mark_again(graph, replace(plan, removal=done), self.bounds.protected, self._abilities.plan)[0]
        done.left_untagged = again.left_untagged
        not_deleted = [] if failure is None else deletion.not_deleted(failure)
        marked = Marked(plan, graph, done, [*drift, *deletion.drift])
        return Outcome(marked, deletion.is_changed, not_deleted, failure)

    def _prepare(self, graph: Graph, going: Mapping[str, Iterable[str]]) -> Abilities:
        """Find out what can be deleted, and read what would go with the images that lose a tag."""
        if not going:
            return self._abilities or Abilities(IN_STORAGE, IN_STORAGE)
        if self._abilities is None:
            server = self.api.find_ability(min(going))
            plan = Ability(server.tags or self.overwrites, server.manifests, self.removes)
            self._abilities = Abilities(server, plan)
        if self._abilities.server.manifests:
            # What an index says of its children nobody has checked: one that stays may need what seems to be no part
            # of it.
            self.api.complete(graph, {name: list(graph.repositories[name].revisions) for name in going})
        return self._abilities


def _note_what_is_not_seen(graph: Graph, removal: Removal) -> None:
    lists = sum(
        tag in graph.repositories[name].attached and "." not in tag
        for name, gone in removal.repositories.items()
        for tag in gone.tags
    )
    if lists:
        graph.notes.append(
            f"{lists} lists of referrers go; those that clients replaced before have no tag, are not shown by the API "
            "and stay with what they name"
        )
    manifests = removal.counts().manifests
    if manifests:
        graph.notes.append(
            f"{manifests} manifests go by their digests; an index without a tag, which the API does not show, loses "
            "those of them that it names"
        )
