# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of plans over the API, over random graphs and on a server that does as it is told, like real ones."""

from __future__ import annotations

import copy

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.ability import Ability
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import mark_again
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings
from support.graphs import (
    pullable,
    pulled_by_digest,
    pulled_by_tags,
)


def served(server: Graph, removal: Removal, ability: Ability) -> Graph:
    """The server after the removal: a digest that goes takes all its tags along, whoever needs it."""
    left = copy.deepcopy(server)
    for name, gone in removal.repositories.items():
        repository = left.repositories[name]
        for digest in gone.manifests:
            del repository.revisions[digest]
            for tag in [tag for tag in repository.tags.values() if tag.digest == digest]:
                del repository.tags[tag.name]
        if ability.tags:
            repository.tags = {name: tag for name, tag in repository.tags.items() if name not in gone.tags}
    return left


from support.server_graphs import abilities, as_read, below, linked, planned, registries, settings


def tags_of(graph: Graph) -> set[tuple[str, str]]:
    return {(name, tag) for name, repository in graph.repositories.items() for tag in repository.tags}


def planned_tags(removal: Removal) -> set[tuple[str, str]]:
    return {(name, tag) for name, gone in removal.repositories.items() for tag in gone.tags}


@given(registries(), settings(), abilities)
def test_exactly_the_planned_tags_go_and_all_others_still_pull(
    server: Graph, settings: Settings, ability: Ability
) -> None:
    removal = planned(as_read(server, settings, ability), settings, ability).removal
    after = served(server, removal, ability)
    assert tags_of(server) - tags_of(after) == planned_tags(removal)
    chosen = [name for name in server.repositories if settings.selects(name)]
    for graph in (server, after):
        graph.repositories = {name: graph.repositories[name] for name in chosen}
    asked = pulled_by_tags(after) | (pulled_by_digest(server) & pulled_by_digest(after))
    assert pullable(server, asked) <= pulled_by_digest(after)


@given(registries(), settings(), abilities)
def test_nothing_is_planned_that_the_server_cannot_do(server: Graph, settings: Settings, ability: Ability) -> None:
    removal = planned(as_read(server, settings, ability), settings, ability).removal
    for gone in removal.repositories.values():
        assert ability.tags or {tag.digest for tag in gone.tags.values()} <= gone.manifests.keys()
        assert ability.manifests or not gone.manifests


@given(registries(), settings(), abilities)
def test_twice_is_once(server: Graph, settings: Settings, ability: Ability) -> None:
    removal = planned(as_read(server, settings, ability), settings, ability).removal
    after = served(server, removal, ability)
    for repository in after.repositories.values():
        seen = dict.fromkeys(below(after, [tag.digest for tag in repository.tags.values()]), 0.0)
        # A referrer that is kept and has no tag is not seen again, and neither is what is attached to it.
        assume(not ability.manifests or seen == repository.revisions)
        repository.revisions = seen
    assert planned(as_read(after, settings, ability), settings, ability).removal.counts().is_nothing()


@given(registries(), registries(), settings(), abilities, st.data())
def test_a_plan_only_shrinks_and_stays_safe_while_others_push(
    server: Graph, other: Graph, settings: Settings, ability: Ability, data: st.DataObject
) -> None:
    plan = planned(as_read(server, settings, ability), settings, ability)
    changed = copy.deepcopy(server)
    changed.manifests.update(
        {digest: found for digest, found in other.manifests.items() if digest not in changed.manifests}
    )
    for name, found in other.repositories.items():
        repository = changed.repositories.setdefault(name, Repository(name))
        repository.tags.update({tag.name: tag for tag in found.tags.values() if data.draw(st.booleans())})
        # What was linked before is there still, with a tag or without.
        changed.repositories[name] = linked(changed, repository)
    removal, _drift = mark_again(changed, plan, settings.protected, ability)
    assert plan.removal.covers(removal)
    after = served(changed, removal, ability)
    assert tags_of(changed) - tags_of(after) == planned_tags(removal)
    assert pullable(changed, pulled_by_tags(after)) <= pulled_by_digest(after)
