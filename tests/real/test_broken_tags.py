# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newest tag that does not pull costs no image that does, on real registries and by every way of cleaning up."""

from __future__ import annotations

import shutil
from typing import Any, Callable

import pytest

from support import images
from support.forked import run_forked
from support.images import Image
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import V2, V3, VERSIONS, NewRegistry, RegistryProcess
from support.store import Store, remove
from support.sweeping import assert_same_plan, successful
from support.sweeping_api import cleanup_over_api, date
from support.v1 import V1Registry, V1Store
from support.v1 import assert_pulls as assert_v1_pulls
from support.v1 import image as v1_image
from support.v1 import push as push_v1
from support.v1 import tags as v1_tags
from support.verify import assert_pulls, capture
from support.ways import ApiWay, StorageWay, Way

KEEP_ONE = [{"name": "test", "keep_n": 1}]
AGES = {"1": 9.0, "2": 8.0, "3": 7.0}


@pytest.fixture(params=[f"{how}-{version}" for how in ("storage", "api") for version in VERSIONS])
def way(request: pytest.FixtureRequest, new_registry: NewRegistry) -> Way:
    how, _dash, version = request.param.partition("-")
    registry = new_registry(version, delete_enabled=how == "api")
    return ApiWay(registry) if how == "api" else StorageWay(registry)


def unlink(store: Store, image: Image) -> None:
    remove(store.revision("app", image.digest) / "link")


def lose_manifest(store: Store, image: Image) -> None:
    remove(store.blob(image.digest))


def lose_layer(store: Store, image: Image) -> None:
    remove(store.blob(image.layers[0].digest))


def empty_layer(store: Store, image: Image) -> None:
    store.blob_data(image.layers[0].digest).write_bytes(b"")


def store_of(way: Way) -> Store:
    assert isinstance(way.registry, RegistryProcess)
    way.registry.restart()
    return Store(way.registry.storage)


def three_runs(way: Way, **options: Any) -> Result:
    """Preview, run and run again; the run's result."""
    with way.ready():
        preview, run, again = (
            successful(way.cleanup(check=check, diff=True, **options)) for check in (True, False, False)
        )
    assert_same_plan(preview, run)
    assert preview["broken_tags"] == run["broken_tags"]
    assert not again["changed"], again["deleted"]
    return run


@pytest.mark.parametrize("damage", [unlink, lose_manifest, lose_layer, empty_layer])
def test_the_newest_that_pulls_stays(way: Way, damage: Callable[[Store, Image], None]) -> None:
    made = way.push_aged("app", AGES)
    store = store_of(way)
    damage(store, made["3"])
    living = capture(way.registry, {"app": ["2"]})
    run = three_runs(way, policies=KEEP_ONE)
    assert [one["tag"] for one in run["tags_deleted"]] == ["1"]
    (broken,) = run["broken_tags"]
    assert (broken["repository"], broken["tag"], run["broken_tags_total"]) == ("app", "3", 1)
    assert "app: tags that do not pull" in "\n".join(map(str, run["warnings"]))
    assert store.tags("app") == ["2", "3"]
    assert_pulls(way.registry, living)
    # A registry that deletes digests alone has none here.
    run = three_runs(way, policies=KEEP_ONE, broken_tags="delete", **with_help(way))
    assert [one["tag"] for one in run["tags_deleted"]] == ["3"]
    assert run["tags_deleted"][0]["reason"].startswith("deleted: does not pull (")
    assert store.tags("app") == ["2"]
    assert_pulls(way.registry, living)


def with_help(way: Way) -> dict[str, bool]:
    return {"overwrite_shared_tags": True} if isinstance(way, ApiWay) else {}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_index_that_has_lost_a_part(new_registry: NewRegistry, version: str) -> None:
    """Over the API its parts are looked at too. A sparse one, and a build cache whose parts are layers, pull."""
    registry = new_registry(version, delete_enabled=True)
    names = ("1", "2", "broken")
    made = {name: images.multi_platform(name, created=date(9 - age)) for age, name in enumerate(names)}
    for name, index in made.items():
        push(registry, "app", index, name)
    sparse = images.multi_platform("sparse", created=date(20))
    push(registry, "other", sparse, "sparse")
    push(registry, "other", images.image("old", created=date(30)), "old")
    store = Store(registry.storage)
    remove(store.blob(made["broken"].children[1].layers[0].digest))
    store.remove_manifest("other", sparse.children[1].digest)
    registry.restart()
    living = capture(registry, {"app": ["2"], "other": ["sparse"]})
    run = successful(cleanup_over_api(registry, policies=KEEP_ONE))
    assert {(one["repository"], one["tag"]) for one in run["tags_deleted"]} == {("app", "1"), ("other", "old")}
    assert [one["tag"] for one in run["broken_tags"]] == ["broken"]
    assert_pulls(registry, living)


