# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A storage without a free byte, or without an inode: what a registry is cleaned up for. Removing takes no room."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator, cast

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock, lock_path
from ansible_collections.drydock.registry.plugins.module_utils._storage import room as _room
from ansible_collections.drydock.registry.plugins.module_utils._storage.lock_directory import lock_in
from ansible_collections.drydock.registry.plugins.module_utils._storage.room import places_elsewhere
from support import images, v1
from support.crashing import KILLED, run_until
from support.fleet import Host, result_of
from support.forked import run_forked
from support.locking import THEIRS
from support.pushing import PushError, Repository, push
from support.registries import V2, V3, VERSIONS, NewRegistry, RegistryProcess
from support.s3_server import new_place
from support.service import as_service
from support.small_disk import SmallDisk
from support.store import Store, assert_same, contents, snapshot
from support.sweeping import DAY, cleanup, push_aged, refused, seen, successful
from support.v1 import V1Registry
from support.verify import assert_pulls, capture

KEEP_ONE = [{"keep_n": 1}]
KIB = 1024
Fill = Callable[[SmallDisk, Path], None]


def to_the_last_byte(disk: SmallDisk, storage: Path) -> None:
    disk.fill(storage.parent)


def but_two_blocks(disk: SmallDisk, storage: Path) -> None:
    disk.fill(storage.parent, 8 * KIB)


def but_some_blocks(disk: SmallDisk, storage: Path) -> None:
    disk.fill(storage.parent, 64 * KIB)


def to_the_last_inode(disk: SmallDisk, storage: Path) -> None:
    disk.fill_inodes(storage.parent)


@pytest.fixture
def kind() -> str:
    """Of filesystem; a test can ask for another."""
    return "ext4"


@pytest.fixture
def disk(tmp_path: Path, kind: str) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk.img" if kind == "ext4" else None, tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def make(disk: SmallDisk, new_registry: NewRegistry) -> Callable[[str], RegistryProcess]:
    """Makes a read-only registry on that disk, with two images too many."""

    def made(version: str) -> RegistryProcess:
        registry = new_registry(version, storage=disk.path / "registry", cache=False)
        push_aged(registry, "app", {"1": 30, "2": 20, "3": 10})
        push_aged(registry, "deep/er", {"1": 30, "2": 20})
        registry.read_only = True
        registry.restart()
        return registry

    return made


def elsewhere(registry: RegistryProcess) -> list[Path]:
    """What lies elsewhere on this host for this storage."""
    beside = registry.storage / "docker/registry"
    places = [Path(place) for name in ("drydock", "drydock.lock") for place in places_elsewhere(str(beside / name))]
    return [path for place in places for path in [place, *place.rglob("*")] if path.exists()]


def pulls(registry: RegistryProcess, repository: str, tag: str) -> bool:
    """Whether the tag is answered with a manifest."""
    types = {"Accept": ", ".join([images.OCI_MANIFEST, images.DOCKER_MANIFEST])}
    return registry.session().get(f"{registry.url}/v2/{repository}/manifests/{tag}", headers=types).ok


def everything(registry: RegistryProcess) -> dict[str, Any]:
    return {**snapshot(registry.home), **{f"disk/{path}": one for path, one in snapshot(registry.storage).items()}}


