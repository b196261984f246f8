# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marking: what leads where, and what each repository keeps for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Graph,
    Manifest,
    Repository,
    Tag,
)
from ansible_collections.drydock.registry.plugins.module_utils._graph.reach import (
    LeadingTo,
    named_blobs,
    reach,
    referrers,
    tag_roots,
    with_lists,
)
from support.graphs import MANIFESTS, OCI, digest, graphs


@given(graphs(), st.data())
def test_what_leads_to_a_manifest_is_from_where_marking_comes_to_it(graph: Graph, data: st.DataObject) -> None:
    names = [*graph.repositories, ""]
    nodes = st.tuples(st.sampled_from(names), st.sampled_from(MANIFESTS))
    by_subject, parts = referrers(graph), data.draw(st.sets(nodes, max_size=2))
    leading = LeadingTo(graph, parts, by_subject)
    for name in names:
        for found in MANIFESTS:
            reached = reach(graph, [(name, found)], by_subject)
            comes_there = any(part in reached[place] for place, part in parts)
            assert ((name, found) in leading) == comes_there


def test_each_repository_keeps_what_its_own_tags_lead_to() -> None:
    """A child that only the second repository links must not count as reached because the first one came by."""
    index, child = digest(1), digest(2)
    graph = Graph(manifests={index: Manifest(OCI, 1, children=(child,)), child: Manifest(OCI, 1, digest(9))})
    reached = reach(graph, [("a", index), ("b", index)], {})
    assert reached == {"a": {index, child}, "b": {index, child}}


def test_what_is_attached_stays_with_its_subject_from_any_repository_unless_it_is_doomed() -> None:
    subject, signature, named = digest(1), digest(2), digest(3)
    tag = f"sha256-{subject[7:]}.sig"
    graph = Graph(
        repositories={
            "app": Repository("app", revisions={subject: 1.0}),
            "signatures": Repository(
                "signatures", {tag: Tag(tag, signature, 1.0)}, {signature: 1.0, named: 1.0}, attached={tag: subject}
            ),
        },
        manifests={named: Manifest(OCI, 1, subject=subject)},
    )
    assert referrers(graph) == {subject: [("signatures", named), ("signatures", signature)]}
    assert referrers(graph, {"signatures": {tag}}) == {subject: [("signatures", named)]}
    assert list(tag_roots(graph, {subject}, {})) == []
    assert list(tag_roots(graph, set(), {})) == [("signatures", signature)]
    assert list(tag_roots(graph, set(), {"signatures": {tag}})) == []


@given(graphs(), st.data())
def test_to_go_on_is_to_begin_with_both(graph: Graph, data: st.DataObject) -> None:
    nodes = st.lists(st.tuples(st.sampled_from([*graph.repositories, "x"]), st.sampled_from(MANIFESTS)), max_size=3)
    first, second = data.draw(nodes), data.draw(nodes)
    by_subject = with_lists(referrers(graph), {})
    assert reach(graph, second, by_subject, reach(graph, first, by_subject)) == reach(graph, first + second, by_subject)


def test_the_blobs_of_what_is_there() -> None:
    graph = Graph(manifests={digest(1): Manifest(OCI, 1, digest(5), (digest(6), digest(6)))})
    assert list(named_blobs(graph, [digest(1), digest(2)])) == [digest(5), digest(6), digest(6)]
