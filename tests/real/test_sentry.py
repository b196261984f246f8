# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sweep runs alone, while the registry is closed, and no longer than its lease; stopped, it has damaged nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._apply import sentry as _sentry
from ansible_collections.drydock.registry.plugins.module_utils._apply.sentry import Sentry
from ansible_collections.drydock.registry.plugins.module_utils._basics import deadline
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError, StoppedError
from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import Run
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock, lock_path
from ansible_collections.drydock.registry.plugins.module_utils._storage.lock_directory import LockDirectory
from support.holding import HeldSweep, held_sweep
from support.locking import OURS, THEIRS, as_params, in_child, rewrite
from support.registries import V3, NewRegistry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import cleanup, push_aged, refused, successful
from support.verify import Expectation, assert_pulls, assert_whole, capture

POLICIES = [{"name": "test", "keep_n": 2}]
HALF_WAY = 9
LEASE = 600.0


class Swept:
    """A closed registry of which a sweep takes five of seven images."""

    def __init__(self, registry: RegistryProcess) -> None:
        self.registry = registry
        self.store = Store(registry.storage)
        push_aged(registry, "app", {f"{number}": 20.0 - number for number in range(7)})
        self.expectation: Expectation = capture(registry, {"app": ["5", "6"]})
        self.options: dict[str, Any] = {"policies": POLICIES, "grace_period": "0s"}
        self.arguments = {"registry_config": str(registry.config_path), **self.options}
        registry.read_only = True
        registry.restart()

    def lock(self, run: Run) -> Lock:
        return Lock(LockDirectory(lock_path(str(self.registry.storage), "", "")), run)

    def assert_well(self) -> None:
        """What is kept pulls, and so does what a sweep that stopped has left."""
        assert_pulls(self.registry, self.expectation)
        assert_whole(self.registry, "app", self.store.tags("app"))

    def finish(self, plan_id: str) -> None:
        """The next run finishes the plan, and then there is nothing to do."""
        run = successful(cleanup(self.registry, **self.options))
        assert run["interrupted_plans"] == [plan_id]
        assert self.store.tags("app") == ["5", "6"]
        assert not self.store.quarantine.exists()
        assert not successful(cleanup(self.registry, **self.options))["changed"]
        assert self.lock(OURS).hold() is None
        self.assert_well()


@pytest.fixture
def swept(new_registry: NewRegistry) -> Swept:
    return Swept(new_registry(V3))


def reopen(swept: Swept, _held: HeldSweep) -> None:
    swept.registry.read_only = False
    swept.registry.restart()


def tell_to_end(_swept: Swept, held: HeldSweep) -> None:
    os.kill(held.pid, signal.SIGTERM)


def hang_up(_swept: Swept, held: HeldSweep) -> None:
    os.kill(held.pid, signal.SIGHUP)


def ask_to_stop(swept: Swept, _held: HeldSweep) -> None:
    swept.lock(OURS).request_stop()


def take_away(swept: Swept, _held: HeldSweep) -> None:
    swept.lock(OURS).break_()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (reopen, "not closed any more"),
        (tell_to_end, "SIGTERM"),
        (hang_up, "SIGHUP"),
        (ask_to_stop, f"{OURS.who} wants the sweep to stop"),
        (take_away, "has gone"),
    ],
)
def test_a_sweep_stops_between_two_steps(swept: Swept, what: Callable[[Swept, HeldSweep], None], said: str) -> None:
    with held_sweep(swept.arguments, HALF_WAY) as held:
        what(swept, held)
        before = snapshot(swept.store.v2)
        result = held.go_on()
        assert_untouched(swept.store.v2, before)
    message = refused(result, said, "Before that", "the next run")
    assert result["changed"]
    assert 0 < result["deleted"]["manifests"] < 5
    assert f"{result['deleted']['manifests']} manifests" in message
    assert swept.lock(OURS).hold() is None
    swept.assert_well()
    if what is reopen:
        assert result["registry_mode"] == "writable"
        swept.registry.read_only = True
        swept.registry.restart()
    swept.finish(result["plan_id"])


