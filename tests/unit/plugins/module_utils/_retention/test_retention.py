# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: one decision per tag, each with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import images_to_date, retain
from support.graphs import DAY, NOW, OCI, attach, digest, settings


def store(tags: dict[str, tuple[int, float]], created: dict[int, float] | None = None) -> Graph:
    """One repository `app`; tags as (number of the image, days since the push), dates of images in days."""
    repository = Repository("app")
    for name, (number, days) in tags.items():
        repository.tags[name] = Tag(name, digest(number), NOW - days * DAY)
        repository.revisions[digest(number)] = NOW - days * DAY
    graph = Graph(repositories={"app": repository})
    graph.manifests = {found: Manifest(OCI, 1, config=digest(900)) for found in repository.revisions}
    graph.created = {digest(number): NOW - days * DAY for number, days in (created or {}).items()}
    return graph


def reasons(graph: Graph, **options: Any) -> dict[str, str]:
    found = retain(graph, settings(**options), NOW).decisions["app"]
    assert all(decision.is_kept == decision.reason.startswith("kept: ") for decision in found)
    return {decision.tag.name: decision.reason for decision in found}


def kept(graph: Graph, **options: Any) -> list[str]:
    return [name for name, reason in reasons(graph, **options).items() if reason.startswith("kept")]


FIVE = {"v1": (1, 50.0), "v2": (2, 40.0), "v3": (3, 30.0), "v4": (4, 20.0), "v5": (5, 10.0)}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"keep_n": 2}, ["v4", "v5"]),
        ({"keep_n": 0}, ["v5"]),
        ({"older_than": "25d"}, ["v4", "v5"]),
        ({"older_than": "30d"}, ["v4", "v5"]),
        ({"expire_after": "35d"}, ["v3", "v4", "v5"]),
        ({"keep_n": 1, "older_than": "35d"}, ["v3", "v4", "v5"]),
        ({"keep_n": 4, "expire_after": "25d"}, ["v4", "v5"]),
        ({"keep_n": 1, "keep_tags": ["v1", "~v[23]"]}, ["v1", "v2", "v3", "v5"]),
        ({"keep_n": 0, "tags": ["v[12]", "~v[34]"]}, ["v1", "v2", "v5"]),
        ({"keep_n": 1, "sort_by": "name"}, ["v5"]),
        ({"keep_n": 2, "group_by": r"~v([12])|v([345])"}, ["v1", "v2", "v3", "v4", "v5"]),
        ({"keep_n": 1, "group_by": r"~(v)[1234]"}, ["v4", "v5"]),
        ({"keep_groups": 2, "group_by": r"~v(\d)"}, ["v4", "v5"]),
        ({"keep_n": 1, "group_by": r"~(v)[345]", "expire_after": "1d"}, ["v1", "v2"]),
        ({"keep_groups": 2, "group_by": r"~v(\d)", "older_than": "35d"}, ["v3", "v4", "v5"]),
    ],
)
def test_rules(policy: dict[str, Any], expected: list[str]) -> None:
    assert kept(store(FIVE), policies=[policy]) == expected


def test_reasons_are_said_in_words() -> None:
    graph = store({**FIVE, "latest": (5, 10.0), "odd": (6, 60.0)})
    policies = [{"name": "versions", "tags": ["v*", "latest"], "keep_n": 2, "keep_tags": ["v1"], "older_than": "35d"}]
    assert reasons(graph, policies=policies) == {
        "latest": "kept: same image as tag v5",
        "odd": "kept: no policy judges it",
        "v1": "kept: keep_tags v1 of versions",
        "v2": "deleted: pushed 2023-10-05, older than 35d, not among the newest 2 of 4",
        "v3": "kept: pushed 2023-10-15, not older than 35d",
        "v4": "kept: newest 2 of 4",
        "v5": "kept: newest 2 of 4",
    }


def test_the_first_policy_that_matches_judges() -> None:
    policies = [{"tags": ["v1"], "keep_n": 1}, {"keep_n": 1}]
    assert kept(store(FIVE), policies=policies) == ["v1", "v5"]


def test_keep_tags_of_a_later_policy_keep_too() -> None:
    policies = [{"keep_n": 1}, {"tags": ["none"], "keep_n": 1, "keep_tags": ["v2"]}]
    assert kept(store(FIVE), policies=policies) == ["v2", "v5"]


def test_keep_n_counts_images_with_all_their_tags() -> None:
    graph = store({"a": (1, 9.0), "b": (1, 30.0), "c": (2, 20.0), "d": (3, 25.0)})
    assert kept(graph, policies=[{"keep_n": 2}]) == ["a", "b", "c"]


def test_images_of_equal_time_are_ordered_by_name() -> None:
    graph = store({"b9": (1, 9.0), "b10": (2, 9.0), "b1": (3, 90.0)})
    assert kept(graph, policies=[{"keep_n": 1}]) == ["b10"]


def test_versions() -> None:
    graph = store({"1.9": (1, 1.0), "1.10.0": (2, 2.0), "1.10.0-rc1": (3, 3.0), "v1.2": (4, 4.0), "edge": (5, 5.0)})
    assert kept(graph, policies=[{"keep_n": 2, "sort_by": "version"}]) == ["1.10.0", "1.10.0-rc1", "edge"]


