# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When images were built: an index is as old as its youngest child, and what has no date has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.dates import add_dates, date_of, parts_of
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest
from ansible_collections.drydock.registry.plugins.module_utils._graph.manifest import ImageConfig
from support.graphs import OCI, digest

INDEX, OLD, YOUNG, ARTIFACT = (digest(number) for number in range(1, 5))
GRAPH = Graph(
    manifests={
        INDEX: Manifest(OCI, 1, children=(OLD, YOUNG), created=7.0),
        OLD: Manifest(OCI, 1, config=digest(11)),
        YOUNG: Manifest(OCI, 1, config=digest(12)),
        ARTIFACT: Manifest(OCI, 1, config=digest(13), created=5.0),
    }
)


def dated(**configs: float) -> dict[str, float]:
    graph = Graph(manifests=GRAPH.manifests)
    by_name = {"old": OLD, "young": YOUNG, "artifact": ARTIFACT}
    found = [(by_name[name], ImageConfig(created=date)) for name, date in configs.items()]
    add_dates(graph, [INDEX, OLD, ARTIFACT, digest(99)], found)
    return graph.created


def test_the_parts_of_an_index_are_its_children_and_of_an_image_itself() -> None:
    assert parts_of(GRAPH, [INDEX, ARTIFACT]) == {OLD, YOUNG, ARTIFACT}


def test_an_index_is_as_old_as_its_youngest_child() -> None:
    assert dated(old=1.0, young=2.0) == {INDEX: 2.0, OLD: 1.0, ARTIFACT: 5.0}


def test_an_index_none_of_whose_children_tells_has_the_date_of_its_annotation() -> None:
    assert dated() == {INDEX: 7.0, ARTIFACT: 5.0}


def test_a_configuration_is_believed_before_an_annotation() -> None:
    assert dated(artifact=3.0)[ARTIFACT] == 3.0


@given(st.dictionaries(st.sampled_from([OLD, YOUNG]), st.floats(0, 1e9)))
def test_no_part_is_younger_than_the_whole(built: dict[str, float]) -> None:
    date = date_of(GRAPH, INDEX, (OLD, YOUNG), built)
    assert date == (max(built.values()) if built else 7.0)