def test_a_registry_that_is_started_again_stops_the_sweep(swept: Swept) -> None:
    swept.registry.stop()
    with held_sweep(swept.arguments, HALF_WAY) as held:
        reopen(swept, held)
        result = held.go_on()
    refused(result, "not closed any more", "accepts writes")
    swept.assert_well()
    swept.registry.stop()
    assert successful(cleanup(swept.registry, **swept.options))["interrupted_plans"] == [result["plan_id"]]
    swept.registry.start()
    swept.assert_well()


def test_without_proof_wanted_an_open_registry_does_not_stop_it(swept: Swept) -> None:
    with held_sweep({**swept.arguments, "require_read_only": False}, HALF_WAY) as held:
        reopen(swept, held)
        assert successful(held.go_on())["deleted"]["tags"] == 5
    swept.assert_well()


def test_a_killed_sweep_is_known_to_be_dead(swept: Swept) -> None:
    with held_sweep(swept.arguments, HALF_WAY) as held:
        hold = swept.lock(OURS).hold()
        assert hold
        assert hold.sweep
        assert hold.sweep.pid == held.pid
        os.kill(held.pid, signal.SIGKILL)
        assert held.go_on() == {}
    hold = swept.lock(OURS).hold()
    assert hold
    assert (hold.sweep, hold.touched) == (None, True)
    swept.assert_well()
    swept.finish(successful(cleanup(swept.registry, check=True, **swept.options))["interrupted_plans"][0])


def test_a_second_run_is_told_of_the_first_and_touches_nothing(swept: Swept) -> None:
    with held_sweep({**swept.arguments, **as_params(OURS)}, HALF_WAY) as held:
        before = snapshot(swept.registry.home)
        second = cleanup(swept.registry, **swept.options, **as_params(THEIRS))
        refused(second, OURS.who, f"process {held.pid}", "since", "until")
        assert second["held_by_run"] == OURS.id
        assert not second["changed"]
        preview = successful(cleanup(swept.registry, check=True, **swept.options, **as_params(THEIRS)))
        assert OURS.who in str(preview["warnings"])
        assert_untouched(swept.registry.home, before)
        assert successful(held.go_on())["deleted"]["tags"] > 0
    swept.assert_well()


def test_it_works_in_the_hold_of_its_own_run_and_leaves_it(swept: Swept) -> None:
    lock = swept.lock(OURS)
    lock.acquire(time.time() + LEASE)
    refused(cleanup(swept.registry, **swept.options, **as_params(THEIRS)), OURS.who)
    refused(cleanup(swept.registry, **swept.options, **as_params(OURS._replace(member="reg2"))), OURS.who)
    assert successful(cleanup(swept.registry, **swept.options, **as_params(OURS)))["deleted"]["tags"] == 5
    hold = lock.hold()
    assert hold
    assert (hold.run, hold.touched, hold.sweep) == (OURS, True, None)
    swept.assert_well()


def test_a_run_shown_to_be_dead_is_in_nobodys_way(swept: Swept) -> None:
    swept.lock(OURS).acquire(time.time() + LEASE)
    gone = {**as_params(THEIRS), "_gone_runs": [OURS.id]}
    assert successful(cleanup(swept.registry, **swept.options, **gone))["deleted"]["tags"] == 5
    hold = swept.lock(THEIRS).hold()
    assert hold
    assert (hold.run, hold.touched) == (OURS, True)  # for whoever opens what that run has closed


