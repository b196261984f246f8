# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is S3's own: shared buckets, unfinished uploads, old versions, the lock and the plan in the bucket, the role."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.storage import S3Storage
from support import images, service
from support.fleet import Host, checked
from support.forked import run_forked
from support.locking import OURS, THEIRS
from support.playbook import Result
from support.pushing import Repository, skopeo_pull, skopeo_push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.s3_server import (
    SECRET_KEY,
    ObjectPath,
    age_uploads,
    begin_upload,
    keep_versions,
    keys_of,
    new_place,
    storage_through,
    unfinished_uploads,
)
from support.store import Store, assert_same, snapshot
from support.sweeping import DAY, cleanup, push_aged, refused, seen, successful, sweep
from support.verify import assert_pulls, capture

KEEP_ONE = [{"keep_n": 1}]
BLOBS = "docker/registry/v2/blobs/sha256"


@pytest.fixture
def place() -> Path:
    return new_place()


@pytest.fixture
def registry(new_registry: NewRegistry, place: Path) -> RegistryProcess:
    return new_registry(V3, storage=place)


def bucket_of(place: Path) -> str:
    return place.parts[1]


def test_registries_of_one_bucket_and_other_objects_are_left_alone(place: Path, new_registry: NewRegistry) -> None:
    roots = [place, place / "a", place / "a/b", place / "ab"]
    registries = [new_registry(V3, str(number), storage=root) for number, root in enumerate(roots)]
    for one in registries:
        push_aged(one, "app", {"1": 9.0, "2": 8.0})
    for key in ("docker/registry/v2.txt", "docker/registry/v2b/x", "docker/other", "a/docker/registry/v2-old/x", "a/z"):
        (place / key).write_text("somebody else's")
    before = snapshot(place)
    swept = sweep(registries[1], {"app": ["2"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["blobs"] == 3
    gone = before.keys() - snapshot(place).keys()
    assert gone
    assert all(path.startswith("a/docker/registry/v2/") for path in gone)
    after = snapshot(place)
    assert "a/docker/registry/drydock.id" in after
    del after["a/docker/registry/drydock.id"]
    assert_same({path: entry for path, entry in before.items() if path not in gone}, after)


def test_unfinished_uploads_are_aborted_when_they_are_old(registry: RegistryProcess, place: Path) -> None:
    made = push_aged(registry, "app", {"1": 9.0})
    store, bucket = Store(place), bucket_of(place)
    old, new = Repository(registry, "app").abandon_upload(), Repository(registry, "app").abandon_upload()
    whole = made["1"].layers[0].digest[7:]
    begin_upload(bucket, f"{BLOBS}/{whole[:2]}/{whole}/data")
    begin_upload(bucket, f"{BLOBS}/ab/ab{'0' * 62}/data")
    age_uploads(bucket, time.time() - 30 * DAY)
    uploads = store.repository("app") / "_uploads"
    store.age(uploads / store.uploads("app")[0], 30 * DAY)
    assert old != new
    swept = sweep(registry, {"app": ["1"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["uploads"] == 1
    assert swept.run["deleted"]["debris"] == 2
    assert len(unfinished_uploads(bucket)) == len(store.uploads("app")) == 1
    assert store.blob_data(made["1"].layers[0].digest).exists()


def test_marked_directories_and_empty_ones_go_like_those_of_a_filesystem(
    registry: RegistryProcess, place: Path
) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    blob = Store(place).blob(made["1"].manifest.digest)
    prefix = str(blob.parent.relative_to(place))
    for key in (blob.parent, blob, place / "docker/registry/v2/blobs", Store(place).repository("app") / "_uploads"):
        _mark(key, place)
    sweep(registry, {"app": ["2"]}, policies=KEEP_ONE)
    assert not [key for key in keys_of(bucket_of(place)) if key.startswith(prefix)]


def _mark(directory: Path, place: Path) -> None:
    """As some tools do it: an empty object whose key ends with a slash."""
    S3Storage(storage_through(place, s3_url(place))["s3"]).bucket.put(f"{directory.relative_to(place)}/", b"")


def s3_url(place: Path) -> str:
    assert isinstance(place, ObjectPath)
    return str(place.parameters["regionendpoint"])


def test_with_old_versions_the_bytes_are_told_that_are_not_free_yet(registry: RegistryProcess, place: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    keep_versions(bucket_of(place))
    for check in (True, False):
        with registry.closed():
            result = successful(cleanup(registry, policies=KEEP_ONE, check=check))
        told = [str(warning) for warning in result["warnings"] if "noncurrent" in str(warning)]
        assert len(told) == 1
        assert f"{result['deleted']['bytes']} bytes" in told[0]
    assert Store(place).tags("app") == ["2"]


@pytest.mark.parametrize("quarantine", ["keep", "purge"])
def test_nothing_can_be_set_aside(registry: RegistryProcess, quarantine: str) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    before = seen(registry)
    policies = KEEP_ONE if quarantine == "keep" else []
    refused(cleanup(registry, policies=policies, quarantine=quarantine), "quarantine", "versions")
    assert_same(before, seen(registry))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bucket": ""}, ["storage.s3.bucket"]),
        ({"region": None, "regionendpoint": None}, ["storage.s3.region"]),
        ({"secure": "perhaps"}, ["storage.s3.secure"]),
        ({"regionendpoint": "http://me:hidden@127.0.0.1:1"}, ["storage.s3.regionendpoint"]),
        ({"bucket": "no-such-bucket"}, ["no such bucket"]),
    ],
)
def test_bad_parameters_are_refused(place: Path, wrong: dict[str, Any], words: list[str]) -> None:
    storage = {"s3": {**storage_through(place, s3_url(place))["s3"], **wrong}}
    _code, result = run_forked("cleanup", {"storage": storage, "policies": KEEP_ONE})
    refused(result, *words)
    assert SECRET_KEY not in str(result)
    assert "hidden" not in result["msg"]


def lock_of(place: Path, run: Any) -> Lock:
    return Lock(S3Storage(storage_through(place, s3_url(place))["s3"]).lock_files(), run)


def test_hosts_that_share_a_bucket_exclude_each_other(registry: RegistryProcess, place: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    others = lock_of(place, THEIRS)
    others.acquire(time.time() + 600)
    with registry.closed():
        before = seen(registry)
        refused(cleanup(registry, policies=KEEP_ONE), "held by", THEIRS.who)
        assert_same(before, seen(registry))
        others.release()
        assert successful(cleanup(registry, policies=KEEP_ONE))["deleted"]["tags"] == 1
    assert not (place / "docker/registry/drydock.lock").exists()


def test_of_several_only_one_gets_the_lock_and_the_dead_lose_it(place: Path) -> None:
    ours, others = lock_of(place, OURS), lock_of(place, THEIRS)
    ours.acquire(time.time() - 3600)
    taken_over = others.acquire(time.time() + 600)
    assert taken_over is not None
    assert taken_over.run == OURS
    assert not ours.is_ours()
    assert others.files.leftovers() == []
    ours.release()
    assert others.is_ours()
    others.begin_sweep()
    others.end_sweep()
    hold = others.hold()
    assert hold is not None
    assert hold.touched
    others.release()
    assert keys_of(bucket_of(place)) == []


def test_registry_info_tells_the_same_of_both_storages(new_registry: NewRegistry, place: Path) -> None:
    told = []
    for registry in (new_registry(V2, "files"), new_registry(V2, "bucket", storage=place)):
        push_aged(registry, "team/app", {"1": 9.0, "2": 8.0})
        options = {"registry_config": str(registry.config_path), "level": "images"}
        result: Result = run_forked("registry_info", options)[1]
        assert not result.get("failed"), result.get("msg")
        told.append(json.dumps([_without_times(result["tags"]), result["repositories"], result["bytes"]]))
    assert told[0] == told[1]


def _without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "pushed": row["pushed"][:10]} for row in rows]


@pytest.mark.usefixtures("skopeo_installed")
@pytest.mark.parametrize("version", [V2, V3])
def test_the_role_on_a_bucket(version: str, new_registry: NewRegistry, place: Path, tmp_path: Path) -> None:
    """Closed by the configuration file, swept, opened again; pushed and pulled with skopeo."""
    registry = new_registry(version, storage=place / "root")
    made = {tag: images.image(tag) for tag in ("old", "new")}
    for number, (tag, image) in enumerate(made.items()):
        skopeo_push(registry, "team/app", tag, image, tmp_path)
        Store(registry.storage).age_tag("team/app", tag, (9 - number) * DAY)
    expectation = capture(registry, {"team/app": ["new"]})
    registry.stop()
    with service.as_service(registry) as restart_command:
        host = Host(registry, restart_command, tmp_path)
        options = {"policies": KEEP_ONE, "grace_period": "0s"}
        preview, run, again = (checked(way(**options)) for way in (host.preview, host.cleanup, host.cleanup))
        assert preview["deleted"] == run["deleted"]
        assert run["deleted"]["tags"] == 1
        assert run["window_seconds"] > 0
        assert again["changed"] is False
        assert_pulls(registry, expectation)
        assert skopeo_pull(registry, "team/app", "new", tmp_path / "pulled") == made["new"].digest
        assert host.is_writable()
    # The storage has its name, and nothing else of ours.
    assert [key for key in keys_of(bucket_of(place)) if "drydock" in key] == ["root/docker/registry/drydock.id"]
