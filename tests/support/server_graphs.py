# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random servers as the API shows them, what a cleanup reads of one, and what it plans."""

from __future__ import annotations

import copy
from typing import Iterable

from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._api.ability import BY_DIGEST, BY_TAG
from ansible_collections.drydock.registry.plugins.module_utils._graph.ability import Ability
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Ageless
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import doomed_tags, make_plan
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