def test_what_is_no_version_takes_no_place_among_versions() -> None:
    others = ["4f2a9c1", "1234567", "1337", "2024-01-15", "20240115", "42-fix-login", "1.3.0-4f2a9c1", "9.9.x"]
    graph = store({name: (number, 9.0) for number, name in enumerate(["1.0.0", "1.1.0", "1.2.0", *others], start=1)})
    found = reasons(graph, policies=[{"keep_n": 2, "sort_by": "version"}])
    assert {name for name, reason in found.items() if reason == "kept: not a version"} == set(others)
    assert [name for name, reason in found.items() if reason.startswith("deleted")] == ["1.0.0"]


def test_a_repository_keeps_its_last_tag_unless_it_may_be_empty() -> None:
    graph = store(FIVE)
    assert reasons(graph, policies=[{"older_than": "1d"}])["v5"].startswith("kept: the last tag")
    assert kept(graph, policies=[{"older_than": "1d"}], allow_empty=True) == []


def test_unknown_age_is_kept_and_said() -> None:
    graph = store({"old": (1, 90.0), "unknown": (2, 90.0)}, created={1: 90.0})
    retention = retain(graph, settings(policies=[{"older_than": "1d", "sort_by": "created"}]), NOW)
    assert [d.reason for d in retention.decisions["app"]][1] == "kept: its age is unknown"
    assert "1 tags of unknown age are kept, such as unknown" in retention.warnings[0]


def test_a_copied_store_is_judged_by_image_dates() -> None:
    graph = store({"a": (1, 1.0), "b": (2, 1.0), "c": (3, 1.0)}, created={1: 10.0, 2: 300.0, 3: 20.0})
    assert images_to_date(graph, settings(policies=[{"keep_n": 2}]), NOW) == {digest(1), digest(2), digest(3)}
    retention = retain(graph, settings(policies=[{"keep_n": 2}]), NOW)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == ["a", "c"]
    assert "as after a copy; image dates are used instead" in retention.warnings[0]


def test_no_date_is_read_that_no_rule_needs() -> None:
    graph = store(FIVE)
    assert images_to_date(graph, settings(policies=[{"keep_n": 2, "older_than": "3d"}]), NOW) == set()
    assert images_to_date(graph, settings(policies=[{"keep_n": 2, "sort_by": "version"}]), NOW) == set()
    one = {"tags": ["v1"], "sort_by": "created"}
    assert images_to_date(graph, settings(policies=[{**one, "keep_n": 0}]), NOW) == {digest(1)}
    assert images_to_date(graph, settings(policies=[{**one, "keep_n": 1}]), NOW) == set()
    assert images_to_date(graph, settings(policies=[{**one, "keep_n": 1, "expire_after": "9d"}]), NOW) == {digest(1)}
    assert images_to_date(graph, settings(policies=[{**one, "keep_n": 0, "keep_tags": ["v1"]}]), NOW) == set()


def test_images_that_are_no_more_than_keep_n_need_no_date_to_stay() -> None:
    graph = store({"a": (1, 3.0), "b": (2, 2.0), "c": (2, 1.0)})
    retention = retain(graph, settings(policies=[{"keep_n": 2, "sort_by": "created"}]), NOW)
    assert {decision.reason for decision in retention.decisions["app"]} == {"kept: newest 2 of 2"}
    assert retention.warnings == []


@pytest.mark.parametrize(
    "reference",
    [
        "app:v1",
        "registry.example.com:5000/app:v1",
        digest(1),
        f"app@{digest(1)}",
        f"docker-pullable://x/app@{digest(1)}",
    ],
)
def test_protected_images_stay(reference: str) -> None:
    assert kept(store(FIVE), policies=[{"keep_n": 1}], protect_images=[reference]) == ["v1", "v5"]


def test_an_index_stays_for_a_protected_child_or_its_configuration() -> None:
    graph = store({"multi": (1, 90.0), "new": (2, 1.0)})
    graph.manifests[digest(1)] = Manifest(OCI, 1, children=(digest(7),))
    graph.manifests[digest(7)] = Manifest(OCI, 1, config=digest(800))
    for protected in (digest(7), digest(800)):
        assert kept(graph, policies=[{"keep_n": 1}], protect_images=[protected]) == ["multi", "new"]


def test_tags_that_belong_to_a_subject_are_not_judged() -> None:
    graph = attach(store({**FIVE, f"sha256-{1:064x}.sig": (9, 99.0)}))
    assert len(reasons(graph, policies=[{"keep_n": 1}])) == len(FIVE)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(1, 5), st.floats(2, 400)), min_size=1),
    st.integers(1, 4),
)
def test_keep_n_keeps_the_newest_n_images_whatever_the_names(tags: dict[str, tuple[int, float]], number: int) -> None:
    graph = store(tags)
    found = retain(graph, settings(policies=[{"keep_n": number}]), NOW).decisions["app"]
    newest = {image: min(days for other, days in tags.values() if other == image) for image, _days in tags.values()}
    by_age = sorted(newest.values())
    staying = {decision.tag.digest for decision in found if decision.is_kept}
    going = {decision.tag.digest for decision in found if not decision.is_kept}
    assert len(staying) == min(number, len(newest))
    assert not staying & going
    assert sorted(days for image, days in newest.items() if digest(image) in staying) == by_age[: len(staying)]