def test_too_short_a_lease_is_refused(swept: Swept) -> None:
    lock = swept.lock(OURS)
    lock.acquire(time.time() + LEASE)
    rewrite(lock, "holder.json", since=time.time() - LEASE)
    rewrite(lock, "host.*.json", until=time.time() + _sentry.LEASE_MARGIN - 1)
    before = snapshot(swept.registry.home)
    refused(cleanup(swept.registry, **swept.options, **as_params(OURS)), "lease", "nothing was changed")
    assert_untouched(swept.registry.home, before)


def test_purging_and_changing_nothing_need_no_lock(swept: Swept) -> None:
    assert successful(cleanup(swept.registry, **swept.options, quarantine="keep"))["deleted"]["tags"] == 5
    swept.lock(OURS).acquire(time.time() + LEASE)
    assert successful(cleanup(swept.registry, quarantine="purge"))["changed"]
    assert not successful(cleanup(swept.registry, **swept.options))["changed"]


def test_a_preview_of_somebody_who_may_not_read_the_lock_says_so(swept: Swept) -> None:
    swept.lock(OURS).acquire(time.time() + LEASE)
    os.chown(swept.lock(OURS).path, 1234, 1234)
    preview = successful(cleanup(swept.registry, check=True, unprivileged=True, **swept.options))
    assert preview["deleted"]["tags"] == 5
    assert "drydock.lock could not be read" in str(preview["warnings"])


class Clock:
    """A clock that a test sets; the steady one stands still while the machine is `suspended` (seconds)."""

    def __init__(self) -> None:
        self.now = time.time()
        self.suspended = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - self.suspended


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (_sentry, deadline):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=clock.time, monotonic=clock.monotonic))
    return clock


def leased(tmp_path: Path, lease: float) -> tuple[Lock, float]:
    lock = Lock(LockDirectory(str(tmp_path / "lock")), OURS)
    until = time.time() + lease
    lock.acquire(until)
    return lock, until


@pytest.mark.parametrize(("lease", "margin"), [(3600.0, 30.0), (100.0, 10.0)])
def test_it_ends_before_its_lease(tmp_path: Path, clock: Clock, lease: float, margin: float) -> None:
    lock, until = leased(tmp_path, lease)
    sentry = Sentry(lock, until, lambda: None)
    sentry.require_time()
    with sentry.on_duty():
        hold = lock.hold()
        assert hold
        assert hold.sweep
        assert hold.sweep.until == pytest.approx(until - margin, abs=0.1)
        clock.now = until - margin - 1
        sentry.look()
        clock.now = until - margin + 1
        with pytest.raises(StoppedError, match="the lease ends"):
            sentry.look()
    with pytest.raises(MaintenanceError, match="longer lease"):
        sentry.require_time()


def test_a_lease_that_ended_while_the_machine_was_suspended(tmp_path: Path, clock: Clock) -> None:
    """No further step is made, not even before the sentry looks around again."""
    lock, until = leased(tmp_path, 3600.0)
    sentry = Sentry(lock, until, lambda: None)
    sentry.look()
    clock.now, clock.suspended = until, until - clock.now
    with pytest.raises(StoppedError, match="the lease ends"):
        sentry.look()
    with pytest.raises(MaintenanceError, match="longer lease"):
        sentry.require_time()


def test_it_looks_around_at_most_twice_a_second(tmp_path: Path, clock: Clock) -> None:
    lock, until = leased(tmp_path, 3600.0)
    asked = list[float]()
    sentry = Sentry(lock, until, lambda: asked.append(clock.now))
    for _step in range(1000):
        clock.now += 0.01
        sentry.look()
    assert 18 <= len(asked) <= 21


def test_signals_are_heard_by_the_sweep_alone(tmp_path: Path) -> None:
    lock, until = leased(tmp_path, 3600.0)
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP))

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        sentry = Sentry(lock, until, lambda: None)
        with sentry.on_duty():
            os.kill(os.getpid(), signal.SIGHUP)
            sentry.look()
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(StoppedError):
                sentry.look()

    assert in_child(nohup) == 0
    with Sentry(lock, until, lambda: None).on_duty():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before
