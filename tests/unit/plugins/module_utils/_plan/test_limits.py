# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits, and what must be there before anything goes."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    DoubtError,
    PlanError,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._plan.limits import Limits, check_limits, require_links
from support.graphs import digest
from support.large import TAGS, large_graph, large_plan

BLOBS = {digest(number): Weight(100, 0.0) for number in range(100)}
TAG = Tag("1", digest(1), 0.0)


def removal_of(blobs: int, *, tag: bool = False) -> Removal:
    """One of so many blobs, with a tag or without."""
    repositories = {"app": RepositoryRemoval(tags={"1": TAG})} if tag else {}
    return Removal(repositories, dict(list(BLOBS.items())[:blobs]))


GRAPH = Graph({"app": Repository("app", {"1": TAG})}, blobs=BLOBS)


@pytest.mark.parametrize(("blobs", "tag"), [(90, False), (90, True), (0, False)])
def test_without_limits_only_a_plan_of_nearly_all_blobs_is_refused(blobs: int, tag: bool) -> None:
    check_limits(Limits(), removal_of(blobs, tag=tag), GRAPH)


def test_nearly_all_blobs_that_no_repository_links_are_not_what_a_tag_takes_along() -> None:
    removal, digests = removal_of(100, tag=True), list(BLOBS)
    with pytest.raises(PlanError, match="100 of all 100 blobs that no repository links"):
        check_limits(Limits(), removal, GRAPH)
    removal.repositories["app"].manifests = dict.fromkeys(digests[:5], 0.0)
    removal.repositories["app"].layer_links = dict.fromkeys(digests[5:9], 0.0)
    with pytest.raises(PlanError, match="91 of all 100 blobs that no repository links"):
        check_limits(Limits(), removal, GRAPH)
    removal.repositories["app"].layer_links = {**dict.fromkeys(digests[5:9], 0.0), "sha512:a": 0.0}
    check_limits(Limits(), removal, Graph(GRAPH.repositories, blobs=BLOBS, aliases={"sha512:a": digests[9]}))


def test_nearly_all_blobs_and_no_tag() -> None:
    with pytest.raises(PlanError, match="91 of all 100 blobs"):
        check_limits(Limits(), removal_of(91), GRAPH)
    check_limits(Limits(max_delete_store_percent=91), removal_of(91), GRAPH)
    check_limits(Limits(), removal_of(91), GRAPH, begun=removal_of(1).blobs)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_delete_blobs=9), "deletes 10 blobs, max_delete_blobs allows 9"),
        (Limits(max_delete_bytes=999), "deletes 1000 bytes, max_delete_bytes allows 999"),
        (Limits(max_delete_store_percent=9.5), "10 of 100 blobs of the whole store"),
        (Limits(max_delete=0), "deletes 1 tags, max_delete allows 0"),
    ],
)
def test_each_limit_names_itself_and_the_figures(limits: Limits, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        check_limits(limits, removal_of(10, tag=True), GRAPH)


def test_every_repository_and_every_limit_is_named_and_what_to_raise() -> None:
    tags = {name: Tag(name, digest(int(name)), 0.0) for name in "1234"}
    names = [f"r{number}" for number in range(102)]
    graph = Graph({name: Repository(name, dict(tags)) for name in [*names, "half", "kept"]}, blobs=BLOBS)
    gone = {name: RepositoryRemoval(tags=dict(tags)) for name in names}
    gone["half"] = RepositoryRemoval(tags={"1": TAG, "2": TAG})
    gone["kept"] = RepositoryRemoval(tags={"1": TAG})
    with pytest.raises(PlanError) as refused:
        check_limits(Limits(max_delete=400, max_delete_percent=25), Removal(gone), graph)
    message = str(refused.value)
    assert "deletes 411 tags, max_delete allows 400; 4 of 4 tags of r0, 4 of 4 tags of r1, " in message
    assert "4 of 4 tags of r99, and 3 more, max_delete_percent allows 25 %" in message
    assert "kept" not in message
    assert message.endswith("raise max_delete and max_delete_percent")


def test_manifests_are_named_where_more_of_them_go_than_of_the_tags() -> None:
    repository = Repository("app", dict.fromkeys("1234", TAG), {digest(one): 0.0 for one in range(4)})
    removal = RepositoryRemoval(tags={"1": TAG}, manifests={digest(one): 0.0 for one in range(3)})
    with pytest.raises(PlanError, match=r"deletes 3 of 4 manifests of app, max_delete_percent allows 30 %"):
        check_limits(Limits(max_delete_percent=30), Removal({"app": removal}), Graph({"app": repository}))


def test_a_share_of_the_bytes_counts_too() -> None:
    blobs = {digest(1): Weight(900, 0.0), **{digest(number): Weight(1, 0.0) for number in range(2, 102)}}
    graph = Graph(blobs=blobs)
    with pytest.raises(PlanError, match="900 of 1000 bytes of blobs"):
        check_limits(Limits(max_delete_store_percent=50), Removal(blobs={digest(1): blobs[digest(1)]}), graph)


@pytest.mark.parametrize(
    "repository",
    [
        Repository("app", tags={"1": TAG}),
        Repository("app", revisions={digest(1): 0.0}),
        Repository("app", layer_links={digest(1): 0.0}),
    ],
)
def test_one_link_of_any_kind_shows_that_links_are_there(repository: Repository) -> None:
    require_links(Graph({"app": repository}, blobs=BLOBS), allow_empty=False)


def test_blobs_and_no_link() -> None:
    graph = Graph({"app": Repository("app", uploads={"upload": Weight(1, 0.0)})}, blobs=BLOBS)
    with pytest.raises(DoubtError, match="100 blobs"):
        require_links(graph, allow_empty=False)
    require_links(graph, allow_empty=True)
    require_links(Graph(), allow_empty=False)
    require_links(graph, allow_empty=False, begun=BLOBS)
    with pytest.raises(DoubtError, match="1 blobs"):
        require_links(graph, allow_empty=False, begun=removal_of(99).blobs)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(TAGS - 1, None), "deletes 1500 tags, max_delete allows 1499"),
        (Limits(None, 50.0), "deletes 1500 of 2700 tags of app, max_delete_percent allows 50 %"),
    ],
)
def test_a_plan_beyond_a_limit_is_refused(limits: Limits, said: str) -> None:
    graph, plan = large_graph(), large_plan()
    with pytest.raises(PlanError, match=said):
        check_limits(limits, plan.removal, graph)


def test_a_plan_within_its_limits_is_not_refused() -> None:
    graph, plan = large_graph(), large_plan()
    check_limits(Limits(TAGS, 60.0), plan.removal, graph)
    check_limits(Limits(None, None), plan.removal, graph)
