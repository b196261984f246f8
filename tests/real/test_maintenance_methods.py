# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to close a registry but its configuration file: closed, proven, put back to what was found to the byte.

The configuration file has tests of its own (test_maintenance.py); so have the places of a variable
(test_maintenance_environment.py) and the flag file (test_maintenance_proxy.py).
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from real.conftest import require_registry

from ansible_collections.drydock.registry.plugins.module_utils._lock.hold import SKEW
from support import images, service
from support.closable import ByProxy, ByStopping, ByTasks, ByVariable, Closable, NewClosable
from support.forked import run_forked
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, RegistryProcess, wait_for
from support.slow_put import SlowPut
from support.store import Store
from support.sweeping import DAY
from support.verify import assert_pulls, capture


@pytest.fixture(
    params=[(ByVariable, V3), (ByProxy, V3), (ByProxy, V2), (ByStopping, V3), (ByStopping, V2), (ByTasks, V3)],
    ids=lambda chosen: f"{chosen[0].method}-{chosen[1]}",
)
def closable(request: pytest.FixtureRequest, new_closable: NewClosable) -> Closable:
    return new_closable(*request.param)


def test_closed_proven_and_put_back_as_it_was(closable: Closable) -> None:
    push(closable.front, "team/app", images.image("app"), "1")
    kept, found = capture(closable.front, {"team/app": ["1"]}), closable.found()
    by_tasks = closable.method == "tasks"

    preview = closable.succeed("read_only", check=True)
    assert closable.found() == found
    assert closable.takes_pushes()

    closable.closes()
    closed, again = closable.succeed("read_only"), closable.succeed("read_only")

    assert closed["mode_before"] == ("read_only" if by_tasks else "writable")
    assert closed["mode_after"] == again["mode_after"] == closable.mode
    assert closed["drained"] is again["drained"] is True
    assert (closed["changed"], again["changed"]) == (not by_tasks, False)
    assert by_tasks or preview["diff"] == closed["diff"]
    assert not closable.takes_pushes()
    if closable.mode != "stopped":
        assert_pulls(closable.front, kept)

    closable.opens()
    opened, again = closable.succeed("restored"), closable.succeed("restored")

    assert opened["mode_after"] == again["mode_after"] == "writable"
    assert (opened["changed"], again["changed"]) == (not by_tasks, False)
    assert closable.found() == found
    assert closable.records() == []
    assert closable.takes_pushes()
    assert_pulls(closable.front, kept)


# What goes wrong on entering is undone.

BREAK = {
    ByVariable: "restart_command",
    ByProxy: "nginx_reload_command",
    ByStopping: "stop_command",
}


@pytest.mark.parametrize("kind", list(BREAK), ids=lambda kind: kind.method)
def test_a_command_that_fails_on_entering_is_undone(
    new_closable: NewClosable, kind: type[Closable], tmp_path: Path
) -> None:
    closable = new_closable(kind)
    option, found = BREAK[kind], closable.found()
    # Called a second time, to put the registry back, it works.
    once = tmp_path / "state" / "once"
    once.parent.mkdir()
    real = " ".join(closable.options()[option])
    script = f'if mkdir {once}; then echo "no such thing"; exit 4; else exec {real}; fi'

    message = closable.fail("read_only", check=False, **{option: ["sh", "-c", script]})

    assert "return code 4: " in message
    assert "no such thing" in message
    assert "put back and is writable again" in message
    assert closable.found() == found
    assert closable.records() == []
    assert closable.takes_pushes()


def opening_script(closable: Closable) -> Path:
    """What ByTasks.opens does, as a command of the host."""
    description = closable.registry.home / "service.json"
    shutil.copy(description, closable.home / "open.json")
    path = closable.home / "open"
    restart = shlex.join(["env", "-i", f"PATH={os.environ['PATH']}", *service.command(closable.registry)])
    path.write_text(f"#!/bin/sh\ncp {closable.home}/open.json {description}\nexec {restart}\n")
    path.chmod(0o755)
    return path


def test_the_host_opens_what_tasks_closed_when_the_lease_ends(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks, V3)
    opening = opening_script(closable)
    closable.closes()
    closable.succeed("read_only", lease="5s", restore_command=[str(opening)])
    assert not closable.takes_pushes()
    wait_for(closable.takes_pushes, "the registry to take pushes", 60)
    wait_for(lambda: not closable.records(), "an end of the lease", 60)


@pytest.mark.parametrize("kind", [ByProxy, ByStopping], ids=lambda kind: kind.method)
def test_a_swept_registry_that_is_open_already_is_put_back(new_closable: NewClosable, kind: type[Closable]) -> None:
    """As after a reboot, which forgets the flag and starts the service, and after a kill when all but this was done."""
    closable = new_closable(kind)
    found = closable.found()
    closable.succeed("read_only")
    (closable.registry.storage / "docker/registry/drydock.lock/touched.json").write_text("{}")
    if isinstance(closable, ByProxy):
        closable.nginx.flag_file.unlink()
    else:
        subprocess.run(service.command(closable.registry, "start"), check=True)
        wait_for(closable.registry.answers, "the registry to answer")

    result = closable.succeed("restored")

    assert (result["restarted"], result["mode_after"]) == (True, "writable")
    assert closable.found() == found
    assert closable.records() == []


