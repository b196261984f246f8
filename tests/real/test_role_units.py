# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that share one storage: closed together, swept by one of them, put back together, or not touched at all."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator

import pytest
import requests

from support import service, watchdogs
from support.fleet import ENVIRONMENT, Host, checked, inventory, play, result_of, start, why
from support.playbook import PlaybookRun, run_playbook
from support.pushing import Repository
from support.registries import V2, V3, NewRegistry
from support.store import assert_untouched, snapshot
from support.sweeping import push_aged
from support.verify import assert_pulls, capture

TAGS = {"1": 40.0, "2": 30.0, "3": 20.0}
KEEP_ONE = [{"name": "newest", "keep_n": 1}]
# In the inventory's order: the members are no neighbours.
VERSIONS = {"nfs1": V3, "alone": V3, "nfs2": V2}
Fleet = dict[str, Host]


@pytest.fixture
def fleet(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Fleet]:
    """Two hosts on one storage, whose registries are of both versions, and one on its own."""
    shared, hosts = tmp_path / "shared", Fleet()
    with ExitStack() as stack:
        for name, version in VERSIONS.items():
            storage = None if name == "alone" else shared
            registry = new_registry(version, name, storage=storage)
            if name != "nfs2":
                push_aged(registry, "team/app", TAGS)
            registry.stop()
            home = tmp_path / f"{name}-host"
            home.mkdir()
            restart_command = stack.enter_context(service.as_service(registry))
            more = {} if name == "alone" else {"shared_storage": "nfs"}
            hosts[name] = Host(registry, restart_command, home, name, **more)
        yield hosts


def unit(fleet: Fleet) -> list[Host]:
    return [fleet["nfs1"], fleet["nfs2"]]


def tags(host: Host) -> list[str]:
    return sorted(Repository(host.registry, "team/app").tags())


def is_closed(host: Host) -> bool:
    try:
        return not host.is_writable()
    except requests.ConnectionError:  # it restarts
        return False


def assert_not_swept(fleet: Fleet, run: PlaybookRun) -> None:
    """Both are open again, nothing is deleted, and nobody holds the storage."""
    assert run.returncode != 0, run.output
    for host in unit(fleet):
        assert tags(host) == list(TAGS)
        assert host.is_writable()
    assert not (fleet["nfs1"].registry.storage / "docker/registry/drydock.lock").exists()


def test_one_sweeps_for_all_whatever_serial_says(fleet: Fleet, tmp_path: Path) -> None:
    expectation = capture(fleet["nfs1"].registry, {"team/app": ["3"]})
    run = play("cleanup", fleet.values(), policies=KEEP_ONE, serial=1, report_dir=str(tmp_path / "report"))
    leader, member = checked(run, "nfs1"), result_of(run, "nfs2")
    assert leader["deleted"]["tags"] == 2
    assert (member["deleted"], member["changed"], member["swept_by"]) == (None, False, "nfs1")
    assert leader["window_seconds"] > 0
    assert member["window_seconds"] > 0
    assert [task.host for task in run.tasks if task.task == "Apply the plan" and task.status == "ok"] == [
        "nfs1",
        "alone",
    ]
    for host in unit(fleet):
        assert host.is_writable()
        assert_pulls(host.registry, expectation)
    assert_summed_up(run, tmp_path / "report")
    again = play("cleanup", fleet.values(), policies=KEEP_ONE)
    assert [checked(again, name)["changed"] for name in fleet] == [False] * 3
    assert [result_of(again, name)["window_seconds"] for name in fleet] == [None] * 3


def assert_summed_up(run: PlaybookRun, report: Path) -> None:
    """Once for each batch, and the last time with all hosts; the same as files."""
    first, last = (shown["msg"] for shown in run.of("Summary") if "msg" in shown)
    assert [line.split()[-1] for line in first[1:-1]] == ["ok", "nfs1", "waiting"]
    assert first[-1].startswith("total ")
    assert first[-1].endswith("2 of 3 ok")
    assert "\n".join(last) + "\n" == (report / "summary.txt").read_text()
    rows = json.loads((report / "summary.json").read_text())
    assert [(row["host"], row["status"], row["mode_before"], row["mode_after"]) for row in rows] == [
        (name, "ok", "writable", "writable") for name in ("nfs1", "nfs2", "alone")
    ]
    assert [row["deleted"] and row["deleted"]["tags"] for row in rows] == [2, None, 2]


