# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when tags go: that it takes one pass, and what no second run may find anew."""

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.consequences import follow
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._retention.protected import ProtectedImages
from support.graphs import DAY, LAYERS, NOW, OCI, digest, settings, sha512, without

OLD = NOW - 40 * DAY


class Counting(dict[str, Manifest]):
    """Manifests by digest, which count how often they are looked up."""

    lookups = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.lookups += 1
        return super().get(key, default)

    def __getitem__(self, key: str) -> Manifest:
        self.lookups += 1
        return super().__getitem__(key)


def shared_index(tags: int, entries: int) -> Graph:
    """As many tags, each on an index of its own that names one index of so many entries; one untagged image is new."""
    children = [digest(10_000 + number) for number in range(entries)]
    shared, tagged, new = digest(1), [digest(100_000 + number) for number in range(tags)], digest(2)
    manifests = Counting({child: Manifest(OCI, 1, LAYERS[0]) for child in (*children, new)})
    manifests[shared] = Manifest(OCI, 1, children=tuple(children))
    manifests.update((index, Manifest(OCI, 1, children=(shared,))) for index in tagged)
    revisions = dict.fromkeys(manifests, OLD)
    revisions[new] = NOW
    repository = Repository("a", {f"v{n}": Tag(f"v{n}", index, OLD) for n, index in enumerate(tagged)}, revisions)
    return Graph(repositories={"a": repository}, manifests=manifests)


def lookups(tags: int, entries: int) -> int:
    graph = shared_index(tags, entries)
    doomed = {"a": dict(graph.repositories["a"].tags)}
    removal = follow(graph, doomed, Aged(graph, settings(), NOW, set()), ProtectedImages()).removal
    assert len(removal.repositories["a"].tags) == tags
    assert isinstance(graph.manifests, Counting)
    return graph.manifests.lookups


def test_marking_takes_one_pass_also_where_something_is_new() -> None:
    """Twice the tags on one large index are twice the tags, and not twice the index."""
    assert lookups(200, 3000) - lookups(100, 3000) < 100 * 20
    assert lookups(100, 3000) < 3200 * 20


def test_a_layer_of_two_names_stays_linked_as_long_as_its_content_is_needed() -> None:
    """An index of one repository names a child of another: with the link of its layer the next run would lose that."""
    child, index, layer = digest(1), digest(2), sha512(101)
    tags = {"a": {"index": Tag("index", index, OLD)}, "b": {"old": Tag("old", child, OLD)}}
    graph = Graph(
        repositories={
            "a": Repository("a", tags["a"], {index: OLD}),
            "b": Repository("b", tags["b"], {child: OLD}, {layer: OLD, digest(101): OLD}),
        },
        manifests={child: Manifest(OCI, 1, digest(102), (layer,)), index: Manifest(OCI, 1, children=(child,))},
        blobs={name: Weight(1, OLD) for name in (child, index, digest(101), digest(102))},
        aliases={layer: digest(101)},
    )
    removal = follow(graph, {"b": tags["b"]}, Aged(graph, settings(), NOW, set()), ProtectedImages()).removal
    assert (set(removal.blobs), set(removal.repositories["b"].tags)) == (set(), {"old"})
    after = without(graph, removal)
    assert follow(after, {}, Aged(after, settings(), NOW, set()), ProtectedImages()).removal.counts().is_nothing()
    del after.repositories["a"]
    assert digest(101) in follow(after, {}, Aged(after, settings(), NOW, set()), ProtectedImages()).removal.blobs


def test_a_repository_that_turns_out_to_be_damaged_spares_its_tags() -> None:
    tag = Tag("v1", digest(1), OLD)
    graph = Graph(repositories={"a": Repository("a", {"v1": tag}, {digest(1): OLD}, kept_whole="it is damaged")})
    removal, spared = follow(graph, {"a": {"v1": tag}}, Aged(graph, settings(), NOW, set()), ProtectedImages())
    assert removal.counts().is_nothing()
    assert [(one.tag, one.reason) for one in spared] == [
        (tag, "kept: its repository is kept whole, because it is damaged")
    ]
