# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every word of a policy, on real stores: what goes, what stays, and why."""

from __future__ import annotations

from typing import Any

import pytest

from support import images
from support.pushing import Repository, push
from support.registries import RegistryProcess
from support.store import Store
from support.sweeping import DAY, cleanup, push_aged, refused, successful, sweep
from support.verify import blob_exists, catalogue, exists

AGES = {"1": 50.0, "2": 40.0, "3": 30.0, "4": 20.0, "5": 10.0}


def policy(**words: Any) -> list[dict[str, Any]]:
    """One policy for every repository."""
    return [{"name": "test", **words}]


def test_tags_are_those_a_policy_judges(registry: RegistryProcess) -> None:
    push_aged(registry, "team/app", {"pr-1": 9, "pr-2": 8, "1.0": 7})
    sweep(registry, {"team/app": ["1.0"]}, policies=policy(tags=["pr-*"], keep_n=0))


def test_the_first_matching_policy_judges(registry: RegistryProcess) -> None:
    push_aged(registry, "team/app", {"pr-1": 9, "pr-2": 8, "1.0": 7})
    policies = [
        {"name": "pull requests", "tags": ["pr-*"], "keep_n": 1},
        {"name": "all others", "keep_n": 5},
        {"name": "never asked", "keep_n": 0},
    ]
    swept = sweep(registry, {"team/app": ["1.0", "pr-2"]}, policies=policies)
    assert list(swept.reasons) == ["team/app:pr-1"]


def test_a_policy_looks_at_its_repositories_only(registry: RegistryProcess) -> None:
    for name in ("team-a/app", "team-a/sub/app", "team-b/app", "other"):
        push_aged(registry, name, {"1": 9, "2": 8})
    policies = policy(repositories=["team-*/**"], exclude_repositories=["~team-b/.*"], keep_n=1)
    keeps = {"team-a/app": ["2"], "team-a/sub/app": ["2"], "team-b/app": ["1", "2"], "other": ["1", "2"]}
    sweep(registry, keeps, policies=policies)


def test_a_star_stops_at_a_slash(registry: RegistryProcess) -> None:
    for name in ("team/app", "team/sub/app"):
        push_aged(registry, name, {"1": 9, "2": 8})
    keeps = {"team/app": ["2"], "team/sub/app": ["1", "2"]}
    sweep(registry, keeps, policies=policy(repositories=["team/*"], keep_n=1))


def test_a_run_touches_its_repositories_only(registry: RegistryProcess) -> None:
    for name in ("a", "b/c", "b/d"):
        push_aged(registry, name, {"1": 9, "2": 8})
    keeps = {"a": ["1", "2"], "b/c": ["2"], "b/d": ["1", "2"]}
    sweep(registry, keeps, policies=policy(keep_n=1), repositories=["b/*"], exclude_repositories=["b/d"])


def test_keep_tags_keeps_named_tags_of_any_age(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"latest": 900, "v1.2.0": 800, "v1.2.1": 700, "old": 600, "new": 1})
    policies = policy(keep_tags=["latest", r"~v\d+\.\d+\.0"], keep_n=1, expire_after="365d")
    swept = sweep(registry, {"app": ["latest", "new", "v1.2.0"]}, policies=policies)
    assert "warnings" not in swept.run or not swept.run["warnings"]


def test_keep_tags_of_any_matching_policy_keeps(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9, "2": 8, "3": 7})
    policies = [{"name": "judge", "keep_n": 0}, {"name": "keeper", "keep_n": 0, "keep_tags": ["1"]}]
    sweep(registry, {"app": ["1"]}, policies=policies)


def test_keep_tags_are_not_counted_by_keep_n(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    sweep(registry, {"app": ["3", "4", "5"]}, policies=policy(keep_tags=["5"], keep_n=2))


def test_a_keep_pattern_that_matches_nothing_is_told(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9})
    swept = sweep(registry, {"app": ["1"]}, policies=policy(keep_n=1, keep_tags=["lastest"]))
    assert "lastest" in swept.said