def test_no_opening_while_another_host_may_sweep_a_storage_that_is_not_there(new_closable: NewClosable) -> None:
    """As after a reboot, before the network's file systems are mounted."""
    closable = new_closable(ByStopping)
    storage, away = closable.registry.storage, closable.home / "away"
    push(closable.registry, "team/app", images.image("app"), "1")
    closable.succeed("read_only")
    sweep = storage / "docker/registry/drydock.lock/sweep.elsewhere.4711.12345.json"
    sweeping = {"host": "elsewhere", "boot_id": "b", "pid": 4711, "started": "12345", "until": time.time() + 600}
    sweep.write_text(json.dumps(sweeping))

    storage.rename(away)
    storage.mkdir()
    unseen = "can't be seen whether another host sweeps"
    assert unseen in closable.fail("restored")
    assert unseen in closable.fail("restored", check=True, stop_sweep=True)
    assert unseen in closable.fail("read_write")
    assert unseen in closable.fail("read_only")
    assert not list(storage.iterdir())
    assert closable.records()

    storage.rmdir()
    away.rename(storage)
    assert "not shown to have stopped" in closable.fail("restored", stop_sweep=True, timeout="1s")
    assert list(sweep.parent.glob("stop.*"))
    sweep.unlink()
    closable.succeed("restored", stop_sweep=True)
    assert closable.takes_pushes()


def test_once_the_lease_is_over_no_host_sweeps_any_more(new_closable: NewClosable) -> None:
    """So a storage that never comes back does not keep its registry closed."""
    closable = new_closable(ByStopping)
    push(closable.registry, "team/app", images.image("app"), "1")
    closable.succeed("read_only")
    shutil.rmtree(closable.registry.storage)
    (path,) = closable.state_dir.glob("maintenance-*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "expires_at": time.time() - SKEW - 1}))
    closable.succeed("restored")
    assert closable.takes_pushes()
    assert not closable.state_dir.exists()


def test_tasks_that_closed_nothing_are_found_out(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks)
    message = closable.fail("read_only", timeout="1s")
    assert "not read_only within 1 s" in message
    assert closable.records() == []


def test_tasks_that_opened_nothing_are_found_out(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks)
    closable.closes()
    closable.succeed("read_only")
    message = closable.fail("restored", timeout="1s")
    assert "read_only, not writable" in message
    closable.opens()
    closable.succeed("restored")
    assert closable.records() == []


def test_what_ends_out_of_sight_is_warned_of(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks)
    elsewhere: dict[str, Any] = {"registry_config": None, "registry_url": closable.registry.url}
    closable.closes()
    result = closable.succeed("read_only", **elsewhere)
    assert result["drained"] is None
    assert "can't be seen from this host" in str(result["warnings"])
    closable.opens()
    closable.succeed("restored", **elsewhere)
    assert closable.records() == []


def test_a_restart_cuts_a_push_off(new_closable: NewClosable) -> None:
    """The old process is gone, and the half of a manifest with it."""
    closable = new_closable(ByVariable)
    image = images.image("straddling")
    for blob in image.blobs:
        Repository(closable.front, "team/app").push_blob(blob)
    with SlowPut(closable.front.host, "team/app", "new", image) as put:
        assert closable.succeed("read_only")["drained"] is True
        assert put.finish() == 0
    assert Repository(closable.front, "team/app").tags() == []
    closable.succeed("restored")


def test_a_cache_is_closed_by_stopping_it_alone(new_registry: NewRegistry, tmp_path: Path) -> None:
    upstream = new_registry(V3, "upstream")
    push(upstream, "team/app", images.image("app"), "1")
    require_registry(V3)
    cache = RegistryProcess(V3, tmp_path / "registry", proxy=upstream.url)
    with service.as_service(cache):
        stopping = ByStopping(cache, tmp_path)
        assert_pulls(cache, capture(cache, {"team/app": ["1"]}))
        wait_for(lambda: Store(cache.storage).tags("team/app") == ["1"], "the cache to keep the tag")

        for method in ("config_file", "environment", "tasks"):
            options: dict[str, Any] = {"environment_file": str(tmp_path / "default"), "method": method}
            options |= {"restart_command": service.command(cache), "stop_command": None, "start_command": None}
            assert "pull-through cache" in stopping.fail("read_only", **options)

        assert stopping.succeed("read_only")["mode_after"] == "stopped"
        Store(cache.storage).age_tag("team/app", "1", 40 * DAY)
        policy = {"name": "none", "older_than": "30d"}
        config = {"registry_config": str(cache.config_path), "registry_url": cache.url}
        options = {**config, "policies": [policy], "allow_empty": True, "grace_period": "0s"}
        _status, swept = run_forked("cleanup", options)
        assert not swept.get("failed"), swept["msg"]
        assert swept["deleted"]["tags"] == 1
        assert stopping.succeed("restored")["mode_after"] == "writable"
        assert_pulls(cache, capture(cache, {"team/app": ["1"]}))
