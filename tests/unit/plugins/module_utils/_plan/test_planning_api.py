# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of plans over the API, over random graphs and on a server that does as it is told, like real ones."""

from __future__ import annotations

import copy
from typing import Iterable

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._api.ability import BY_DIGEST, BY_TAG
from ansible_collections.drydock.registry.plugins.module_utils._apply.groups import referring_first, units
from ansible_collections.drydock.registry.plugins.module_utils._graph.ability import Ability
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Ageless
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import doomed_tags, make_plan, mark_again
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import (
    LAYERS,
    MANIFESTS,
    NOW,
    REPOSITORIES,
    TAGS,
    attach,
    manifests,
    pullable,
    pulled_by_digest,
    pulled_by_tags,
    times,
)
from support.graphs import settings as settings_of

#: By digest, with throw-away images for tags whose image is needed.
WITH_HELP = Ability(tags=True, manifests=True)
abilities = st.sampled_from([BY_DIGEST, WITH_HELP, BY_TAG])


@st.composite
def registries(draw: st.DrawFn) -> Graph:
    """What a server holds that is reached by tags, as its API would tell all of it: no times, nothing untagged."""
    graph = Graph(created=draw(st.dictionaries(st.sampled_from(MANIFESTS), times, min_size=4)))
    for number, digest in enumerate(MANIFESTS, start=1):
        if draw(st.integers(1, 10)) > 1:
            graph.manifests[digest] = draw(manifests(number))
    present = st.sampled_from(sorted(graph.manifests) or MANIFESTS)
    for name in REPOSITORIES[: draw(st.integers(1, 3))]:
        attached = [f"sha256-{digest[7:]}.sig" for digest in draw(st.lists(present, max_size=2, unique=True))]
        names = [*draw(st.lists(st.sampled_from(TAGS), min_size=1, unique=True)), *attached]
        tags = {tag: Tag(tag, draw(present), None) for tag in names}
        graph.repositories[name] = linked(graph, Repository(name, tags))
    return attach(graph)


def linked(graph: Graph, repository: Repository) -> Repository:
    """The repository with what its tags reach, and without tags that the server does not have."""
    tags = {name: tag for name, tag in repository.tags.items() if tag.digest in graph.manifests}
    revisions = dict.fromkeys(below(graph, [tag.digest for tag in tags.values()]), 0.0)
    return Repository(repository.name, tags, {**repository.revisions, **revisions})


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    policy = {
        "tags": draw(st.sampled_from([["*"], ["v*"], ["dev-*", "latest"]])),
        "keep_tags": draw(st.sampled_from([[], [], ["latest"]])),
        "keep_n": draw(st.sampled_from([0, 0, 1])),
        "sort_by": draw(st.sampled_from(["created", "name"])),
    }
    return settings_of(
        policies=[policy],
        repositories=draw(st.sampled_from([["**"], ["**"], ["a", "a/**"]])),
        allow_empty=draw(st.sampled_from([True, True, False])),
        protect_images=draw(st.sampled_from([[], [], [MANIFESTS[0]], [LAYERS[0]]])),
    )


def below(graph: Graph, digests: Iterable[str]) -> set[str]:
    """These manifests and all their descendants that the server has."""
    found: set[str] = set()
    waiting = [digest for digest in digests if digest in graph.manifests]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(child for child in graph.children_of(current) if child in graph.manifests)
    return found


def as_read(server: Graph, settings: Settings, ability: Ability) -> Graph:
    """What a cleanup knows of it: the manifests of tags and the indexes below them, and where digests go also the rest
    below what a policy lets go. Of other platforms it knows their digests, as their indexes name them."""
    known = copy.deepcopy(server)
    known.repositories = {name: one for name, one in known.repositories.items() if settings.selects(name)}
    tags = {name: {tag.digest for tag in one.tags.values()} for name, one in known.repositories.items()}
    going = {
        name: [tag.digest for tag in gone.values()] for name, gone in doomed_tags(retain(known, settings, NOW)).items()
    }
    completed = {name for name in going if ability.manifests}
    read: set[str] = set().union(*tags.values()) if tags else set()
    read |= {one for found in tags.values() for one in below(server, found) if server.children_of(one)}
    read |= {one for name in completed for one in below(server, going[name])}
    if settings.protected.digests:
        read |= {one for found in tags.values() for one in below(server, found)}
    known.manifests = {digest: manifest for digest, manifest in server.manifests.items() if digest in read}
    return attach(known)


def planned(known: Graph, settings: Settings, ability: Ability) -> Plan:
    retention = retain(known, settings, NOW)
    return make_plan(known, settings, retention, {"registry": "test"}, Ageless(known, settings, NOW, ability))


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


@given(registries(), settings(), abilities)
def test_units_hold_each_repository_once_and_signatures_with_their_images(
    server: Graph, settings: Settings, ability: Ability
) -> None:
    known = as_read(server, settings, ability)
    removal = planned(known, settings, ability).removal
    found = list(units(known, removal))
    assert sorted(name for names in found for name in names) == sorted(removal.repositories)
    unit_of = {name: names for names in found for name in names}
    for name, gone in removal.repositories.items():
        attached = known.repositories[name].attached
        for subject in {attached[tag] for tag in attached.keys() & gone.tags.keys()}:
            homes = {home for home in removal.repositories if subject in known.repositories[home].revisions}
            assert homes <= set(unit_of[name])


@given(registries(), settings())
def test_what_refers_goes_before_what_it_refers_to(server: Graph, settings: Settings) -> None:
    known = as_read(server, settings, BY_DIGEST)
    removal = planned(known, settings, BY_DIGEST).removal
    groups = list(referring_first(known, removal))
    position = {node: number for number, group in enumerate(groups) for node in group}
    nodes = {(name, digest) for name, gone in removal.repositories.items() for digest in gone.manifests}
    assert sorted(node for group in groups for node in group) == sorted(nodes)
    if any(one.attached for one in known.repositories.values()):
        return  # By their names, tags can make two manifests each other's referrers.
    for name, digest in nodes:
        manifest = known.manifests[digest]
        after = {(name, child) for child in manifest.children}
        after |= {(home, manifest.subject) for home in known.repositories if manifest.subject}
        assert all(position[name, digest] < position[node] for node in after & nodes)
