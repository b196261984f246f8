# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A storage without a free byte, or without an inode: what a registry is cleaned up for. Removing takes no room."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from ansible_collections.drydock.registry.plugins.module_utils import _room
from ansible_collections.drydock.registry.plugins.module_utils._lock import Lock, lock_path
from ansible_collections.drydock.registry.plugins.module_utils._lock_files import lock_in
from ansible_collections.drydock.registry.plugins.module_utils._room import places_elsewhere
from support.crashing import KILLED, run_until
from support.fleet import Host, result_of
from support.locking import THEIRS
from support.registries import V2, V3, VERSIONS, NewRegistry, RegistryProcess
from support.service import as_service
from support.small_disk import SmallDisk
from support.store import Store, assert_same, snapshot
from support.sweeping import cleanup, push_aged, refused, successful
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
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk.img", tmp_path / "disk") as disk:
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


def everything(registry: RegistryProcess) -> dict[str, Any]:
    return {**snapshot(registry.home), **{f"disk/{path}": one for path, one in snapshot(registry.storage).items()}}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fill", [to_the_last_byte, but_two_blocks, but_some_blocks, to_the_last_inode])
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
    assert sorted(os.listdir(registry.storage / "docker/registry")) == ["v2"]
    assert elsewhere(registry) == []
    again = successful(cleanup(registry, policies=KEEP_ONE))
    assert not again["changed"], again["deleted"]


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


def test_on_a_full_disk_nothing_can_be_kept(full: RegistryProcess) -> None:
    refused_untouched(full, "quarantine: delete", quarantine="keep")


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
    assert sorted(os.listdir(registry.storage / "docker/registry")) == ["v2"]
    assert elsewhere(registry) == []
