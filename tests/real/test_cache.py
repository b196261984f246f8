# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a sweep no cache says that a blob is there which has gone: a push of it is really uploaded again, and pulls."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import syslog
import time
from pathlib import Path
from typing import Any, Iterator

import pytest
from real.conftest import require, require_registry

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance import switch
from ansible_collections.drydock.registry.plugins.module_utils._maintenance import watchdog as _watchdog
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import (
    record_from_json,
    record_to_json,
)
from ansible_collections.drydock.registry.plugins.module_utils._registry.cache import caches_in_memory, forget_blobs
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import load_registry_config
from support import images, service, watchdogs
from support.closable import ByVariable
from support.forked import run_forked
from support.holding import held_sweep
from support.images import Image
from support.pushing import push, skopeo_push
from support.redis import PASSWORD, RedisServer
from support.registries import V3, NewRegistry, RegistryProcess, free_port, wait_for
from support.store import Store, assert_untouched, snapshot
from support.sweeping import cleanup, refused, successful
from support.verify import assert_pulls, assert_whole, capture

POLICIES = [{"name": "test", "tags": ["old"], "keep_n": 0}]
DATABASE, SPARE = 3, 4
OPENED_ALL_THE_SAME = "the registry was opened though what it remembers of its blobs is wrong"
#: A step of the sweep of `fill`'s image after its blobs went.
AFTER_THE_BLOBS = 10


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    require(shutil.which("redis-server"), "redis-server is not installed")
    with RedisServer(tmp_path / "redis", 'save ""') as server:
        yield server


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[tuple[ByVariable, RedisServer]]:
    """A registry as a service, and the Redis that it caches in."""
    require(shutil.which("redis-server"), "redis-server is not installed")
    require_registry(V3)
    with RedisServer(tmp_path / "redis") as server:
        registry = RegistryProcess(V3, tmp_path / "registry", settings=server.settings(V3))
        with service.as_service(registry):
            yield ByVariable(registry, tmp_path), server


def fill(registry: RegistryProcess) -> Image:
    """An image to go, whose blobs the registry knows of by having served them, and one to stay. Returns the first."""
    old = images.image("old")
    push(registry, "app", old, "old")
    push(registry, "app", images.image("new"), "new")
    assert_whole(registry, "app", ["old", "new"])
    return old


def close(registry: RegistryProcess) -> None:
    registry.read_only = True
    registry.restart()


def assert_uploads_again(registry: RegistryProcess, old: Image, workspace: Path) -> None:
    """As a client pushes: it asks for each blob first, and uploads what the registry says it does not have."""
    registry.read_only = False
    registry.restart()
    store = Store(registry.storage)
    assert not [blob for blob in old.blobs if blob.digest in store.blobs()]
    skopeo_push(registry, "app", "old", old, workspace)
    assert {blob.digest for blob in old.blobs} <= set(store.blobs())
    assert_pulls(registry, capture(registry, {"app": ["old", "new"]}))


@pytest.mark.usefixtures("skopeo_installed")
def test_redis(version: str, new_registry: NewRegistry, redis_server: RedisServer, workspace: Path) -> None:
    registry = new_registry(version, settings=redis_server.settings(version, DATABASE))
    old = fill(registry)
    with redis_server.client(DATABASE) as client:
        client.set("somebody:else", "1")
    close(registry)
    assert f"blobs::{old.blobs[1].digest}" in redis_server.keys(DATABASE)
    assert successful(cleanup(registry, policies=POLICIES))["deleted"]["blobs"] == 3
    assert redis_server.keys(DATABASE) == ["somebody:else"]
    assert_uploads_again(registry, old, workspace)


@pytest.mark.usefixtures("skopeo_installed")
def test_redis_after_the_power_went_in_a_sweep(
    new_registry: NewRegistry, redis_server: RedisServer, workspace: Path
) -> None:
    """A registry that was stopped starts with the host, and nobody has told Redis since the sweep began."""
    registry = new_registry(V3, settings=redis_server.settings(V3))
    old = fill(registry)
    registry.stop()
    assert redis_server.keys()
    arguments = {"registry_config": str(registry.config_path), "policies": POLICIES, "grace_period": "0s"}
    with held_sweep(arguments, step=AFTER_THE_BLOBS) as held:
        os.kill(held.pid, signal.SIGKILL)
    assert_uploads_again(registry, old, workspace)


