# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made of, and whose bytes they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.images import (
    Bytes,
    images_of,
    lists_of_referrers,
    weigh,
)
from support.graphs import OCI, attach, digest, graphs, sha512

BLOBS = {digest(number): Weight(10**number, 0.0) for number in range(4)}


def test_an_index_is_one_image_with_its_parts_and_an_untagged_manifest_is_one_too() -> None:
    index, child, alone = digest(1), digest(2), digest(3)
    graph = Graph(
        repositories={"a": Repository("a", {"v1": Tag("v1", index, 1.0)}, dict.fromkeys((index, child, alone), 1.0))},
        manifests={
            index: Manifest(OCI, 1, children=(child,)),
            child: Manifest(OCI, 1, digest(5), (sha512(101),)),
            alone: Manifest(OCI, 1, digest(6)),
        },
        aliases={sha512(101): digest(101)},
    )
    images = images_of(graph, [])
    assert images.keys() == {("a", index), ("a", alone)}
    assert images["a", index].manifests == {index, child}
    assert images["a", index].content == {index, child, digest(5), digest(101)}


@given(graphs())
def test_every_tag_that_is_served_is_an_image_and_every_manifest_is_in_one(graph: Graph) -> None:
    images = images_of(graph, [])
    for name, repository in graph.repositories.items():
        assert {
            (name, tag.digest) for tag in repository.tags.values() if tag.digest in graph.manifests
        } <= images.keys()
        held = {one for (where, _digest), image in images.items() if where == name for one in image.manifests}
        assert {one for one in repository.revisions if one in graph.manifests} <= held


def test_a_list_of_what_is_attached_is_no_attachment() -> None:
    subject, signature, listing = digest(1), digest(2), digest(3)
    graph = Graph(has_all_blobs=True)
    tags = {"v1": subject, f"sha256-{subject[7:]}": listing, f"sha256-{subject[7:]}.sig": signature}
    graph.repositories["a"] = Repository(
        "a", {name: Tag(name, one, 1.0) for name, one in tags.items()}, dict.fromkeys(tags.values(), 1.0)
    )
    graph.manifests = {
        subject: Manifest(OCI, 1),
        signature: Manifest(OCI, 1),
        listing: Manifest(OCI, 1, children=(signature,)),
    }
    assert lists_of_referrers(attach(graph)) == {("a", listing)}


def test_bytes_are_own_or_shared() -> None:
    first, second, third, missing = digest(0), digest(1), digest(2), digest(3)
    blobs = {name: size for name, size in BLOBS.items() if name != missing}
    holdings = {"x": {first, second, missing}, "y": {second, third}, "guest": {first}}
    assert weigh(holdings, {"x", "y"}, blobs) == {"x": Bytes(1, 10), "y": Bytes(100, 10), "guest": Bytes(0, 1)}


@given(st.dictionaries(st.integers(0, 4), st.sets(st.sampled_from(sorted(BLOBS)))))
def test_own_bytes_are_what_goes_when_one_holder_goes(holdings: dict[int, set[str]]) -> None:
    for holder, weighed in weigh(holdings, holdings.keys(), BLOBS).items():
        others: set[str] = set().union(*(held for other, held in holdings.items() if other != holder))
        assert weighed.own == sum(BLOBS[one].size for one in holdings[holder] - others)
        assert weighed.own + weighed.shared == sum(BLOBS[one].size for one in holdings[holder])
