# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process a run's id stands for, and what is known of it here."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Iterator

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils import _run
from ansible_collections.drydock.registry.plugins.plugin_utils._run import (
    ControllerProcess,
    describe_run,
    is_gone,
)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that runs until the test ends it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


def test_this_process_is_the_run_and_lives() -> None:
    mine = ControllerProcess.of_this_run()
    assert mine.pid == os.getpid()
    assert mine.lives()
    assert ControllerProcess.from_id(mine.id) == mine
    assert not is_gone(mine.id)


def test_a_process_that_has_ended_is_gone(other: subprocess.Popen[bytes]) -> None:
    process = ControllerProcess.of(other.pid)
    assert process.lives()
    other.communicate()
    assert process.lives() is False
    assert is_gone(process.id)


def test_another_process_of_the_same_number_is_not_the_run() -> None:
    mine = ControllerProcess.of_this_run()
    ticks, _at, place = mine.started.partition("@")
    assert mine._replace(started=f"{int(ticks) - 1}@{place}").lives() is False


@pytest.mark.parametrize("changed", ["controller", "started"])
def test_what_runs_elsewhere_can_not_be_seen(changed: str) -> None:
    """Another controller, or this host's name in another container or after a reboot."""
    mine = ControllerProcess.of_this_run()
    elsewhere = mine._replace(**{changed: mine._asdict()[changed] + "1"})
    assert elsewhere.lives() is None
    assert not is_gone(elsewhere.id)


def test_a_module_that_is_run_by_hand_has_no_process() -> None:
    assert ControllerProcess.from_id("direct") is None
    assert not is_gone("direct")


def test_a_run_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ansible-playbook", "site.yml"])
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.setattr("socket.gethostname", lambda: "ctl1")
    run = describe_run("registry1", {"id": 17, "template": "Nightly"})
    assert run["who"] == f"ann on ctl1, ansible-playbook, process {os.getpid()}, AWX job 17 (Nightly)"
    assert (run["id"].rpartition(":")[0], run["member"]) == (f"ctl1:{os.getpid()}", "registry1")
    assert describe_run("registry1", {})["who"].endswith(f"process {os.getpid()}")


def test_a_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", nobody)
    assert describe_run("registry1", {})["who"].startswith(f"user {os.getuid()} on ")


def test_where_there_is_no_proc_ps_tells_when_a_process_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, "_place", lambda: "")
    mine = ControllerProcess.of_this_run()
    assert mine.lives()
    assert mine._replace(started=mine.started + "1").lives() is False
    assert mine._replace(pid=2**22 + 1).lives() is False
