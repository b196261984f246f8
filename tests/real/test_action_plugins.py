# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the controller can do: show how far a module is, tell which run it is of, send modules along."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from real.conftest import python_of

from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import Run
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock, lock_path
from ansible_collections.drydock.registry.plugins.module_utils._storage.lock_directory import LockDirectory
from ansible_collections.drydock.registry.plugins.plugin_utils._run import ControllerProcess
from support import service
from support.playbook import PlaybookRun, StartedPlaybook, run_playbook
from support.registries import PATIENCE, V2, V3, NewRegistry, RegistryProcess, wait_for
from support.scripted import NewScripted, Request
from support.sweeping import push_aged
from support.sweeping_api import push_dated

KEEP_ONE = [{"name": "newest", "keep_n": 1}]
AGES = {"1": 40.0, "2": 30.0, "3": 20.0}
INVENTORY = {"all": {"hosts": {"registry1": {"ansible_connection": "local"}}}}


def a_task(module: str, options: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """A playbook of one task."""
    task = {"name": "The task", f"drydock.registry.{module}": options, **more}
    return [{"hosts": "registry1", "gather_facts": False, "tasks": [task]}]


def play(module: str, options: dict[str, Any], **more: Any) -> PlaybookRun:
    return run_playbook(a_task(module, options, **more), inventory=INVENTORY)


class Gate:
    """A script that keeps the first manifest back until the test opens it."""

    def __init__(self) -> None:
        self.is_open = threading.Event()

    def __call__(self, request: Request) -> None:
        if "/manifests/" in request.path and request.method == "GET":
            assert self.is_open.wait(60)


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_progress_is_shown_while_the_module_runs(
    new_registry: NewRegistry, scripted: NewScripted, tmp_path: Path, pipelining: str
) -> None:
    registry, gate, remote = new_registry(V2, delete_enabled=True), Gate(), tmp_path / "remote"
    push_dated(registry, "app", AGES)
    options = {"registry_url": scripted(gate, registry).url, "policies": KEEP_ONE, "progress_interval": "1s"}
    environment = {"ANSIBLE_PIPELINING": pipelining, "ANSIBLE_REMOTE_TEMP": str(remote)}
    with StartedPlaybook(
        a_task("cleanup", options), inventory=INVENTORY, check=True, environment=environment
    ) as started:
        line = "[registry1] reading manifests: 0 of 3 tags (0%)\n"
        wait_for(lambda: line in started.output, f"{line!r} in the output", 60)
        gate.is_open.set()
        run = started.finish().check()
    assert run.output.count(line) == 1, "the same line again says nothing"
    assert re.search(r"[\x00-\x08\x0b-\x1f]", run.output) is None
    assert list(remote.iterdir()) == []


def test_no_progress_where_none_is_wanted(new_registry: NewRegistry, tmp_path: Path) -> None:
    registry, remote = new_registry(V3), tmp_path / "remote"
    push_aged(registry, "app", AGES)
    options = {"registry_config": str(registry.config_path), "progress_interval": "0s"}
    environment = {"ANSIBLE_PIPELINING": "true", "ANSIBLE_REMOTE_TEMP": str(remote)}
    run_playbook(a_task("cleanup", options), inventory=INVENTORY, check=True, environment=environment).check()
    assert not remote.exists(), "a directory was made that nobody needs"


@pytest.mark.parametrize("version", ["", "2.18"])
def test_an_interval_that_is_no_duration_is_refused_and_that_is_told_once(version: str) -> None:
    """Not as an exception beside it, which ansible-core makes of what an action plugin raises."""
    controller = python_of("controllers", version) if version else sys.executable
    task = a_task("cleanup", {"registry_url": "http://127.0.0.1:1", "progress_interval": "often"})
    run = run_playbook(task, inventory=INVENTORY, controller=controller)
    assert "progress_interval: 'often' cannot be used" in run.of("The task")[0]["msg"]
    assert "exception" not in run.output.lower()
    assert "Unexpected" not in run.output


def test_a_context_that_is_none_is_refused_by_the_module() -> None:
    run = play("cleanup", {"registry_url": "http://127.0.0.1:1", "_task_context": "abc"})
    assert "_task_context: 'abc' cannot be used, expected a dictionary; leave it out" in run.of("The task")[0]["msg"]


def test_a_task_may_be_asynchronous(new_registry: NewRegistry) -> None:
    registry = new_registry(V2, delete_enabled=True)
    push_dated(registry, "app", AGES)
    run = play("cleanup", {"registry_url": registry.url, "policies": KEEP_ONE}, **{"async": 60, "poll": 1}).check()
    assert run.of("The task")[0]["deleted"]["tags"] == 2


def held_by(process: ControllerProcess) -> Run:
    return Run(f"{process.controller}:{process.pid}:{process.started}", "ann on ctl1, ansible-playbook", "registry1")


def a_dead_run() -> Run:
    """One of this controller whose ansible-playbook was killed."""
    process = subprocess.Popen(["sleep", "60"])
    run = held_by(ControllerProcess.of(process.pid))
    process.kill()
    process.wait()
    return run


@pytest.mark.parametrize("is_dead", [True, False])
def test_a_run_of_this_controller_that_was_killed_holds_nothing(new_registry: NewRegistry, is_dead: bool) -> None:
    registry = new_registry(V3)
    push_aged(registry, "app", AGES)
    run = a_dead_run() if is_dead else held_by(ControllerProcess.of_this_run())
    options = {"registry_config": str(registry.config_path), "policies": KEEP_ONE, "grace_period": "0s"}
    with registry.closed():
        Lock(LockDirectory(lock_path(str(registry.storage), "", "")), run).acquire(time.time() + 3600)
        result = play("cleanup", options).of("The task")[0]
    if is_dead:
        assert result["deleted"]["tags"] == 2, result
    else:
        assert run.who in result["msg"]
        assert not result["changed"]


def with_init_script(registry: RegistryProcess, home: Path, *first: str) -> dict[str, Any]:
    """Options for a registry with an init script, which keeps in `home/calls` what it was called with."""
    registry.stop()
    script, run = home / "init-script", shlex.join(service.command(registry)).replace(" restart ", ' "$1" ')
    script.write_text("\n".join(["#!/bin/sh", f"echo $1 >> {home}/calls", *first, f"exec {run}", ""]))
    script.chmod(0o755)
    return {
        "registry_config": str(registry.config_path),
        "service": {"init": str(script)},
        "state_dir": str(home / "state"),
        "timeout": PATIENCE,
    }


def test_the_users_modules_act_on_the_service_and_are_kept_for_the_way_back(
    new_registry: NewRegistry, tmp_path: Path
) -> None:
    """Ansible's module stops and starts, for it does not trust a script's `restart`; that shows that it is used."""
    registry = new_registry(V3)
    options = with_init_script(registry, tmp_path)
    with service.as_service(registry):
        closed = play("maintenance", {"state": "read_only", **options}).check().of("The task")[0]
        assert closed["mode_after"] == "read_only"
        assert (tmp_path / "calls").read_text().split() == ["stop", "start"]
        # Another run: the first has ended, which this controller can tell.
        back = play("maintenance", {"state": "restored", **options}).check().of("The task")[0]
        assert back["mode_after"] == "writable"
    assert (tmp_path / "calls").read_text().split() == ["stop", "start"] * 2


def test_what_such_a_module_says_is_told(new_registry: NewRegistry, tmp_path: Path) -> None:
    registry = new_registry(V3)
    options = with_init_script(registry, tmp_path, "exit 7")
    with service.as_service(registry):
        run = play("maintenance", {"state": "read_only", **options})
    assert f"Failed to restart service: {options['service']['init']}" in run.of("The task")[0]["msg"]
