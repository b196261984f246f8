# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest that can't be read keeps the repositories that have it whole, and no other."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._graph.damage import keep_damaged_whole, keep_whole
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from support.graphs import OCI, digest

DAMAGED, INDEX, IMAGE = digest(1), digest(2), digest(3)


def store() -> Graph:
    """`a` reaches the damaged manifest through an index, `b` links it, `c` has nothing to do with it."""
    graph = Graph()
    graph.manifests = {
        DAMAGED: Manifest(OCI, 1, is_known=False, damage="has no content"),
        INDEX: Manifest(OCI, 1, children=(DAMAGED,)),
        IMAGE: Manifest(OCI, 1, config=digest(9)),
    }
    graph.repositories = {
        "a": Repository("a", {"multi": Tag("multi", INDEX, 1.0)}, {INDEX: 1.0, DAMAGED: 1.0}),
        "b": Repository("b", {"v1": Tag("v1", IMAGE, 1.0)}, {IMAGE: 1.0, DAMAGED: 1.0}),
        "c": Repository("c", {"v1": Tag("v1", IMAGE, 1.0)}, {IMAGE: 1.0}),
    }
    return graph


def test_who_has_it_is_kept_whole_and_told_which_tags_need_it() -> None:
    graph = store()
    keep_damaged_whole(graph)
    why = f"manifest {DAMAGED} has no content"
    assert {name: one.kept_whole for name, one in graph.repositories.items()} == {"a": why, "b": why, "c": None}
    assert [warning.partition("; ")[0] for warning in graph.warnings] == [
        f"a: {why} (needed by tag multi), so the whole repository is kept",
        f"b: {why} (needed by no tag), so the whole repository is kept",
    ]


def test_a_tag_on_it_is_enough_where_the_link_is_gone() -> None:
    graph = store()
    graph.repositories["c"].tags["bad"] = Tag("bad", DAMAGED, 1.0)
    keep_damaged_whole(graph)
    assert graph.repositories["c"].kept_whole is not None


def test_what_is_kept_whole_already_keeps_its_reason() -> None:
    graph = store()
    graph.repositories["a"].kept_whole = "a link is garbled"
    keep_damaged_whole(graph)
    assert graph.repositories["a"].kept_whole == "a link is garbled"
    assert len(graph.warnings) == 1


def test_nothing_damaged_is_nothing_said() -> None:
    graph = store()
    graph.manifests[DAMAGED] = Manifest(OCI, 1, is_known=False)
    keep_damaged_whole(graph)
    assert graph.warnings == []
    assert all(one.kept_whole is None for one in graph.repositories.values())


def test_many_tags_are_counted_in_their_natural_order() -> None:
    graph = store()
    keep_whole(graph, graph.repositories["a"], "why", [f"v{number}" for number in range(12, 0, -1)])
    assert "needed by tag v1, v2, v3, v4, v5 and 7 more" in graph.warnings[0]
