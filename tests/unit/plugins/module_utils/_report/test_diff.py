# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What diff mode shows is capped and names what stays."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.attached import find_attached
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan
from ansible_collections.drydock.registry.plugins.module_utils._report.diff import render_diff
from ansible_collections.drydock.registry.plugins.module_utils._report.report import CAP, shares_of
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import DAY, NOW, OCI, digest, settings
from support.large import large_graph, large_plan


def test_a_diff_is_capped_and_counts_the_rest() -> None:
    graph, plan = large_graph(), large_plan()
    diff = render_diff(graph, plan, plan.removal, shares_of(graph, plan.removal))
    before, after = diff["before"].splitlines(), diff["after"].splitlines()
    assert before[0] == "app: 2700 tags, 2700 manifests"
    assert after[0] == "app: 1200 tags, 1200 manifests"
    assert sum(" deleted: " in line for line in before) == sum(" kept: " in line for line in after) == CAP
    for more in ("500 more tags that go", "200 more tags that stay", "500 more manifests"):
        assert f"  … {more}" in before
    assert len(before) < 3 * CAP + 10


def test_a_diff_shows_what_belongs_to_an_image_that_stays() -> None:
    graph = Graph(repositories={"app": Repository("app")})
    signatures = {f"sha256-{digest(number)[7:]}.sig": number for number in (1, 2)}
    for tag, number in [("v1", 1), ("v2", 2), *((tag, number + 10) for tag, number in signatures.items())]:
        graph.repositories["app"].tags[tag] = Tag(tag, digest(number), NOW - 10 * DAY)
        graph.repositories["app"].revisions[digest(number)] = NOW - 10 * DAY
        graph.manifests[digest(number)] = Manifest(OCI, 3)
        graph.blobs[digest(number)] = Weight(3, NOW - 10 * DAY)
    find_attached(graph)
    wanted = settings(policies=[{"keep_n": 1, "sort_by": "name"}])
    plan = make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set()))
    diff = render_diff(graph, plan, plan.removal, shares_of(graph, plan.removal))
    assert diff["after"].splitlines()[:3] == [
        "app: 2 tags, 2 manifests",
        f"  v2 {digest(2)} kept: newest 1 of 2",
        f"  sha256-{digest(2)[7:]}.sig {digest(12)} kept: belongs to {digest(2)}",
    ]


def test_one_is_not_many_and_sizes_are_those_people_read() -> None:
    graph = Graph(repositories={"app": Repository("app")})
    for number, tag in enumerate(("1", "2"), 1):
        graph.repositories["app"].tags[tag] = Tag(tag, digest(number), NOW - 10 * DAY)
        graph.repositories["app"].revisions[digest(number)] = NOW - 10 * DAY
        graph.manifests[digest(number)] = Manifest(OCI, 1559)
        graph.blobs[digest(number)] = Weight(1559, NOW - 10 * DAY)
    wanted = settings(policies=[{"keep_n": 1, "sort_by": "name"}])
    plan = make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set()))
    diff = render_diff(graph, plan, plan.removal, shares_of(graph, plan.removal))
    assert diff["after"].splitlines()[0] == "app: 1 tag, 1 manifest"
    assert diff["after"].splitlines()[-1] == "storage: 1 blob, 1.6 kB"
    assert diff["before"].splitlines()[-4:] == [
        f"  manifest {digest(1)} 1.6 kB",
        "  1.6 kB of blobs and uploads",
        "storage: 2 blobs, 3.1 kB",
        "  1 blob, 1.6 kB",
    ]
