# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results and diffs stay small, and limits on plans hold, whatever the size of the registry."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import PlanError
from ansible_collections.drydock.registry.plugins.module_utils._graph.attached import find_attached
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Graph,
    Manifest,
    Repository,
    Tag,
    Weight,
)
from ansible_collections.drydock.registry.plugins.module_utils._plan.guards import Guards, check_guards
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan
from ansible_collections.drydock.registry.plugins.module_utils._report.diff import render_diff
from ansible_collections.drydock.registry.plugins.module_utils._report.report import CAP, describe_removal, shares_of
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import DAY, NOW, OCI, digest, settings

TAGS = 1500
KEPT = 1200


@pytest.fixture(scope="module")
def graph() -> Graph:
    """One repository of 2,700 tags, each an image of its own with a configuration of its own."""
    repository, graph = Repository("app"), Graph()
    graph.repositories["app"] = repository
    for number in range(TAGS + KEPT):
        image, config, pushed = digest(number), digest(100_000 + number), NOW - (5000 - number) * DAY
        repository.tags[f"b{number}"] = Tag(f"b{number}", image, pushed)
        repository.revisions[image] = repository.layer_links[config] = pushed
        graph.manifests[image] = Manifest(OCI, 3, config=config)
        graph.blobs[image], graph.blobs[config] = Weight(3, pushed), Weight(7, pushed)
    return graph


@pytest.fixture(scope="module")
def plan(graph: Graph) -> Plan:
    wanted = settings(policies=[{"keep_n": KEPT}])
    return make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set()))


def test_lists_are_capped_and_counted(graph: Graph, plan: Plan) -> None:
    result = describe_removal(graph, plan, plan.removal, [], shares_of(graph, plan.removal))
    assert (len(result["tags_deleted"]), result["tags_deleted_total"]) == (CAP, TAGS)
    assert result["plan"]["bytes"] == TAGS * 10
    assert result["kept"] == {"tags": KEPT, "manifests": KEPT, "blobs": 2 * KEPT, "bytes": KEPT * 10}
    assert [(row["name"], row["tags_after"], row["bytes"]) for row in result["repositories"]] == [
        ("app", KEPT, TAGS * 10)
    ]


def test_a_diff_is_capped_and_counts_the_rest(graph: Graph, plan: Plan) -> None:
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


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        (Guards(TAGS - 1, None), "deletes 1500 tags, max_delete allows 1499"),
        (Guards(None, 50.0), "deletes 1500 of 2700 tags of app, max_delete_percent allows 50 %"),
    ],
)
def test_a_plan_beyond_a_limit_is_refused(graph: Graph, plan: Plan, guards: Guards, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        check_guards(guards, plan.removal, graph)


def test_a_plan_within_its_limits_is_not_refused(graph: Graph, plan: Plan) -> None:
    check_guards(Guards(TAGS, 60.0), plan.removal, graph)
    check_guards(Guards(None, None), plan.removal, graph)