def test_a_method_that_a_reboot_would_undo_is_refused(fleet: Fleet) -> None:
    run = play("cleanup", fleet.values(), policies=KEEP_ONE, maintenance={"method": "stop"})
    assert run.returncode != 0
    assert "If it were rebooted while one of them sweeps" in run.output
    for host in unit(fleet):
        assert tags(host) == list(TAGS)


def test_a_run_without_a_member_is_refused_before_anything_is_touched(fleet: Fleet) -> None:
    before, pids = snapshot(fleet["nfs1"].registry.storage), [host.pid() for host in fleet.values()]
    batches = [
        {"hosts": "registries", "gather_facts": False, "serial": 1, "roles": ["drydock.registry.registry_cleanup"]}
    ]
    own = run_playbook(batches, inventory=inventory(fleet.values()), environment=ENVIRONMENT)
    assert "drydock.registry.cleanup keeps them in one batch" in own.output
    different = Host(fleet["nfs2"].registry, [], fleet["nfs2"].home, "nfs2", shared_storage="nfs", policies=KEEP_ONE)
    other = play("preview", [fleet["nfs1"], different])
    assert "differ in registry_cleanup_policies" in other.output
    assert [host.pid() for host in fleet.values()] == pids
    assert_untouched(fleet["nfs1"].registry.storage, before)


def test_a_member_that_somebody_opens_keeps_the_storage_from_being_swept(fleet: Fleet) -> None:
    """It was shown to be closed, and its host alone sees that it is not any more."""
    leader, member = unit(fleet)
    hold = leader.home / "hold"
    hold.touch()
    slow = leader.script("restart", f"while [ -e {hold} ]; do sleep 0.1; done")
    hosts = [Host(leader.registry, slow, leader.home, "nfs1", shared_storage="nfs"), member]
    content, _mode = member.configuration()
    with start("cleanup", hosts, policies=KEEP_ONE) as started:
        started.wait_until(lambda: bool(watchdogs.processes(member.home, "guard")), "nfs2 is closed and guarded")
        member.registry.config_path.write_bytes(content)
        member.restart()
        lock = member.registry.storage / "docker/registry/drydock.lock"
        started.wait_until(lambda: bool(list(lock.glob("stop.*"))), "the guard of nfs2 has seen it")
        hold.unlink()
        run = started.finish()
    assert "is not closed any more" in why(run, "nfs1")
    assert_not_swept(fleet, run)
    assert watchdogs.processes(member.home) == []


def test_hosts_of_different_storages_are_not_taken_for_one(fleet: Fleet) -> None:
    """Each is closed and serves what it has, but only one of them will be swept."""
    stranger = fleet["alone"]
    other = Host(stranger.registry, stranger.restart_command, stranger.home, "alone", shared_storage="nfs")
    run = play("cleanup", [fleet["nfs1"], other], policies=KEEP_ONE)
    assert "of 2 registries that are said to share this storage" in why(run, "nfs1")
    for host in (fleet["nfs1"], other):
        assert host.is_writable()
        assert tags(host) == list(TAGS)


def test_a_run_that_lives_is_left_alone_until_somebody_stops_it(fleet: Fleet) -> None:
    """The first member is closed, and waits for the second, which takes its time."""
    member = fleet["nfs2"]
    hold = member.home / "hold"
    hold.touch()
    slow = member.script("restart", f"while [ -e {hold} ]; do sleep 0.1; done")
    hosts = [fleet["nfs1"], Host(member.registry, slow, member.home, "nfs2", shared_storage="nfs")]
    with start("cleanup", hosts, policies=KEEP_ONE) as started:
        started.wait_until(lambda: is_closed(hosts[0]), "nfs1 is closed")
        refused = play("restore", hosts[:1])
        assert "ansible-playbook" in why(refused, "nfs1")
        assert checked(play("restore", hosts[:1], stop_running=True))["changed"]
        assert fleet["nfs1"].is_writable()
        hold.unlink()
        run = started.finish()
    assert "open again when it wanted to reopen it" in why(run, "nfs1")
    assert_not_swept(fleet, run)
