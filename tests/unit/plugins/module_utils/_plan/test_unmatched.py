# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exclusions, protected images and patterns that match nothing are told, or refused where something near would go."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import UnmatchedError
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.unmatched import check_beside_plan, check_unmatched
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import NOW, OCI, digest, settings

STORE = {
    "team-web/app": ["v1.2", "latest"],
    "team-web/api": ["v1.2"],
    "charts/nginx": ["1.0.0"],
    "charts": ["1"],
    "prod-a/x": ["1"],
    "prod-b/y": ["1"],
    "node-1": ["1"],
    "library/base": ["1"],
    "tools/web": ["1"],
}


def graph_of(repositories: Mapping[str, Iterable[str]], unread: Iterable[str] = ()) -> Graph:
    graph = Graph(unread=list(unread))
    for name, tags in repositories.items():
        found = {tag: Tag(tag, digest(1), None) for tag in tags}
        graph.repositories[name] = Repository(name, found, {digest(1): 0.0})
    graph.manifests = {digest(1): Manifest(OCI, 1, config=digest(101))}
    return graph


def check(on_unmatched: str = "fail_if_near", store: Any = None, **options: Any) -> list[str]:
    return check_unmatched(graph_of(STORE if store is None else store), settings(**options), on_unmatched)


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("team-web", "'team-web/**' would match 2, such as team-web/api"),
        ("team-web/*/*", "'team-web/*' would match 2"),
        ("charts/*/app", None),
        ("node-1/**", "'node-1' would match 1"),
        ("registry.example.com/team-web/**", "'team-web/**' would match 2"),
        ("registry.example.com/charts", "'charts' would match 1"),
        ("library/charts", "'charts' would match 1"),
        ("registry.example.com/**", "'**' would match 8"),
        ("base", "'library/base' would match 1"),
        ("prod", "'prod-*/**' would match 2"),
        ("prod/**", "'prod-*/**' would match 2"),
        ("web", "'**/web' would match 1"),
        ("taem-web", "'team-web/**' would match 2"),
        ("taem-web/**", "'team-web/**' would match 2"),
        ("team-wbe/app", "'team-web/app' would match 1"),
        ("team_web/*", "'team-web/*' would match 2"),
        ("chart", "'charts' would match 1"),
        ("charts2", None),
        ("node-2", None),
        ("something/else", None),
        ("~prod", "'~prod.*' would match 2"),
        ("~^web$", "'~.*web.*' would match 3"),
        ("~Team-web/.*", "'~(?i:Team-web/.*)' would match 2"),
        ("~(?i)Prod", "'~(?i)Prod.*' would match 2"),
        ("~(?i)a/y", None),
        ("~nothing", None),
    ],
)
def test_an_exclusion_that_matches_nothing(pattern: str, meant: str | None) -> None:
    """Where something near would go it fails, and what it says was meant is right; else it is a warning."""
    excluded = ["charts/**", pattern]
    said = f"exclude_repositories: {pattern!r} matches no repository"
    if meant is None:
        assert check(exclude_repositories=excluded) == [said]
        return
    with pytest.raises(UnmatchedError) as error:
        check(exclude_repositories=excluded)
    assert str(error.value).startswith(f"{said}; {meant}")
    assert "on_unmatched: warn" in str(error.value)
    assert check("warn", exclude_repositories=excluded)[0].startswith(f"{said}; {meant}")
    advised = str(error.value).split("'")[3]
    assert check(exclude_repositories=["charts/**", advised]) == []


def test_a_namespace_that_is_not_there_does_not_mean_everything() -> None:
    assert len(check("fail_if_near", {"app": ["1"]}, exclude_repositories=["library/**"])) == 1


def test_what_stays_anyway_is_not_near() -> None:
    """Who excludes the mistake and what was meant has shared the list, or has mended it."""
    assert len(check(exclude_repositories=["team-web", "team-web/**"])) == 1
    assert len(check(exclude_repositories=["team-web"], repositories=["charts/**"])) == 1
    with pytest.raises(UnmatchedError):
        check(exclude_repositories=["team-web", "team-web/app"])


@pytest.mark.parametrize("options", [{"exclude_repositories": ["nothing"]}, {"protect_images": ["nothing:1"]}])
def test_the_strict_and_those_who_know(options: dict[str, Any]) -> None:
    with pytest.raises(UnmatchedError, match="nothing"):
        check("fail", **options)
    assert len(check("warn", **options)) == len(check("fail_if_near", **options)) == 1
    assert check("ignore", **options) == []
    assert check("ignore", exclude_repositories=["team-web"]) == []


def test_an_exclusion_of_a_policy() -> None:
    policy = {"name": "p", "keep_n": 1, "exclude_repositories": ["team-web"]}
    with pytest.raises(UnmatchedError, match=r"^p: exclude_repositories: 'team-web' matches no .*'team-web/"):
        check(policies=[policy])
    assert len(check(policies=[{**policy, "repositories": ["charts/**"]}])) == 1


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("host/team-web/app:v1.2", "'team-web/app:v1.2' is there"),
        ("registry.example.com/team-web/app:1.2", "'team-web/app:v1.2' is there"),
        ("team-web/app:lastest", "'team-web/app:latest' is there"),
        ("taem-web/app:latest", "'team-web/app:latest' is there"),
        ("charts/ngnix:*", "as exclude_repositories 'charts/nginx' would match 1"),
        ("team-web:*", "as exclude_repositories 'team-web/**' would match 2"),
        ("team-web/app:v1.3", None),
        ("ghcr.io/somebody/else/charts:1", None),
        ("quay.io/other:1", None),
        (digest(7), None),
    ],
)
def test_a_protected_image_that_matches_nothing(reference: str, meant: str | None) -> None:
    said = f"protect_images: {reference!r} matches no image"
    if meant is None:
        assert check(protect_images=[reference]) == [said]
        return
    with pytest.raises(UnmatchedError) as error:
        check(protect_images=[reference])
    assert str(error.value).startswith(f"{said}; {meant}")


