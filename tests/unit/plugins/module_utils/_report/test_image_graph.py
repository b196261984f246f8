# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of an old registry as text: below what they are based on, each with the reason why it stays."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._report.image_graph import ImageGraph, Line

ROOT, MIDDLE, LEFT, RIGHT, BROKEN = (f"{number}" * 64 for number in range(1, 6))


def store() -> Graph:
    """A root, one image on it, and two branches on that; of one more it is not known what it is based on."""
    bases = {ROOT: (), MIDDLE: (ROOT,), LEFT: (MIDDLE, ROOT), RIGHT: (MIDDLE, ROOT), BROKEN: (ROOT,)}
    graph = Graph(images_are_global=True, unknown_bases={BROKEN})
    graph.manifests = {image: Manifest("v1 image", 1, children=children) for image, children in bases.items()}
    graph.manifests[BROKEN] = Manifest("v1 image, damaged", 1, children=(ROOT,), is_known=False)
    graph.blobs = {image: Weight(7, 1.0) for image in bases}
    graph.repositories = {
        "a/b": Repository("a/b", {"v1": Tag("v1", LEFT, 1.0), "v2": Tag("v2", RIGHT, 1.0)}, dict.fromkeys(bases, 1.0)),
        "a/c": Repository("a/c", {"x": Tag("x", RIGHT, 1.0)}, {RIGHT: 1.0}),
    }
    return graph


def test_a_branch_is_indented_and_each_says_why_it_stays() -> None:
    graph = store()
    assert ImageGraph(graph, Removal()).lines(graph.repositories["a/b"]) == [
        Line(f"{ROOT[:12]} 7 bytes, stays: {MIDDLE[:12]} is based on it", False),
        Line(f"{MIDDLE[:12]} 7 bytes, stays: {LEFT[:12]}, {RIGHT[:12]} are based on it", False),
        Line(f"  {LEFT[:12]} 7 bytes, stays: tag v1", False),
        Line(f"  {RIGHT[:12]} 7 bytes, stays: tags v2, x of a/c", False),
        Line(f"{BROKEN[:12]} 7 bytes, stays: v1 image, damaged", False),
    ]


def test_what_goes_needs_nothing_and_its_tag_is_no_reason() -> None:
    graph = store()
    tag = graph.repositories["a/b"].tags["v1"]
    removal = Removal({"a/b": RepositoryRemoval(tags={"v1": tag})}, {LEFT: graph.blobs[LEFT]})
    lines = ImageGraph(graph, removal).lines(graph.repositories["a/b"])
    assert [line.text.strip() for line in lines if line.goes] == [f"{LEFT[:12]} 7 bytes, goes"]
    assert f"{MIDDLE[:12]} 7 bytes, stays: {RIGHT[:12]} is based on it" in [line.text for line in lines]


def test_an_image_that_is_based_on_one_of_another_repository_is_a_root_here() -> None:
    graph = store()
    assert ImageGraph(graph, Removal()).lines(graph.repositories["a/c"]) == [
        Line(f"{RIGHT[:12]} 7 bytes, stays: tags v2 of a/b, x", False)
    ]
