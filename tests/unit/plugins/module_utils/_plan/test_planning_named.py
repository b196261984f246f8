# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of plans for named tags over random graphs, on each kind of registry."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._api.ability import BY_DIGEST, BY_TAG
from ansible_collections.drydock.registry.plugins.module_utils._graph.ability import Ability
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Ageless
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan, mark_again
from ansible_collections.drydock.registry.plugins.module_utils._retention.named import decide_repositories, decide_tags
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Bounds
from ansible_collections.drydock.registry.plugins.module_utils._retention.protected import ProtectedImages
from support.graphs import (
    MANIFESTS,
    NOW,
    TAGS,
    attach,
    graphs,
    pullable,
    pulled_by_digest,
    pulled_by_tags,
    settings,
    without,
)

# Who names a tag means it, be it the last one: such plans have no allow_empty.
BOUNDS: Bounds = replace(settings(), options={"repositories": ["**"]})
OVERWRITING = BY_DIGEST._replace(tags=True)
SIGNATURES = [f"sha256-{digest[7:]}.sig" for digest in MANIFESTS]
abilities = st.sampled_from([BY_TAG, BY_DIGEST, OVERWRITING])


class Named(NamedTuple):
    """A repository and tags of it, there or not."""

    repository: str
    tags: list[str]


@st.composite
def named(draw: st.DrawFn) -> Named:
    tags = st.lists(st.sampled_from([*TAGS, *SIGNATURES]), min_size=1, max_size=6, unique=True)
    return Named(draw(st.sampled_from(["a", "a/b"])), draw(tags))


def api_graph(graph: Graph) -> Graph:
    """As the API shows it: no times, every tag with its manifest, and what these name, and nothing else."""
    for repository in graph.repositories.values():
        repository.kept_whole = None
        repository.tags = {
            name: tag._replace(pushed=None) for name, tag in repository.tags.items() if tag.digest in graph.manifests
        }
        repository.revisions = {}
        waiting = [tag.digest for tag in repository.tags.values()]
        while waiting:
            digest = waiting.pop()
            if digest in graph.manifests and digest not in repository.revisions:
                repository.revisions[digest] = 0.0
                waiting.extend(graph.children_of(digest))
    graph.has_all_blobs = False
    return attach(graph)


def planned(graph: Graph, wanted: Named, ability: Ability) -> Plan:
    retention = decide_tags(graph, wanted.repository, wanted.tags, None)
    return make_plan(graph, BOUNDS, retention, {}, Ageless(graph, BOUNDS, NOW, ability))


def gone_tags(removal: Removal) -> set[tuple[str, str]]:
    return {(name, tag) for name, gone in removal.repositories.items() for tag in gone.tags}


@given(graphs().map(api_graph), named(), abilities)
def test_everything_that_nobody_named_still_pulls(graph: Graph, wanted: Named, ability: Ability) -> None:
    removal = planned(graph, wanted, ability).removal
    after = without(graph, removal)
    tags_only = Removal({name: RepositoryRemoval(tags=gone.tags) for name, gone in removal.repositories.items()})
    asked = without(graph, tags_only)
    by_digest = pulled_by_digest(asked) & pulled_by_digest(after)
    before = pullable(asked, pulled_by_tags(asked)) | pullable(asked, by_digest)
    assert before - pullable(after, pulled_by_digest(after)) == set()


@given(graphs().map(api_graph), named(), abilities)
def test_named_tags_go_and_only_what_belongs_to_their_images(graph: Graph, wanted: Named, ability: Ability) -> None:
    plan = planned(graph, wanted, ability)
    gone, asked = gone_tags(plan.removal), {(wanted.repository, tag) for tag in wanted.tags}
    assert all(tag in graph.repositories[name].attached for name, tag in gone - asked)
    if ability.tags:
        there = {(name, tag) for name, repository in graph.repositories.items() for tag in repository.tags}
        assert asked & there <= gone
    assert mark_again(graph, plan, ProtectedImages(), ability) == (plan.removal, [])


@given(graphs().map(api_graph), named())
def test_a_digest_goes_with_all_its_tags_or_not_at_all(graph: Graph, wanted: Named) -> None:
    """A registry that deletes digests takes every tag of one along, and can't delete a tag in any other way."""
    for name, gone in planned(graph, wanted, BY_DIGEST).removal.repositories.items():
        tags = graph.repositories[name].tags.values()
        assert set(gone.tags) == {tag.name for tag in tags if tag.digest in gone.manifests}


@given(graphs().map(api_graph), abilities)
def test_all_tags_of_repositories_go(graph: Graph, ability: Ability) -> None:
    assume(all(manifest.is_known for manifest in graph.manifests.values()))
    plan = make_plan(graph, BOUNDS, decide_repositories(graph), {}, Ageless(graph, BOUNDS, NOW, ability))
    assert gone_tags(plan.removal) == {(name, tag) for name, found in graph.repositories.items() for tag in found.tags}