@pytest.mark.usefixtures("skopeo_installed")
def test_no_opening_before_redis_was_told(cached: tuple[ByVariable, RedisServer], workspace: Path) -> None:
    """A sweep was killed, and what went was read while it went on."""
    closable, server = cached
    old = fill(closable.registry)
    closable.succeed("read_only")
    copy_keys(server, 0, SPARE)
    arguments = {"registry_config": str(closable.registry.config_path), "policies": POLICIES, "grace_period": "0s"}
    with held_sweep(arguments, step=AFTER_THE_BLOBS) as held:
        os.kill(held.pid, signal.SIGKILL)
    copy_keys(server, SPARE, 0)

    server.stop()
    message = closable.fail("restored")
    assert "cache in Redis can't be emptied" in message
    assert PASSWORD not in message
    assert not closable.takes_pushes()
    assert closable.records()

    server.start()
    told = server.keys()
    assert f"blobs::{old.blobs[1].digest}" in told
    assert closable.succeed("restored")["mode_after"] == "writable"
    skopeo_push(closable.registry, "app", "old", old, workspace)
    assert_pulls(closable.registry, capture(closable.registry, {"app": ["old", "new"]}))


def test_a_redis_that_stays_away_does_not_keep_it_closed_for_ever(
    cached: tuple[ByVariable, RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    closable, server = cached
    fill(closable.registry)
    said = list[str]()
    monkeypatch.setattr(syslog, "syslog", lambda _level, line: said.append(line))

    close_swept_without_redis(closable, server)
    watchdog = watchdog_of_an_ended_lease(closable)
    with pytest.raises(MaintenanceError, match="Redis"):
        watchdog._put_back()
    assert not closable.takes_pushes()
    monkeypatch.setattr(switch, "CACHE_PATIENCE", 0.0)
    watchdog._put_back()
    assert closable.takes_pushes()
    assert [line for line in said if OPENED_ALL_THE_SAME in line]
    assert not closable.records()

    server.start()
    close_swept_without_redis(closable, server)
    assert OPENED_ALL_THE_SAME in str(closable.succeed("read_write")["warnings"])
    assert closable.takes_pushes()


def close_swept_without_redis(closable: ByVariable, server: RedisServer) -> None:
    closable.succeed("read_only")
    (closable.registry.storage / "docker/registry/drydock.lock/touched.json").write_text("{}")
    server.stop()


def watchdog_of_an_ended_lease(closable: ByVariable) -> _watchdog.Watchdog:
    """It is not waited for, but called."""
    watchdogs.end(closable.home)
    (path,) = closable.state_dir.glob("maintenance-*.json")
    record = record_from_json(path.read_bytes(), str(path))._replace(expires_at=time.time() - 1)
    path.write_bytes(record_to_json(record))
    return _watchdog.Watchdog(str(closable.state_dir), record)


def copy_keys(server: RedisServer, source: int, target: int) -> None:
    with server.client(source) as client:
        for key in server.keys(source):
            client.copy(key, key, destination_db=target, replace=True)


@pytest.mark.usefixtures("skopeo_installed")
def test_memory(registry: RegistryProcess, workspace: Path) -> None:
    old = fill(registry)
    close(registry)
    assert_whole(registry, "app", ["old", "new"])
    successful(cleanup(registry, policies=POLICIES))
    assert_uploads_again(registry, old, workspace)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError()], ids=["disk", "own"])
def test_redis_is_told_whatever_ends_a_sweep(
    new_registry: NewRegistry, redis_server: RedisServer, error: BaseException
) -> None:
    registry = new_registry(V3, settings=redis_server.settings(V3))
    fill(registry)
    close(registry)
    again = redis_server.keys()
    assert again
    replace = os.replace

    def failing() -> None:
        def failing_replace(source: str, target: str) -> None:
            if not target.endswith("applied.json"):
                return replace(source, target)
            # What the registry has remembered since the sweep began.
            with redis_server.client() as client:
                client.mset(dict.fromkeys(again, "1"))
            raise error

        os.replace = failing_replace  # type: ignore[assignment]

    arguments = {"registry_config": str(registry.config_path), "policies": POLICIES, "grace_period": "0s"}
    result = run_forked("cleanup", arguments, before=failing)[1]
    refused(result, type(error).__name__ if isinstance(error, MemoryError) else "Input/output error", "next run")
    assert (result["changed"], result["deleted"]["blobs"]) == (True, 3)
    assert redis_server.keys() == []
    assert len(successful(cleanup(registry, policies=POLICIES))["interrupted_plans"]) == 1


