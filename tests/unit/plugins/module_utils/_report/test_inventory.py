# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of registry_info add up on every graph."""

from __future__ import annotations

from typing import Iterable

from hypothesis import given

from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_patterns
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository
from ansible_collections.drydock.registry.plugins.module_utils._report.inventory import (
    Scope,
    describe,
    find_orphans,
    take_inventory,
)
from support.graphs import graphs, pullable, pulled_by_tags

EVERYTHING = Scope(compile_patterns(["**"], "repositories"), [])


def weight(graph: Graph, digests: Iterable[str]) -> int:
    stored = {graph.stored_as(digest) for digest in digests}
    return sum(graph.blobs[digest].size for digest in stored if digest in graph.blobs)


@given(graphs())
def test_own_and_shared_add_up(graph: Graph) -> None:
    found = describe(take_inventory(graph, {}, EVERYTHING, find_orphans(graph, EVERYTHING)), None)
    for table in (found["repositories"], found["tags"], found["referrers"], found["orphans"]["images"]):
        assert all(row["bytes"] == row["own_bytes"] + row["shared_bytes"] for row in table)
    own = sum(row["own_bytes"] for row in found["repositories"])
    shared = [row["shared_bytes"] for row in found["repositories"]]
    # What is shared, each blob once, is at least what one repository shares and at most half of all shares.
    assert own + max(shared, default=0) <= found["bytes"] <= own + sum(shared) / 2


def has_lost_a_manifest(graph: Graph, repository: Repository) -> bool:
    named = {*repository.revisions, *(tag.digest for tag in repository.tags.values())}
    return graph.has_all_blobs and not named <= graph.manifests.keys()


@given(graphs())
def test_everything_is_reached_or_an_orphan_unless_in_doubt(graph: Graph) -> None:
    removal = find_orphans(graph, EVERYTHING)
    found = describe(take_inventory(graph, {}, EVERYTHING, removal), None)
    gone = sum(blob.size for blob in removal.blobs.values())
    everything = weight(graph, graph.blobs)
    assert found["bytes"] + gone <= everything
    doubtful = any(one.kept_whole or has_lost_a_manifest(graph, one) for one in graph.repositories.values())
    if not doubtful and all(manifest.is_known for manifest in graph.manifests.values()):
        assert found["bytes"] + gone == everything
    assert found["bytes"] >= weight(graph, {digest for _name, _kind, digest in pullable(graph, pulled_by_tags(graph))})