@pytest.mark.parametrize(
    ("kind", "version", "fill"),
    [
        ("ext4", V2, to_the_last_byte),
        ("ext4", V3, to_the_last_inode),
        ("ext4", V2, but_two_blocks),
        ("ext4", V3, but_some_blocks),
        # Which takes an inode for a further name of a file, too.
        ("tmpfs", V3, to_the_last_byte),
        ("tmpfs", V2, to_the_last_inode),
    ],
)
def test_a_full_disk_is_cleaned_up(
    disk: SmallDisk, make: Callable[[str], RegistryProcess], version: str, fill: Fill
) -> None:
    registry = make(version)
    store, expectation = Store(registry.storage), capture(registry, {"app": ["3"], "deep/er": ["2"]})
    fill(disk, registry.storage)
    before = everything(registry)
    preview = successful(cleanup(registry, check=True, policies=KEEP_ONE))
    assert "is full" in str(preview["warnings"])
    assert "only this host sees" in str(preview["warnings"])
    assert_same(before, everything(registry))
    run = successful(cleanup(registry, policies=KEEP_ONE))
    assert run["deleted"] == run["plan"] == preview["deleted"]
    assert run["deleted"]["tags"] == 3
    assert_pulls(registry, expectation)
    assert store.tags("app") == ["3"]
    assert set(store.blobs()) == {digest for one in expectation.values() for digest in (*one.manifests, *one.blobs)}
    assert not store.quarantine.exists()
    assert sorted(os.listdir(registry.storage / "docker/registry")) == ["drydock.id", "v2"]
    assert elsewhere(registry) == []
    again = successful(cleanup(registry, policies=KEEP_ONE))
    assert not again["changed"], again["deleted"]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_pushes_leave_on_a_full_disk_is_in_nobodys_way(
    disk: SmallDisk, make: Callable[[str], RegistryProcess], version: str
) -> None:
    """Empty links and `.tmp` files, uploads that were only begun: whatever did not fit any more."""
    registry = make(version)
    registry.read_only = False
    registry.restart()
    # Of those that find no room it is by chance whether one lies there that is more than an empty directory.
    Repository(registry, "app").abandon_upload()
    store, failures = Store(registry.storage), 0
    for left in range(0, 64 * KIB, 4 * KIB):
        (disk.path / "filling").unlink(missing_ok=True)
        disk.fill(disk.path, left)
        for tag, image in (("1", images.image("app:2")), (f"new{left}", images.image(f"new{left}"))):
            try:
                push(registry, "app", image, tag)
            except PushError:
                failures += 1
    assert failures > 8
    empty = [path for path in store.v2.rglob("*") if path.is_file() and not path.stat().st_size]
    assert empty
    registry.read_only = True
    registry.restart()
    pulling = [tag for tag in store.tags("app") if tag != "3" and pulls(registry, "app", tag)]
    expectation = capture(registry, {"app": [*pulling], "deep/er": ["2"]})
    options: dict[str, Any] = {
        "policies": [{"repositories": ["app"], "tags": ["3"], "keep_n": 0}, {"repositories": ["deep/*"], "keep_n": 1}],
        "purge_uploads_older_than": "0s",
        "allow_empty": True,
    }
    preview = successful(cleanup(registry, check=True, **options))
    run = successful(cleanup(registry, **options))
    assert run["deleted"] == preview["deleted"]
    assert run["deleted"]["uploads"] > 0
    assert_pulls(registry, expectation)
    assert store.tags("deep/er") == ["2"]
    assert not successful(cleanup(registry, **options))["changed"]


@pytest.mark.parametrize("fill", [to_the_last_byte, to_the_last_inode])
def test_a_full_disk_of_a_v1_registry_is_cleaned_up(
    disk: SmallDisk, new_v1: Callable[..., V1Registry], fill: Fill
) -> None:
    registry = new_v1(disk.path.name + "/v1")
    old, new = v1.chain("a", "b")[1], v1.chain("c", "d")[1]
    v1.push(registry, "team/app", old, "1")
    v1.push(registry, "team/app", new, "2")
    store = v1.V1Store(registry.storage)
    store.age_tag("team/app", "1", 30 * DAY)
    options = {
        "registry_config": str(registry.config_path),
        "registry_environment": registry.environment,
        "grace_period": "0s",
        "policies": KEEP_ONE,
    }
    with registry.closed():
        fill(disk, registry.storage)
        preview = successful(run_forked("cleanup", options, check=True)[1])
        run = successful(run_forked("cleanup", options)[1])
        assert run["deleted"] == preview["deleted"]
        assert (run["deleted"]["tags"], run["deleted"]["blobs"]) == (1, 2)
        assert not successful(run_forked("cleanup", options)[1])["changed"]
        assert not (registry.storage / "drydock").exists()
    v1.assert_pulls(registry, "team/app", "2", new)
    assert store.listed("team/app") == {one.id for one in new.ancestry}


@pytest.fixture
def full(disk: SmallDisk, make: Callable[[str], RegistryProcess]) -> RegistryProcess:
    """With not one free byte."""
    registry = make(V3)
    to_the_last_byte(disk, registry.storage)
    return registry


def test_a_sweep_of_a_full_disk_that_is_killed_is_finished(full: RegistryProcess) -> None:
    """Its plan is found where there was room for it, however often it is killed."""
    store, expectation = Store(full.storage), capture(full, {"app": ["3"], "deep/er": ["2"]})
    arguments = {"registry_config": str(full.config_path), "grace_period": "0s", "policies": KEEP_ONE}
    plans = set[str]()
    for last in itertools.count(10, 8):
        code, _changes, result = run_until("cleanup", arguments, last)
        assert_pulls(full, expectation)
        if code != KILLED:
            break
        plans |= {path.name for path in elsewhere(full) if path.name == "plan.json"}
    assert code == 0, result
    assert plans
    assert not successful(cleanup(full, policies=KEEP_ONE))["changed"]
    assert store.tags("app") == ["3"]
    assert set(store.blobs()) == {digest for one in expectation.values() for digest in (*one.manifests, *one.blobs)}
    assert not store.quarantine.exists()
    # The lock of the last that was killed goes when somebody wants it.
    lock = Lock(lock_in(lock_path(str(full.storage), "", "")), THEIRS)
    lock.acquire(time.time() + 60)
    lock.release()
    assert elsewhere(full) == []