def test_nothing_is_swept_where_redis_could_not_be_told(
    version: str, new_registry: NewRegistry, redis_server: RedisServer
) -> None:
    registry = new_registry(version, settings=redis_server.settings(version))
    fill(registry)
    close(registry)
    redis_server.stop()
    before = snapshot(registry.home)
    preview = successful(cleanup(registry, check=True, policies=POLICIES))
    assert preview["deleted"]["tags"] == 1
    assert "Redis" in str(preview["warnings"])
    message = refused(cleanup(registry, policies=POLICIES), redis_server.address.rpartition(":")[2], "Redis")
    assert PASSWORD not in message
    assert_untouched(registry.home, before)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"password": "wrong redis staple"}, "invalid username-password pair"),
        ({"password": PASSWORD, "tls": {"rootcas": ["/nowhere/ca.pem"]}}, "/nowhere/ca.pem"),
        ({"password": PASSWORD, "mastername": "nobody", "sentinelpassword": PASSWORD}, "unknown command 'SENTINEL'"),
        ({"username": "nobody", "password": PASSWORD}, "invalid username-password pair"),
    ],
)
def test_what_redis_says_no_to_is_told_without_the_password(
    redis_server: RedisServer, tmp_path: Path, section: dict[str, Any], told: str
) -> None:
    with pytest.raises(Exception, match=told) as caught:
        forget_blobs(configured(tmp_path, {**section, "addrs": [redis_server.address]}))
    assert "Redis" in str(caught.value)
    assert section["password"] not in str(caught.value)


def configured(tmp_path: Path, section: Any, cache: str = "{blobdescriptor: redis}") -> Any:
    path = tmp_path / "config.yml"
    path.write_text(f"storage: {{filesystem: {{}}, cache: {cache}}}\nredis: {section!r}\n")
    return load_registry_config(str(path), {})


@pytest.mark.parametrize("form", ["addr", "addrs", "a list of keys longer than one batch"])
def test_every_key_of_a_registry_goes(redis_server: RedisServer, tmp_path: Path, form: str) -> None:
    many = 2500 if form.startswith("a list") else 2
    with redis_server.client() as client:
        client.mset({f"blobs::sha256:{number}": 1 for number in range(many)})
        client.mset({f"repository::app::blobs::sha256:{number}": 1 for number in range(many)})
        client.mset({"blobs": 1, "other::blobs::sha256:1": 1})
    where = {"addr": redis_server.address} if form == "addr" else {"addrs": [redis_server.address]}
    assert forget_blobs(configured(tmp_path, {**where, "password": PASSWORD}))
    assert redis_server.keys() == ["blobs", "other::blobs::sha256:1"]


def test_the_server_that_a_sentinel_names(redis_server: RedisServer, tmp_path: Path) -> None:
    lines = (
        f"sentinel monitor cache 127.0.0.1 {redis_server.port} 1",
        f'sentinel auth-pass cache "{PASSWORD}"',
    )
    with redis_server.client(DATABASE) as client:
        client.mset({"blobs::sha256:1": 1, "other": 1})
    with RedisServer(tmp_path / "sentinel", *lines) as sentinel:
        section = {"mastername": "cache", "sentinelpassword": PASSWORD, "password": PASSWORD, "db": DATABASE}
        assert forget_blobs(configured(tmp_path, {**section, "addrs": [sentinel.address]}))
    assert redis_server.keys(DATABASE) == ["other"]


def test_a_cluster(tmp_path: Path) -> None:
    require(shutil.which("redis-server"), "redis-server is not installed")
    with RedisServer(tmp_path / "redis", "cluster-enabled yes", f"cluster-port {free_port()}") as server:
        with server.client() as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: client.cluster("info")["cluster_state"] == "ok", "the cluster")
            for number in range(50):
                client.set(f"blobs::sha256:{number}", 1)
            client.set("other", 1)
        section = {"addrs": [server.address, "127.0.0.1:1"], "password": PASSWORD}
        assert forget_blobs(configured(tmp_path, section))
        assert server.keys() == ["other"]


def test_which_cache_there_is(tmp_path: Path) -> None:
    nowhere = {"addr": "127.0.0.1:1"}
    assert not forget_blobs(None)
    assert not forget_blobs(configured(tmp_path, nowhere, "{blobdescriptor: inmemory, layerinfo: redis}"))
    assert not forget_blobs(configured(tmp_path, nowhere, "{}"))
    assert caches_in_memory(None)
    assert caches_in_memory(configured(tmp_path, nowhere, "{layerinfo: inmemory}"))
    assert not caches_in_memory(configured(tmp_path, nowhere, "{blobdescriptor: redis}"))


def test_a_missing_library_is_told_before_anything_changes(
    new_registry: NewRegistry, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = new_registry(V3, settings=redis_server.settings(V3))
    fill(registry)
    close(registry)
    before = snapshot(registry.home)
    monkeypatch.setitem(sys.modules, "redis", None)
    refused(cleanup(registry, policies=POLICIES), "redis")
    assert_untouched(registry.home, before)
