# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sweep is asked to stop, told to, and killed: before its host opens, nothing sweeps any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._apply.sentry import Sentry
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    MaintenanceError,
    StoppedError,
)
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock, stop_sweep
from support.locking import OURS, SOON, THEIRS, end, held, of, on_host
from support.playbook import COLLECTION, run_environment

SWEEPER = f"""
import signal, sys, time
from support.locking import OURS
from {COLLECTION}.plugins.module_utils._apply.sentry import Sentry
from {COLLECTION}.plugins.module_utils._basics.errors import StoppedError
from {COLLECTION}.plugins.module_utils._lock.lock import Lock
from {COLLECTION}.plugins.module_utils._storage.lock_directory import LockDirectory
lock = Lock(LockDirectory(sys.argv[1]), OURS)
sentry = Sentry(lock, None, lambda: None)
if sys.argv[2] == "deaf":
    sentry.look = lambda: None
try:
    with sentry.on_duty():
        print("sweeping", flush=True)
        while True:
            sentry.look()
            time.sleep(0.01)
except StoppedError as error:
    sys.exit(str(error))
"""


def sweeper(lock: Lock, how: str) -> subprocess.Popen[str]:
    """A process that sweeps for this lock's run until it is stopped, and then says why on stderr."""
    environment = run_environment(PYTHONPATH=os.pathsep.join(sys.path))
    process = subprocess.Popen(
        [sys.executable, "-c", SWEEPER, lock.path, how],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "sweeping\n"
    return process


@pytest.mark.parametrize(("how", "said"), [("hearing", "SIGTERM"), ("deaf", "")])
def test_a_sweep_of_this_host_is_told_to_end_and_killed_if_it_does_not(lock: Lock, how: str, said: str) -> None:
    lock.acquire(end())
    with sweeper(lock, how) as process:
        stop_sweep(of(THEIRS, Path(lock.path).parents[2]), 1.0 if how == "deaf" else SOON)
        assert held(lock).sweep is None
        assert said in process.communicate()[1]
    assert process.returncode == (-signal.SIGKILL if how == "deaf" else 1)


def test_a_sweep_of_another_host_is_asked_to_stop(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(end())
    with sweeper(lock, "hearing") as process, monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        stop_sweep(lock, SOON)
        assert f"{OURS.who} wants the sweep to stop" in process.communicate()[1]
    assert process.returncode == 1


def test_a_sweep_of_another_host_that_does_not_answer_is_not_taken_for_dead(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.acquire(end())
    lock.begin_sweep()
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        with pytest.raises(MaintenanceError, match=f"process {os.getpid()} on "):
            stop_sweep(lock, 0.1)
    assert held(lock).sweep
    with pytest.raises(StoppedError, match="wants the sweep to stop"):
        lock.require_ours()


def test_nothing_to_stop_is_no_error(lock: Lock) -> None:
    stop_sweep(lock, 0.0)
    assert lock.hold() is None


def test_where_a_host_is_to_open_no_sweep_begins_later(lock: Lock, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leader of a unit still reads when another of its hosts is put back."""
    lock.acquire(end())
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        of(OURS, root).acquire(end())
        stop_sweep(of(THEIRS, root), 0.0)
        of(THEIRS, root).break_()
    with pytest.raises(StoppedError, match=f"{THEIRS.who} wants the sweep to stop"):
        lock.begin_sweep()
    assert not held(lock).touched
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        of(OURS, root).acquire(end())
    lock.begin_sweep()


def test_a_full_storage_keeps_nothing_closed(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(end())

    def full(_lock: Lock) -> None:
        message = "no space"
        raise MaintenanceError(message)

    monkeypatch.setattr(Lock, "request_stop", full)
    stop_sweep(lock, 0.0)
    lock.begin_sweep()
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        with pytest.raises(MaintenanceError, match="no space"):
            stop_sweep(lock, 0.0)


def test_a_lock_that_went_stops_the_sweep(lock: Lock) -> None:
    lock.acquire(end())
    lock.break_()
    with pytest.raises(StoppedError, match="has gone"):
        Sentry(lock, end(), lambda: None).look()
