# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the storage tells: times of pushes, manifests without a tag, layer links, uploads, empty repositories."""

from __future__ import annotations

from typing import Any

from support import images
from support.pushing import Repository, push
from support.registries import RegistryProcess
from support.store import Store
from support.sweeping import DAY, cleanup, push_aged, refused, successful, sweep
from support.verify import blob_exists, catalogue, exists


def policy(**words: Any) -> list[dict[str, Any]]:
    """One policy for every repository."""
    return [{"name": "test", **words}]


def test_what_goes_is_counted(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    swept = sweep(registry, {"app": ["3"]}, policies=policy(keep_n=1))
    gone = swept.run["deleted"]
    assert (gone["tags"], gone["manifests"], gone["layer_links"], gone["blobs"]) == (2, 2, 4, 6)


def test_the_order_of_pushes_is_not_that_of_image_dates(registry: RegistryProcess, store: Store) -> None:
    for tag, age, created in (("pushed", 1, "2026-02-01T00:00:00Z"), ("built", 20, "2026-05-01T00:00:00Z")):
        push(registry, "app", images.image(tag, created=created), tag)
        store.age_tag("app", tag, age * DAY)
    sweep(registry, {"app": ["pushed"]}, exact=False, policies=policy(keep_n=1))


def test_a_copied_store_is_sorted_by_image_date(registry: RegistryProcess, store: Store) -> None:
    for number in range(1, 5):
        push(registry, "app", images.image(f"copied {number}", created=f"2026-0{5 - number}-01T00:00:00Z"), str(number))
    store.age_everything(20 * DAY)
    swept = sweep(registry, {"app": ["1", "2"]}, policies=policy(keep_n=2))
    assert "push time" in swept.said


def test_keep_n_of_equal_times_goes_by_tag_name(registry: RegistryProcess) -> None:
    push_aged(registry, "app", dict.fromkeys(["build-8", "build-9", "build-10", "build-11"], 5.0))
    sweep(registry, {"app": ["build-10", "build-11"]}, policies=policy(keep_n=2))


def test_push_time_is_preferred_to_a_missing_image_date(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 40.0, "2": 20.0}, created=None)
    sweep(registry, {"app": ["2"]}, policies=policy(older_than="30d"))


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


def test_max_delete_counts_manifests_too(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "kept", {"1": 1.0})
    for number in range(4):
        push(registry, "app", images.image(f"untagged {number}"))
    store.age_everything(20 * DAY)
    with registry.closed():
        refused(cleanup(registry, delete_untagged=True, max_delete=3), "max_delete", "4")
        assert len(store.revisions("app")) == 4