def test_keep_n_counts_images_with_all_their_tags(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", AGES)
    push(registry, "app", made["4"], "4-alias", "4-other")
    push(registry, "app", made["1"], "1-alias")
    for tag, age in {"4-alias": 20, "4-other": 20, "1-alias": 50}.items():
        store.age_tag("app", tag, age * DAY)
    swept = sweep(registry, {"app": ["4", "4-alias", "4-other", "5"]}, policies=policy(keep_n=2))
    assert swept.run["deleted"]["tags"] == 4
    assert swept.run["deleted"]["manifests"] == 3
    assert swept.run["deleted"]["layer_links"] == 6
    assert swept.run["deleted"]["blobs"] == 9


def test_keep_n_of_equal_times_goes_by_tag_name(registry: RegistryProcess) -> None:
    push_aged(registry, "app", dict.fromkeys(["build-8", "build-9", "build-10", "build-11"], 5.0))
    sweep(registry, {"app": ["build-10", "build-11"]}, policies=policy(keep_n=2))


def test_keep_n_zero_with_allow_empty_deletes_all(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    push_aged(registry, "other", {"1": 1})
    sweep(registry, {"other": ["1"]}, policies=policy(repositories=["app"], keep_n=0), allow_empty=True)
    assert catalogue(registry) == ["other"]


def test_allow_empty_false_keeps_the_newest_tag(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    swept = sweep(registry, {"app": ["5"]}, policies=policy(keep_n=0))
    assert swept.run["repositories"][0]["tags_before"] == 5
    assert swept.run["repositories"][0]["tags_deleted"] == 4


def test_older_than_alone(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    swept = sweep(registry, {"app": ["4", "5"]}, policies=policy(older_than="25d"))
    assert set(swept.reasons) == {"app:1", "app:2", "app:3"}
    assert all("older than 25d" in reason for reason in swept.reasons.values())


def test_older_than_spares_what_keep_n_keeps(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    sweep(registry, {"app": ["2", "3", "4", "5"]}, policies=policy(keep_n=4, older_than="15d"))


def test_of_the_rest_only_what_is_older_goes(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    sweep(registry, {"app": ["3", "4", "5"]}, policies=policy(keep_n=1, older_than="35d"))


def test_expire_after_goes_even_among_the_newest(registry: RegistryProcess) -> None:
    push_aged(registry, "app", AGES)
    swept = sweep(registry, {"app": ["4", "5"]}, policies=policy(keep_n=4, expire_after="25d"))
    assert "expired after 25d" in swept.reasons["app:3"]


def test_group_by_counts_each_group_on_its_own(registry: RegistryProcess) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.1.2": 5.0, "nightly": 50.0}
    push_aged(registry, "app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_n=1)
    sweep(registry, {"app": ["1.0.2", "1.1.2", "nightly"]}, policies=policies)


def test_keep_groups_keeps_the_newest_groups(registry: RegistryProcess) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.2.0": 5.0, "nightly": 50.0}
    push_aged(registry, "app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_groups=2)
    sweep(registry, {"app": ["1.1.0", "1.1.1", "1.2.0", "nightly"]}, policies=policies)


def test_keep_n_within_the_newest_groups(registry: RegistryProcess) -> None:
    ages = {"1.0.1": 9.0, "1.0.2": 8.0, "1.1.0": 7.0, "1.1.1": 6.0, "1.2.0": 5.0}
    push_aged(registry, "app", ages)
    policies = policy(group_by=r"~(\d+\.\d+)\..*", keep_groups=2, keep_n=1, sort_by="version")
    sweep(registry, {"app": ["1.1.1", "1.2.0"]}, policies=policies)


@pytest.mark.parametrize(
    ("sort_by", "newest"), [("pushed", "1.9.0"), ("created", "1.10.0-rc1"), ("version", "1.10.0"), ("name", "zulu")]
)
def test_sort_by(registry: RegistryProcess, store: Store, sort_by: str, newest: str) -> None:
    # tag: (pushed days ago, image date); each order has another newest.
    tags = {
        "1.10.0": (30.0, "2026-03-01T00:00:00Z"),
        "1.9.0": (1.0, "2026-02-01T00:00:00Z"),
        "1.10.0-rc1": (20.0, "2026-05-01T00:00:00+02:00"),
        "zulu": (40.0, "2026-01-01T00:00:00.123456789Z"),
    }
    for tag, (age, created) in tags.items():
        image = images.image(tag, created=created)
        push(registry, "app", image, tag)
        store.age_image("app", image, age * DAY)
        store.age_tag("app", tag, age * DAY)
    unranked = ["zulu"] if sort_by == "version" else []
    sweep(registry, {"app": [newest, *unranked]}, policies=policy(keep_n=1, sort_by=sort_by))


def test_a_copied_store_is_sorted_by_image_date(registry: RegistryProcess, store: Store) -> None:
    for number in range(1, 5):
        push(registry, "app", images.image(f"copied {number}", created=f"2026-0{5 - number}-01T00:00:00Z"), str(number))
    store.age_everything(20 * DAY)
    swept = sweep(registry, {"app": ["1", "2"]}, policies=policy(keep_n=2))
    assert "push time" in swept.said


@pytest.mark.parametrize("created", [None, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "yesterday"])
def test_unknown_age_is_kept_by_an_age_rule(registry: RegistryProcess, created: str | None) -> None:
    push_aged(registry, "app", {"dated": 400.0})
    push_aged(registry, "undated", {"1": 400.0, "2": 300.0}, created=created)
    policies = policy(older_than="30d", sort_by="created")
    swept = sweep(registry, {"app": ["dated"], "undated": ["1", "2"]}, policies=policies)
    assert not swept.run["changed"]


def test_push_time_is_preferred_to_a_missing_image_date(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 40.0, "2": 20.0}, created=None)
    sweep(registry, {"app": ["2"]}, policies=policy(older_than="30d"))


@pytest.mark.parametrize("how", ["tag", "with host", "manifest", "pinned", "child", "config"])
def test_protect_images(registry: RegistryProcess, store: Store, how: str) -> None:
    used, fresh = images.multi_platform("used"), images.image("fresh")
    push(registry, "team/app", used, "used")
    store.age_image("team/app", used, 90 * DAY)
    store.age_tag("team/app", "used", 90 * DAY)
    push(registry, "team/app", fresh, "fresh")
    push_aged(registry, "team/app", {"old": 80.0})
    reference = {
        "tag": "team/app:used",
        "with host": "registry.example.com:5000/team/app:used",
        "manifest": used.digest,
        "pinned": f"registry.example.com/team/app@{used.digest}",
        "child": used.children[1].digest,
        "config": used.children[0].config.digest,
    }[how]
    sweep(registry, {"team/app": ["fresh", "used"]}, policies=policy(keep_n=1), protect_images=[reference])


def test_untagged_manifests_stay_by_default(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", {"1": 90.0, "2": 80.0, "moving": 70.0})
    push(registry, "app", images.image("moved on"), "moving")
    digest = made["moving"].digest
    sweep(registry, {"app": ["2", "moving"]}, pulls={"app": [digest]}, policies=policy(keep_n=2))
    assert digest in store.revisions("app")


def test_delete_untagged_of_at_least_an_age(registry: RegistryProcess, store: Store) -> None:
    ages = {"old": 20.0, "young": 10.0, "kept": 1.0}
    made = {name: images.image(name) for name in ages}
    for name, image in made.items():
        push(registry, "app", image, *(["kept"] if name == "kept" else []))
        store.age_image("app", image, ages[name] * DAY)
    swept = sweep(registry, {"app": ["kept"]}, pulls={"app": [made["young"].digest]}, delete_untagged=True)
    assert swept.run["deleted"]["manifests"] == 1
    assert not exists(registry, "app", made["old"].digest)
    sweep(registry, {"app": ["kept"]}, delete_untagged=True, untagged_older_than="9d")
    assert not exists(registry, "app", made["young"].digest)


def test_grace_period_keeps_young_orphans(registry: RegistryProcess, store: Store) -> None:
    kept, old, young = images.image("kept"), images.layer("old orphan"), images.layer("young orphan")
    push(registry, "app", kept, "1")
    repository = Repository(registry, "app")
    repository.push_blob(old)
    repository.push_blob(young)
    store.age(store.layer_link("app", old.digest), 2 * 3600)
    store.age(store.blob(old.digest), 2 * 3600)
    swept = sweep(registry, {"app": ["1"]}, exact=False, grace_period="1h")
    assert swept.run["deleted"]["blobs"] == 1
    assert swept.run["deleted"]["layer_links"] == 1
    assert blob_exists(registry, "app", young.digest)
    assert not blob_exists(registry, "app", old.digest)


def test_a_blob_is_as_young_as_its_youngest_link(registry: RegistryProcess, store: Store) -> None:
    layer = images.layer("pushed again")
    push(registry, "app", images.image("kept"), "1")
    Repository(registry, "app").push_blob(layer)
    store.age_everything(DAY)
    Repository(registry, "app").push_blob(layer)  # rewrites the link, never the data
    swept = sweep(registry, {"app": ["1"]}, exact=False, grace_period="1h")
    assert not swept.run["changed"]
    assert blob_exists(registry, "app", layer.digest)


def test_grace_period_is_an_hour_unless_said(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"older": 2 / 24, "younger": 0.5 / 24})
    with registry.closed():
        run = successful(cleanup(registry, policies=policy(keep_n=0), allow_empty=True, grace_period=None))
    assert [one["tag"] for one in run["tags_deleted"]] == ["older"]
    assert store.tags("app") == ["younger"]


def test_purge_uploads_older_than(registry: RegistryProcess, store: Store) -> None:
    repository = Repository(registry, "app")
    repository.push(images.image("app"), "1")
    old, young = repository.abandon_upload(), repository.abandon_upload()
    store.age(store.repository("app") / "_uploads" / old, 8 * DAY)
    store.age(store.repository("app") / "_uploads" / young, 6 * DAY)
    swept = sweep(registry, {"app": ["1"]})
    assert swept.run["deleted"]["uploads"] == 1
    assert store.uploads("app") == [young]
    swept = sweep(registry, {"app": ["1"]}, purge_uploads_older_than="5d")
    assert swept.run["deleted"]["uploads"] == 1
    assert store.uploads("app") == []


def test_remove_empty_repositories(registry: RegistryProcess, store: Store) -> None:
    for name in ("gone", "gone/but/not/this", "stays"):
        push_aged(registry, name, {"1": 9.0})
    keeps = {"gone/but/not/this": ["1"], "stays": ["1"]}
    swept = sweep(registry, keeps, policies=policy(repositories=["gone"], keep_n=0), allow_empty=True)
    assert swept.run["deleted"]["repositories"] == 1
    assert catalogue(registry) == ["gone/but/not/this", "stays"]
    assert not (store.repository("gone") / "_manifests").exists()


def test_empty_repositories_stay_where_asked(registry: RegistryProcess, store: Store) -> None:
    for name in ("emptied", "stays"):
        push_aged(registry, name, {"1": 9.0})
    policies = policy(repositories=["emptied"], keep_n=0)
    swept = sweep(registry, {"stays": ["1"]}, policies=policies, allow_empty=True, remove_empty_repositories=False)
    assert swept.run["deleted"]["repositories"] == 0
    assert "emptied" in store.repositories()


def test_max_delete_refuses_a_larger_plan(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", AGES)
    with registry.closed():
        for check in (True, False):
            refused(cleanup(registry, check=check, policies=policy(keep_n=1), max_delete=3), "max_delete", "4", "3")
        assert len(store.tags("app")) == 5
        successful(cleanup(registry, policies=policy(keep_n=1), max_delete=4))
    assert store.tags("app") == ["5"]


def test_max_delete_counts_manifests_too(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "kept", {"1": 1.0})
    for number in range(4):
        push(registry, "app", images.image(f"untagged {number}"))
    store.age_everything(20 * DAY)
    with registry.closed():
        refused(cleanup(registry, delete_untagged=True, max_delete=3), "max_delete", "4")
        assert len(store.revisions("app")) == 4


def test_max_delete_percent_of_a_repository(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "small", {"1": 9.0, "2": 8.0, "3": 7.0, "4": 6.0})
    push_aged(registry, "large", {str(number): 9.0 for number in range(12)})
    policies = policy(repositories=["small"], keep_n=1)
    with registry.closed():
        refused(
            cleanup(registry, policies=policies, max_delete_percent=50), "max_delete_percent", "3 of 4 tags of small"
        )
        assert len(store.tags("small")) == 4
        successful(cleanup(registry, policies=policies, max_delete_percent=75))
    assert store.tags("small") == ["4"]
