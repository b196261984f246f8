# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marking: what leads where, and what each repository keeps for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Graph,
)
from ansible_collections.drydock.registry.plugins.module_utils._graph.reach import LeadingTo, reach, referrers
from support.graphs import MANIFESTS, graphs


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