def test_images_that_are_there_are_not_told() -> None:
    there = ["team-web/app:v1.2", "x.io/charts:*", digest(1), digest(101), f"gone:1@{digest(1)}", "base:1"]
    assert check("fail", protect_images=there) == []


def test_a_tag_that_does_not_pull_is_there() -> None:
    graph = graph_of({"app": ["1"]})
    graph.repositories["app"].dangling.append("dead")
    assert check_unmatched(graph, settings(protect_images=["app:dead"]), "fail") == []


def test_of_what_was_not_read_nothing_is_said() -> None:
    graph = graph_of({"app": ["1"]}, unread=["team/app"])
    options = {"exclude_repositories": ["team/**"], "repositories": ["app", "team/*"]}
    assert check_unmatched(graph, settings(protect_images=["team/app:1", digest(7)], **options), "fail") == []
    with pytest.raises(UnmatchedError, match="other:1"):
        check_unmatched(graph, settings(protect_images=["other:1"], **options), "fail")


def test_of_an_empty_registry_nothing_is_said() -> None:
    assert check("fail", {}, exclude_repositories=["a"], protect_images=["b:1"], repositories=["c"]) == []


def test_patterns_that_delete_nothing_are_warnings() -> None:
    policy = {"name": "p", "keep_n": 1, "group_by": r"~x(\d+)"}
    policy.update(repositories=["team-web", "charts"], tags=["*", "pr-*"], keep_tags=["2", "lates"])
    assert check(repositories=["**", "nothing"], policies=[policy]) == [
        "repositories: 'nothing' matches no repository",
        "p: repositories: 'team-web' matches no repository; 'team-web/**' would match 2, such as team-web/api",
        "p: tags: 'pr-*' matches no tag",
        "p: keep_tags: '2' matches no tag; 'lates' matches no tag",
        r"p: group_by: '~x(\d+)' matches no tag",
    ]
    other = {"name": "q", "keep_n": 1, "repositories": ["team-web/*"], "keep_tags": ["latset", "1.2", "*"]}
    assert check(policies=[other]) == [
        "q: keep_tags: 'latset' matches no tag; 'latest' would match 1; '1.2' matches no tag; 'v1.2' would match 1"
    ]


def test_a_policy_that_earlier_ones_leave_nothing_to_is_told() -> None:
    """The first policy that matches judges: who writes the general one first loses what the others were to keep."""
    everything = {"name": "all", "keep_n": 1}
    releases = {"name": "releases", "tags": ["v*", "1*"], "keep_n": 10}
    (said,) = check(policies=[everything, releases])
    assert said.startswith("releases: it judges no tag, for earlier policies judge all those that it matches, such as ")
    assert said.endswith(" (all)")
    assert check(policies=[releases, everything]) == []
    assert check(policies=[{**everything, "repositories": ["team-web/**"]}, releases]) == []


def test_a_list_that_is_empty_selects_nothing_and_is_told() -> None:
    assert check(repositories=[]) == ["repositories: the list is empty, which selects nothing"]
    policy = {"name": "p", "keep_n": 1}
    assert check(policies=[{**policy, "tags": []}]) == ["p: tags: the list is empty, which selects nothing"]
    assert "p: repositories: the list is empty, which selects nothing" in check(
        policies=[{**policy, "repositories": []}]
    )


def test_long_lists_are_cut() -> None:
    (said,) = check("warn", exclude_repositories=[f"nothing{number}" for number in range(12)])
    assert said.count("matches no repository") == 5
    assert said.endswith("; and 7 more")


def beside_plan(on_unmatched: str = "fail_if_near", **options: Any) -> list[str]:
    """What is said beside a plan that was made with charts excluded, and with one image in use."""
    made = settings(exclude_repositories=["charts", "gone"], protect_images=["gone:1"], policies=[{"keep_n": 1}])
    graph = graph_of(STORE)
    plan = Plan({"storage": "x"}, made.options, NOW, Removal(), retain(graph, made, NOW).decisions)
    return check_beside_plan(plan, settings(**options), on_unmatched)


def test_beside_a_plan_only_what_is_new_is_held_against_it() -> None:
    assert beside_plan("fail", exclude_repositories=["charts", "gone", "team-web/**"], protect_images=["gone:1"]) == []
    assert beside_plan("fail", protect_images=["team-web/app:latest", digest(7)]) == []
    with pytest.raises(UnmatchedError, match="'team-web/\\*\\*' would match 2"):
        beside_plan(exclude_repositories=["team-web"])
    with pytest.raises(UnmatchedError, match="'team-web/app:latest' is there"):
        beside_plan(protect_images=["host/team-web/app:latest"])
    told = beside_plan(exclude_repositories=["nothing"])
    assert told == ["exclude_repositories: 'nothing' matches no repository of the plan"]


words = st.lists(st.sampled_from(["app", "team-web", "charts", "db"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(words, min_size=1, unique=True), st.lists(words | words.map("{}/**".format), max_size=3))
def test_nothing_is_said_of_patterns_that_match(names: list[str], patterns: list[str]) -> None:
    """And what is said is said of the others alone."""
    graph = graph_of({name: ["1"] for name in names})
    told = check_unmatched(graph, settings(exclude_repositories=patterns), "warn")
    for pattern in patterns:
        below = pattern.removesuffix("/**")
        there = [name for name in names if (name.startswith(f"{below}/") if pattern.endswith("/**") else name == below)]
        assert any(f"{pattern!r} matches no repository" in one for one in told) == (not there)