def refused_untouched(registry: RegistryProcess, *words: str, **options: Any) -> None:
    before = everything(registry)
    for check in (True, False):
        refused(cleanup(registry, check=check, policies=KEEP_ONE, **options), "is full", "free 1 MiB", *words)
        assert_same(before, everything(registry))
    assert elsewhere(registry) == []


def test_a_full_disk_that_others_may_share_needs_some_room(
    full: RegistryProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They must see the lock. Said in the preview too, with how much and how."""
    monkeypatch.setattr(_room, "_LOCAL", frozenset[str]())
    refused_untouched(full, "_uploads", "other hosts see it")


def test_a_full_disk_on_a_host_without_room_anywhere_needs_some(
    full: RegistryProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(full.storage / "elsewhere")
    monkeypatch.setattr(_room, "ELSEWHERE", (place,))
    refused_untouched(full, "_uploads")


def test_a_mirror_proves_nothing_of_a_full_disk_either(full: RegistryProcess, new_registry: NewRegistry) -> None:
    mirror = new_registry(V3, "mirror", cache=False, read_only=True)
    shutil.copytree(full.storage, mirror.storage, dirs_exist_ok=True)
    before = contents(full.storage)
    refused(cleanup(full, registry_url=mirror.url, policies=KEEP_ONE), mirror.url, "does not serve this storage")
    assert contents(full.storage) == before
    assert elsewhere(full) == []


def test_what_a_crash_left_of_that_proof_goes_with_the_next(full: RegistryProcess) -> None:
    store, left = Store(full.storage), "drydock-planted-0123456789abcdef"
    (index,) = store.tag("app", "3").glob("index/sha256/*/link")
    index.rename(store.tag("app", left))
    expectation = capture(full, {"app": ["3"], "deep/er": ["2"]})
    assert successful(cleanup(full, policies=KEEP_ONE))["deleted"]["tags"] == 3
    assert store.tags("app") == ["3"]
    assert_pulls(full, expectation)


def test_on_a_full_disk_nothing_can_be_kept(full: RegistryProcess) -> None:
    refused_untouched(full, "quarantine: delete", quarantine="keep")


def test_what_is_to_be_kept_needs_room_for_its_directories(
    disk: SmallDisk, make: Callable[[str], RegistryProcess]
) -> None:
    """Moving files takes none, but the directories that they are moved to do: known before the first one is moved."""
    registry = make(V3)
    disk.fill_inodes(registry.storage.parent)
    for path in list((registry.storage.parent / "filling").iterdir())[:40]:
        path.unlink()
    before = everything(registry)
    for check in (True, False):
        result = cleanup(registry, check=check, policies=KEEP_ONE, quarantine="keep")
        refused(result, "is full", "inodes there", "quarantine: delete")
        assert_same(before, everything(registry))
    assert successful(cleanup(registry, policies=KEEP_ONE))["deleted"]["tags"] == 3


def test_what_earlier_runs_set_aside_is_named_as_what_can_go(
    disk: SmallDisk, make: Callable[[str], RegistryProcess]
) -> None:
    registry = make(V3)
    successful(cleanup(registry, policies=[{"repositories": ["app"], "keep_n": 1}], quarantine="keep"))
    to_the_last_byte(disk, registry.storage)
    refused_untouched(registry, "quarantine: purge", quarantine="keep")
    assert successful(cleanup(registry, quarantine="purge"))["changed"]


def test_one_run_at_a_time_holds_a_full_disk(full: RegistryProcess) -> None:
    path = lock_path(str(full.storage), "", "")
    theirs = Lock(lock_in(path), THEIRS)
    theirs.acquire(time.time() + 3600)
    assert not os.path.lexists(path)
    before = everything(full)
    assert THEIRS.who in str(successful(cleanup(full, check=True, policies=KEEP_ONE))["warnings"])
    refused(cleanup(full, policies=KEEP_ONE), THEIRS.who)
    assert_same(before, everything(full))
    theirs.release()
    assert elsewhere(full) == []
    assert successful(cleanup(full, policies=KEEP_ONE))["changed"]


def test_a_playbook_closes_a_full_disk_and_opens_it_again(
    disk: SmallDisk, new_registry: NewRegistry, tmp_path: Path
) -> None:
    registry = new_registry(V2, storage=disk.path / "registry")
    push_aged(registry, "app", {"1": 30, "2": 20, "3": 10})
    expectation = capture(registry, {"app": ["3"]})
    registry.stop()
    with as_service(registry) as restart_command:
        to_the_last_byte(disk, registry.storage)
        host = Host(registry, restart_command, tmp_path)
        configuration = host.configuration()
        run = host.cleanup(policies=KEEP_ONE).check()
        result = result_of(run)
        assert result["deleted"]["tags"] == 2
        assert result["window_seconds"] > 0
        assert "only this host sees" in str(result["warnings"])
        assert host.configuration() == configuration
        assert_pulls(registry, expectation)
    assert sorted(os.listdir(registry.storage / "docker/registry")) == ["drydock.id", "v2"]
    assert elsewhere(registry) == []


def test_a_plan_that_finds_no_room_leaves_nothing(disk: SmallDisk, new_registry: NewRegistry) -> None:
    registry = new_registry(V3, cache=False, read_only=True)
    store = Store(registry.storage)
    for number in range(30):
        store.write_image("app", images.image(str(number)), str(number))
    disk.fill(disk.path, 8 * KIB)
    before = snapshot(registry.storage)
    options: dict[str, Any] = {"policies": KEEP_ONE, "plan_dest": str(disk.path / "plan.json")}
    for check in (True, False):
        refused(cleanup(registry, check=check, **options), "plan_dest", "No space left on device")
    assert [path.name for path in disk.path.iterdir()] == ["filling"]
    assert_same(before, snapshot(registry.storage))


@pytest.mark.parametrize("is_any", [True, False])
def test_a_full_temporary_directory_ends_a_run_on_s3_before_anything(
    disk: SmallDisk, new_registry: NewRegistry, is_any: bool
) -> None:
    """The listing lies there. Python itself looks for another one at first, and may find none."""
    registry = new_registry(V3, storage=new_place(), cache=False, read_only=True)
    for number in range(3):
        Store(registry.storage).write_image("app", images.image(str(number)), str(number))
    disk.fill(disk.path)

    def full() -> None:
        tempfile.tempdir = str(disk.path) if is_any else None
        tempfile._candidate_tempdir_list = lambda: [str(disk.path)]  # type: ignore[attr-defined]

    before = seen(registry)
    options = {"registry_config": str(registry.config_path), "policies": KEEP_ONE, "grace_period": "0s"}
    for check in (True, False):
        refused(
            run_forked("cleanup", options, check=check, before=full)[1], "the listing can't be kept", str(disk.path)
        )
    assert_same(before, seen(registry))


def test_a_disk_that_becomes_read_only_in_a_sweep(disk: SmallDisk, make: Callable[[str], RegistryProcess]) -> None:
    """As ext4 does after an error: why is told, with what was done, and the next run goes on."""
    registry = make(V3)
    store, expectation = Store(registry.storage), capture(registry, {"app": ["3"], "deep/er": ["2"]})
    arguments = {"registry_config": str(registry.config_path), "grace_period": "0s", "policies": KEEP_ONE}

    def freeze() -> None:
        real_rename, set_aside = os.rename, itertools.count(1)

        def rename(source: Any, target: Any, *more: Any, **options: Any) -> None:
            if "/drydock/" in str(target) and next(set_aside) == 4:
                subprocess.run(["mount", "-o", "remount,ro", str(disk.path)], check=True)
            real_rename(source, target, *more, **options)

        os.rename = cast(Any, rename)

    result = run_forked("cleanup", arguments, before=freeze)[1]
    refused(result, "could not be moved", "Read-only file system", "Before that 3 tags")
    assert result["changed"]
    assert (result["deleted"]["tags"], result["deleted"]["blobs"]) == (3, 0)
    assert_pulls(registry, expectation)
    subprocess.run(["mount", "-o", "remount,rw", str(disk.path)], check=True)
    finished = successful(cleanup(registry, policies=KEEP_ONE))
    assert len(finished["interrupted_plans"]) == 1
    assert_pulls(registry, expectation)
    assert not store.quarantine.exists()
    assert not successful(cleanup(registry, policies=KEEP_ONE))["changed"]
