# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old v1 registry in its storage: which images go, which stay and still pull, and that the rest is consistent."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from support.forked import run_forked
from support.playbook import Result
from support.store import assert_untouched, snapshot
from support.sweeping import assert_same_plan, refused, successful
from support.v1 import V1Image, V1Registry, V1Store, assert_pulls, begin, chain, finish, image, push, tags

DAY = 86400.0
ALL_BUT_LATEST = [{"keep_n": 1}]
VERSION1 = [{"tags": ["version1"], "keep_n": 0}]


def cleanup(registry: V1Registry, *, check: bool = False, **options: Any) -> Result:
    """One run of the module on the registry's own configuration file; without a grace period unless one is given."""
    arguments = {
        "registry_config": str(registry.config_path),
        "registry_environment": registry.environment,
        "grace_period": "0s",
        **options,
    }
    return run_forked("cleanup", arguments, check=check, diff=True)[1]


def sweep(registry: V1Registry, gone: set[str], **options: Any) -> Result:
    """Preview, run and run again; asserted: all agree, `gone` are the images that went, and nothing refers to them.

    Nobody pushes meanwhile, and the registry remembers nothing, so it need not be stopped.
    """
    store, options = V1Store(registry.storage), {"require_read_only": False, **options}
    before, untouched = store.images(), snapshot(registry.storage)
    preview = successful(cleanup(registry, check=True, **options))
    assert_untouched(registry.storage, untouched)
    run = successful(cleanup(registry, **options))
    assert_same_plan(preview, run)
    after = snapshot(registry.storage)
    again = successful(cleanup(registry, **options))
    assert not again["changed"], again
    assert_untouched(registry.storage, after)
    assert before - store.images() == gone
    assert run["deleted"]["blobs"] == len(gone)
    for index in (registry.storage / "repositories").glob("*/*/_index_images"):
        assert not gone & {one["id"] for one in json.loads(index.read_bytes())}
    return run


def said(run: Result) -> str:
    """The warnings as one text."""
    return "\n".join(map(str, run["warnings"]))


def ids(*images: V1Image) -> set[str]:
    return {one.id for one in images}


def test_an_image_below_a_kept_one_stays(v1: V1Registry) -> None:
    a, b, c, d = chain("a", "b", "c", "d")
    push(v1, "team/app", d, "version2", "latest")
    push(v1, "team/app", c, "version1")
    run = sweep(v1, set(), policies=VERSION1)
    assert [one["tag"] for one in run["tags_deleted"]] == ["version1"]
    assert run["deleted"]["bytes"] == 0
    assert tags(v1, "team/app") == {"version2": d.id, "latest": d.id}
    assert_pulls(v1, "team/app", "latest", d)
    assert V1Store(v1.storage).listed("team/app") == ids(a, b, c, d)


def test_an_image_that_no_kept_one_is_based_on_goes(v1: V1Registry) -> None:
    a, b, d = chain("a", "b", "d")
    c = image("c", b)
    push(v1, "team/app", d, "version2", "latest")
    push(v1, "team/app", c, "version1")
    store = V1Store(v1.storage)
    size = store.bytes(c)
    run = sweep(v1, {c.id}, policies=VERSION1)
    assert run["deleted"]["bytes"] == size
    assert_pulls(v1, "team/app", "version2", d)
    assert_pulls(v1, "team/app", "latest", d)
    assert V1Store(v1.storage).listed("team/app") == ids(a, b, d)
    assert not [path.name for path in V1Store(v1.storage).repository("team/app").iterdir() if "version1" in path.name]
    before, after = ([line.strip() for line in run["diff"][side].splitlines()] for side in ("before", "after"))
    drawn = {
        f"image {a.id[:12]} {store.bytes(a)} bytes, stays: {b.id[:12]} is based on it",
        f"image {b.id[:12]} {store.bytes(b)} bytes, stays: {d.id[:12]} is based on it",
        f"image   {d.id[:12]} {store.bytes(d)} bytes, stays: tags latest, version2",
    }
    assert drawn <= set(before) & set(after)
    assert f"image   {c.id[:12]} {size} bytes, goes" in set(before) - set(after)


