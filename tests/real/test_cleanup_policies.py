# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every word of a policy, in the storage and over the API: what goes, what stays, and why.

A few of them in every way and on every kind of registry, for what is decided is decided before these part.
"""

from __future__ import annotations

from typing import Any

import pytest

from support import images
from support.registries import V3, NewRegistry
from support.sweeping import refused, successful
from support.sweeping_api import date
from support.ways import StorageWay, Way

AGES = {"1": 50.0, "2": 40.0, "3": 30.0, "4": 20.0, "5": 10.0}


def policy(**words: Any) -> list[dict[str, Any]]:
    """One policy for every repository."""
    return [{"name": "test", **words}]


def test_tags_are_those_a_policy_judges(way: Way) -> None:
    way.push_aged("team/app", {"pr-1": 9, "pr-2": 8, "1.0": 7})
    way.sweep({"team/app": ["1.0"]}, policies=policy(tags=["pr-*"], keep_n=0))


def test_the_first_matching_policy_judges(way: Way) -> None:
    way.push_aged("team/app", {"pr-1": 9, "pr-2": 8, "1.0": 7})
    policies = [
        {"name": "pull requests", "tags": ["pr-*"], "keep_n": 1},
        {"name": "all others", "keep_n": 5},
        {"name": "never asked", "keep_n": 0},
    ]
    swept = way.sweep({"team/app": ["1.0", "pr-2"]}, policies=policies)
    assert list(swept.reasons) == ["team/app:pr-1"]


def test_a_policy_looks_at_its_repositories_only(every_way: Way) -> None:
    for name in ("team-a/app", "team-a/sub/app", "team-b/app", "other"):
        every_way.push_aged(name, {"1": 9, "2": 8})
    policies = policy(repositories=["team-*/**"], exclude_repositories=["~team-b/.*"], keep_n=1)
    keeps = {"team-a/app": ["2"], "team-a/sub/app": ["2"], "team-b/app": ["1", "2"], "other": ["1", "2"]}
    every_way.sweep(keeps, policies=policies)


def test_a_star_stops_at_a_slash(way: Way) -> None:
    for name in ("team/app", "team/sub/app"):
        way.push_aged(name, {"1": 9, "2": 8})
    keeps = {"team/app": ["2"], "team/sub/app": ["1", "2"]}
    way.sweep(keeps, policies=policy(repositories=["team/*"], keep_n=1))


def test_a_run_touches_its_repositories_only(way: Way) -> None:
    for name in ("a", "b/c", "b/d"):
        way.push_aged(name, {"1": 9, "2": 8})
    keeps = {"a": ["1", "2"], "b/c": ["2"], "b/d": ["1", "2"]}
    way.sweep(keeps, policies=policy(keep_n=1), repositories=["b/*"], exclude_repositories=["b/d"])


@pytest.mark.parametrize("where", ["run", "policy"])
def test_a_prefix_excludes_nothing_and_is_refused(every_way: Way, where: str) -> None:
    """The commonest mistake; what it says was meant is what does it."""
    for name in ("team-web/app", "team-web/api", "other/app"):
        every_way.push_aged(name, {"1": 9, "2": 8})
    keeps = {"team-web/app": ["1", "2"], "team-web/api": ["1", "2"], "other/app": ["2"]}

    def excluding(pattern: str) -> dict[str, Any]:
        if where == "run":
            return {"policies": policy(keep_n=1), "exclude_repositories": [pattern]}
        return {"policies": policy(keep_n=1, exclude_repositories=[pattern])}

    with every_way.ready():
        for check in (True, False):
            result = every_way.cleanup(check=check, **excluding("team-web"))
            refused(result, "exclude_repositories", "'team-web' matches no repository; 'team-web/**' would match 2")
    assert {name: every_way.tags(name) for name in keeps} == {name: ["1", "2"] for name in keeps}
    every_way.sweep(keeps, **excluding("team-web/**"))


def test_a_repository_with_capitals_is_named_by_a_regular_expression(new_registry: NewRegistry) -> None:
    """The specification has none, but Distribution 3 takes them before the first slash."""
    registry = StorageWay(new_registry(V3))
    for name in ("Prod/app", "prod/app"):
        registry.push_aged(name, {"1": 9, "2": 8})
    with registry.ready():
        result = registry.cleanup(policies=policy(keep_n=1), exclude_repositories=["Prod/*"])
        refused(result, "exclude_repositories", "write 'prod/*'")
    keeps = {"Prod/app": ["1", "2"], "prod/app": ["2"]}
    registry.sweep(keeps, policies=policy(keep_n=1), exclude_repositories=["~Prod/.*"])


def test_entries_of_a_shared_list_that_match_nothing_are_told(way: Way) -> None:
    way.push_aged("app", {"1": 9, "2": 8})
    shared = {"exclude_repositories": ["elsewhere/**"], "protect_images": ["quay.io/elsewhere/app:1"]}
    with way.ready():
        for check in (True, False):
            refused(way.cleanup(check=check, policies=policy(keep_n=1), on_unmatched="fail", **shared), "elsewhere/**")
        silent = successful(way.cleanup(check=True, policies=policy(keep_n=1), on_unmatched="ignore", **shared))
    assert not any("elsewhere" in str(warning) for warning in silent.get("warnings", []))
    swept = way.sweep({"app": ["2"]}, policies=policy(keep_n=1), **shared)
    assert swept.preview["plan_id"] == swept.run["plan_id"] == silent["plan_id"]
    said = [" ".join(map(str, result["warnings"])) for result in (swept.preview, swept.run)]
    for told in ("exclude_repositories: 'elsewhere/**'", "protect_images: 'quay.io/elsewhere/app:1'"):
        assert all(f"{told} matches no" in warnings for warnings in said)


def test_keep_tags_keeps_named_tags_of_any_age(way: Way) -> None:
    way.push_aged("app", {"latest": 900, "v1.2.0": 800, "v1.2.1": 700, "old": 600, "new": 1})
    policies = policy(keep_tags=["latest", r"~v\d+\.\d+\.0"], keep_n=1, expire_after="365d")
    swept = way.sweep({"app": ["latest", "new", "v1.2.0"]}, policies=policies)
    assert "warnings" not in swept.run or not swept.run["warnings"]


def test_keep_tags_of_any_matching_policy_keeps(way: Way) -> None:
    way.push_aged("app", {"1": 9, "2": 8, "3": 7})
    policies = [{"name": "judge", "keep_n": 0}, {"name": "keeper", "keep_n": 0, "keep_tags": ["1"]}]
    way.sweep({"app": ["1"]}, policies=policies)


def test_keep_tags_are_not_counted_by_keep_n(way: Way) -> None:
    way.push_aged("app", AGES)
    way.sweep({"app": ["3", "4", "5"]}, policies=policy(keep_tags=["5"], keep_n=2))


def test_a_keep_pattern_that_matches_nothing_is_told(way: Way) -> None:
    way.push_aged("app", {"1": 9})
    swept = way.sweep({"app": ["1"]}, policies=policy(keep_n=1, keep_tags=["lastest"]))
    assert "lastest" in swept.said


def test_a_keep_pattern_without_its_wildcard_is_told(way: Way) -> None:
    way.push_aged("app", {"stable-1": 9, "2": 8})
    swept = way.sweep({"app": ["2"]}, policies=policy(keep_n=1, keep_tags=["stable"]))
    assert "'stable' matches a part of app:stable-1 ('stable*' would keep it)" in swept.said


def test_keep_n_counts_images_with_all_their_tags(every_way: Way) -> None:
    made = every_way.push_aged("app", AGES)
    every_way.push("app", made["4"], "4-alias", "4-other", age=AGES["4"])
    every_way.push("app", made["1"], "1-alias", age=AGES["1"])
    swept = every_way.sweep({"app": ["4", "4-alias", "4-other", "5"]}, policies=policy(keep_n=2))
    assert swept.run["deleted"]["tags"] == 4


def test_keep_n_zero_with_allow_empty_deletes_all(way: Way) -> None:
    way.push_aged("app", AGES)
    way.push_aged("other", {"1": 1})
    way.sweep({"other": ["1"]}, policies=policy(repositories=["app"], keep_n=0), allow_empty=True)


def test_allow_empty_false_keeps_the_newest_tag(every_way: Way) -> None:
    every_way.push_aged("app", AGES)
    swept = every_way.sweep({"app": ["5"]}, policies=policy(keep_n=0))
    assert swept.run["repositories"][0]["tags_before"] == 5
    assert swept.run["repositories"][0]["tags_deleted"] == 4


def test_older_than_alone(every_way: Way) -> None:
    every_way.push_aged("app", AGES)
    swept = every_way.sweep({"app": ["4", "5"]}, policies=policy(older_than="25d"))
    assert set(swept.reasons) == {"app:1", "app:2", "app:3"}
    assert all("older than 25d" in reason for reason in swept.reasons.values())


def test_older_than_spares_what_keep_n_keeps(way: Way) -> None:
    way.push_aged("app", AGES)
    way.sweep({"app": ["2", "3", "4", "5"]}, policies=policy(keep_n=4, older_than="15d"))


def test_of_the_rest_only_what_is_older_goes(way: Way) -> None:
    way.push_aged("app", AGES)
    way.sweep({"app": ["3", "4", "5"]}, policies=policy(keep_n=1, older_than="35d"))


def test_expire_after_goes_even_among_the_newest(way: Way) -> None:
    way.push_aged("app", AGES)
    swept = way.sweep({"app": ["4", "5"]}, policies=policy(keep_n=4, expire_after="25d"))
    assert "expired after 25d" in swept.reasons["app:3"]


def test_group_by_counts_each_group_on_its_own(every_way: Way) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.1.2": 5.0, "nightly": 50.0}
    every_way.push_aged("app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_n=1)
    every_way.sweep({"app": ["1.0.2", "1.1.2", "nightly"]}, policies=policies)


def test_keep_groups_keeps_the_newest_groups(way: Way) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.2.0": 5.0, "nightly": 50.0}
    way.push_aged("app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_groups=2)
    way.sweep({"app": ["1.1.0", "1.1.1", "1.2.0", "nightly"]}, policies=policies)


def test_keep_n_within_the_newest_groups(way: Way) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.2.0": 5.0}
    way.push_aged("app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_groups=2, keep_n=1, sort_by="version")
    way.sweep({"app": ["1.1.1", "1.2.0"]}, policies=policies)


@pytest.mark.parametrize(("sort_by", "newest"), [("created", "1.10.0-rc1"), ("version", "1.10.0"), ("name", "zulu")])
def test_sort_by(way: Way, sort_by: str, newest: str) -> None:
    created = {
        "1.10.0": "2026-03-01T00:00:00Z",
        "1.9.0": "2026-02-01T00:00:00Z",
        "1.10.0-rc1": "2026-05-01T00:00:00+02:00",
        "zulu": "2026-01-01T00:00:00.123456789Z",
    }
    # Whoever sorted by the time of the push would keep 1.9.0.
    pushed = {"1.10.0": 30.0, "1.9.0": 1.0, "1.10.0-rc1": 20.0, "zulu": 40.0}
    for tag, age in pushed.items():
        way.push("app", images.image(tag, created=created[tag]), tag, age=age)
    unranked = ["zulu"] if sort_by == "version" else []
    way.sweep({"app": [newest, *unranked]}, policies=policy(keep_n=1, sort_by=sort_by))


@pytest.mark.parametrize("created", [None, "1980-01-01T00:00:01Z", "0001-01-01T00:00:00Z", "yesterday"])
def test_unknown_age_is_kept_by_an_age_rule(way: Way, created: str | None) -> None:
    way.push_aged("app", {"dated": 400.0})
    way.push_aged("undated", {"1": 400.0, "2": 300.0}, created=created)
    policies = policy(older_than="30d", sort_by="created")
    swept = way.sweep({"app": ["dated"], "undated": ["1", "2"]}, policies=policies)
    assert not swept.run["changed"]


@pytest.mark.parametrize("how", ["tag", "with host", "manifest", "pinned", "child", "config", "id"])
def test_protect_images(way: Way, how: str) -> None:
    used = images.multi_platform("used", created=date(90))
    way.push("team/app", used, "used", age=90)
    way.push_aged("team/app", {"old": 80.0, "fresh": 1.0})
    reference = {
        "tag": "team/app:used",
        "with host": "registry.example.com:5000/team/app:used",
        "manifest": used.digest,
        "pinned": f"registry.example.com/team/app:since-deleted@{used.digest}",
        "child": used.children[1].digest,
        "config": used.children[0].config.digest,
        "id": used.children[0].config.digest.partition(":")[2],
    }[how]
    way.sweep({"team/app": ["fresh", "used"]}, policies=policy(keep_n=1), protect_images=[reference])


def test_a_host_without_a_dot_before_an_image_in_use_is_refused(way: Way) -> None:
    way.push_aged("team/app", {"used": 9, "new": 8})
    with way.ready():
        for check in (True, False):
            result = way.cleanup(check=check, policies=policy(keep_n=1), protect_images=["registry/team/app:used"])
            refused(result, "protect_images", "'registry/team/app:used' matches no image; 'team/app:used' is there")
    assert way.tags("team/app") == ["new", "used"]


def test_a_whole_repository_is_protected(way: Way) -> None:
    for name in ("team/app", "team/web"):
        way.push_aged(name, {"1": 9, "2": 8})
    keeps = {"team/app": ["1", "2"], "team/web": ["2"]}
    way.sweep(keeps, policies=policy(keep_n=1), protect_images=["registry.example.com/team/app:*"])


def test_max_delete_refuses_a_larger_plan(every_way: Way) -> None:
    every_way.push_aged("app", AGES)
    with every_way.ready():
        for check in (True, False):
            refused(every_way.cleanup(check=check, policies=policy(keep_n=1), max_delete=3), "max_delete", "4", "3")
        assert len(every_way.tags("app")) == 5
        successful(every_way.cleanup(policies=policy(keep_n=1), max_delete=4))
    assert every_way.tags("app") == ["5"]


def test_max_delete_percent_of_a_repository(way: Way) -> None:
    way.push_aged("small", {"1": 9.0, "2": 8.0, "3": 7.0, "4": 6.0})
    way.push_aged("large", {str(number): 9.0 for number in range(12)})
    policies = policy(repositories=["small"], keep_n=1)
    with way.ready():
        refused(way.cleanup(policies=policies, max_delete_percent=50), "max_delete_percent", "3 of 4 tags of small")
        assert len(way.tags("small")) == 4
        successful(way.cleanup(policies=policies, max_delete_percent=75))
    assert way.tags("small") == ["4"]