def test_a_plan_leaves_what_was_mended_meanwhile(new_registry: NewRegistry, tmp_path: Any) -> None:
    registry = new_registry(V3, delete_enabled=True)
    made = {tag: images.image(tag, created=date(age)) for tag, age in AGES.items()}
    for tag, image in made.items():
        push(registry, "app", image, tag)
    remove(Store(registry.storage).blob(made["3"].layers[0].digest))
    registry.restart()
    plan = str(tmp_path / "plan.json")
    options: dict[str, Any] = {"policies": KEEP_ONE, "broken_tags": "delete"}
    preview = successful(cleanup_over_api(registry, check=True, plan_dest=plan, **options))
    assert {one["tag"] for one in preview["tags_deleted"]} == {"1", "3"}
    Repository(registry, "app").push_blob(made["3"].layers[0])
    run = successful(cleanup_over_api(registry, plan=plan))
    assert [one["tag"] for one in run["tags_deleted"]] == ["1"]
    assert [one["name"] for one in run["drift"]] == ["3"]
    assert_pulls(registry, capture(registry, {"app": ["2", "3"]}))


def test_without_help_a_tag_that_has_no_manifest_stays_on_2_8(new_registry: NewRegistry) -> None:
    registry = new_registry(V2, delete_enabled=True)
    push(registry, "app", images.image("1"), "1")
    lost = push(registry, "app", images.image("lost"), "lost")
    remove(Store(registry.storage).revision("app", lost) / "link")
    registry.restart()
    run = successful(cleanup_over_api(registry, diff=True, policies=KEEP_ONE, broken_tags="delete"))
    assert not run["changed"]
    assert sorted(Repository(registry, "app").tags()) == ["1", "lost"]
    assert [one["tag"] for one in run["broken_tags"]] == ["lost"]


def run_v1(*, check: bool = False, **options: Any) -> Result:
    return run_forked("cleanup", options, check=check, diff=True)[1]


def lose_image(store: V1Store) -> None:
    shutil.rmtree(store.image(v1_image("3", v1_image("base 3"))))


def lose_base(store: V1Store) -> None:
    shutil.rmtree(store.image(v1_image("base 3")))


def lose_v1_layer(store: V1Store) -> None:
    (store.image(v1_image("3", v1_image("base 3"))) / "layer").unlink()


def empty_v1_layer(store: V1Store) -> None:
    (store.image(v1_image("3", v1_image("base 3"))) / "layer").write_bytes(b"")


@pytest.mark.parametrize("over_api", [False, True])
@pytest.mark.parametrize("damage", [lose_image, lose_base, lose_v1_layer, empty_v1_layer])
def test_a_v1_registry(v1: V1Registry, damage: Callable[[V1Store], None], *, over_api: bool) -> None:
    store = V1Store(v1.storage)
    made = {tag: v1_image(tag, v1_image(f"base {tag}"), created=date(age)) for tag, age in AGES.items()}
    for tag, image in made.items():
        push_v1(v1, "team/app", image, tag)
        store.age_tag("team/app", tag, AGES[tag] * 86400)
    damage(store)
    options: dict[str, Any] = {"policies": KEEP_ONE, "require_read_only": False, "grace_period": "0s"}
    if over_api:
        options.update(registry_url=v1.url, repositories=["team/app"], require_read_only=True)
    else:
        options.update(storage={"filesystem": {"rootdirectory": str(v1.storage)}}, api_version="v1")
    runs = [successful(run_v1(check=check, **options)) for check in (True, False, False)]
    assert_same_plan(runs[0], runs[1])
    assert not runs[2]["changed"]
    assert [one["tag"] for one in runs[1]["tags_deleted"]] == ["1"]
    assert [one["tag"] for one in runs[1]["broken_tags"]] == ["3"]
    assert v1_tags(v1, "team/app").keys() == {"2", "3"}
    assert_v1_pulls(v1, "team/app", "2", made["2"])
    run = successful(run_v1(broken_tags="delete", **options))
    assert [one["tag"] for one in run["tags_deleted"]] == ["3"]
    assert v1_tags(v1, "team/app").keys() == {"2"}
    assert_v1_pulls(v1, "team/app", "2", made["2"])