def test_what_another_repository_is_based_on_stays(v1: V1Registry) -> None:
    a, b = chain("a", "b")
    mine, theirs = image("mine", b), image("theirs", a)
    push(v1, "team/app", mine, "1")
    push(v1, "team/lib", theirs, "1")
    (v1.storage / "repositories/team/lib/_private").touch()
    sweep(v1, ids(mine, b), policies=[{"repositories": ["team/app"], "keep_n": 0}], allow_empty=True)
    assert not (v1.storage / "repositories/team/app").exists()
    assert (v1.storage / "repositories/team/lib/_private").exists()
    assert_pulls(v1, "team/lib", "1", theirs)


def test_all_but_the_latest_in_one_policy(v1: V1Registry) -> None:
    store, (base,) = V1Store(v1.storage), chain("base")
    builds = [image(f"build {number}", base) for number in range(4)]
    for age, build in enumerate(reversed(builds)):
        push(v1, "team/app", build, f"b{3 - age}", *(["latest"] if age == 0 else []))
        store.age_tag("team/app", f"b{3 - age}", age * DAY)
    run = sweep(v1, ids(*builds[:3]), policies=ALL_BUT_LATEST)
    assert run["tags_deleted_total"] == 3
    assert tags(v1, "team/app") == {"b3": builds[3].id, "latest": builds[3].id}
    assert_pulls(v1, "team/app", "b3", builds[3])


def test_orphans_tags_without_image_and_uploads(v1: V1Registry) -> None:
    store = V1Store(v1.storage)
    base, orphan, other, tip = chain("base", "orphan", "other", "tip")
    kept, half = image("kept", base), image("half", base)
    push(v1, "team/app", kept, "1")
    push(v1, "team/old", tip, "1")
    shutil.rmtree(store.repository("team/old"))
    lone = image("lone")
    push(v1, "team/app", lone, "gone")
    shutil.rmtree(store.image(lone))
    begin(v1, half)
    run = sweep(v1, ids(orphan, other, tip))
    assert run["deleted"]["tags"] == 0
    notes = "\n".join(run["notes"])
    assert f"tag gone points to image {lone.id}, which is missing" in notes
    assert f"image {half.id} is still being uploaded" in notes
    assert not successful(cleanup(v1, policies=[{"tags": ["gone"], "keep_n": 0}], require_read_only=False))["changed"]
    sweep(v1, set(), policies=[{"tags": ["gone"], "keep_n": 0}], broken_tags="delete")
    assert tags(v1, "team/app") == {"1": kept.id}
    finish(v1, half)
    push(v1, "team/app", half, "half")
    assert_pulls(v1, "team/app", "half", half)
    assert_pulls(v1, "team/app", "1", kept)


def test_what_is_young_stays_with_all_that_it_is_based_on(v1: V1Registry) -> None:
    store, (base, young) = V1Store(v1.storage), chain("base", "young")
    push(v1, "team/app", young, "1")
    store.age_everything(DAY)
    (store.repository("team/app") / "tag_1").unlink()
    (store.image(young) / "_checksum").touch()
    sweep(v1, set(), grace_period="1h")
    store.age_everything(DAY)
    sweep(v1, ids(base, young), grace_period="1h", max_delete_store_percent=100)
    assert not store.repository("team/app").exists()


@pytest.mark.parametrize(
    ("broken", "content"),
    [
        ("ancestry", b""),
        ("ancestry", b"[" * 100_000),
        ("json", b"["),
        ("json", b'{"x":' * 100_000),
        ("json", b'{"comment": "\xff"}'),
        ("json", b'{"parent": "", "Parent": ""}'),
    ],
    ids=["empty", "deep list", "cut", "deep object", "no UTF-8", "twice"],
)
def test_an_image_with_a_broken_file_stays_with_its_ancestors(v1: V1Registry, broken: str, content: bytes) -> None:
    store, (base, hurt) = V1Store(v1.storage), chain("base", "hurt")
    stray = image("stray")
    push(v1, "team/app", hurt, "1")
    push(v1, "team/app", stray, "2")
    (store.image(hurt) / broken).write_bytes(content)
    run = sweep(v1, {stray.id}, policies=[{"keep_n": 0}], allow_empty=True)
    assert f"image {hurt.id} and what it may be based on are kept: its {broken} is missing or broken" in said(run)
    assert tags(v1, "team/app") == {"1": hurt.id}
    assert store.image(base).exists()


def test_all_images_stay_where_nothing_tells_what_one_is_based_on(v1: V1Registry) -> None:
    store, (_base, hurt) = V1Store(v1.storage), chain("base", "hurt")
    push(v1, "team/app", hurt, "1")
    push(v1, "team/lib", image("stray"), "1")
    shutil.rmtree(store.repository("team/lib"))
    for name in ("ancestry", "json"):
        (store.image(hurt) / name).unlink()
    run = sweep(v1, set())
    assert f"every image is kept, for it is not known what image {hurt.id} is based on" in said(run)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b'[{"id": "1", "Id": "2"}]', b"[1]"])
def test_a_list_that_is_broken_keeps_its_repository(v1: V1Registry, content: bytes) -> None:
    push(v1, "team/app", image("a"), "1", "2")
    (v1.storage / "repositories/team/app/_index_images").write_bytes(content)
    run = successful(cleanup(v1, policies=[{"keep_n": 0}], allow_empty=True, require_read_only=False))
    assert not run["changed"]
    assert tags(v1, "team/app").keys() == {"1", "2"}


def test_nothing_is_swept_under_a_running_registry(v1: V1Registry) -> None:
    push(v1, "team/app", image("a"), "1", "2")
    before = snapshot(v1.storage)
    said = cleanup(v1, policies=[{"keep_n": 0}], allow_empty=True)
    refused(said, "accepts writes")
    assert said["registry_mode"] == "writable"
    assert_untouched(v1.storage, before)


def test_the_storage_alone_tells_what_it_is(v1: V1Registry) -> None:
    push(v1, "team/app", image("a"), "1")
    push(v1, "team/app", image("b"), "2")
    options = {
        "storage": {"filesystem": {"rootdirectory": str(v1.storage)}},
        "require_read_only": False,
        "grace_period": "0s",
        "policies": [{"tags": ["1"], "keep_n": 0}],
    }
    run = successful(run_forked("cleanup", options)[1])
    assert run["deleted"]["blobs"] == 1
    assert tags(v1, "team/app") == {"2": image("b").id}
    assert json.loads((v1.storage / "repositories/team/app/_index_images").read_bytes())


def test_registry_info_tells_what_a_storage_holds(v1: V1Registry) -> None:
    base, kept = chain("base", "kept")
    push(v1, "team/sub/app", kept, "1")
    push(v1, "team/lib", image("stray", base), "1")
    shutil.rmtree(V1Store(v1.storage).repository("team/lib"))
    options = {"storage": {"filesystem": {"rootdirectory": str(v1.storage)}}, "api_version": "v1", "level": "images"}
    before = snapshot(v1.storage)
    found = run_forked("registry_info", options)[1]
    assert_untouched(v1.storage, before)
    assert [(row["name"], row["tags"], row["images"]) for row in found["repositories"]] == [("team/sub/app", 1, 1)]
    assert [row["digest"] for row in found["tags"]] == [kept.id]
    assert f"{kept.id[:12]}" in found["repositories"][0]["image_graph"]
    assert found["orphans"]["blobs"] == 1
