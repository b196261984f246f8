# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time holds a registry; a hold that nobody will end is recognised, and no crash leaves one that stays."""

from __future__ import annotations

import functools
import itertools
import json
import os
import resource
import signal
import stat
import time
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    HeldError,
    MaintenanceError,
    UnknownFormatError,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import Run
from ansible_collections.drydock.registry.plugins.module_utils._basics.times import iso
from ansible_collections.drydock.registry.plugins.module_utils._lock import hold as _hold
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock, lock_path, stop_sweep
from support.crashing import KILLED, Countdown
from support.locking import OURS, SOON, THEIRS, end, held, in_child, of, on_host, rewrite


def test_another_run_is_told_who_holds_it_since_when_and_until_when(lock: Lock, root: Path) -> None:
    until = end()
    assert lock.acquire(until) is None
    with pytest.raises(HeldError) as caught:
        of(THEIRS, root).acquire(end())
    assert caught.value.run_id == OURS.id
    message = str(caught.value)
    for words in (OURS.who, os.uname().nodename, f"since {iso(held(lock).since)}", f"until {iso(until)}", "restore"):
        assert words in message
    with pytest.raises(HeldError), of(THEIRS, root).entered(end()):
        pass
    assert held(lock).run == OURS


def test_a_run_takes_it_again_and_its_other_hosts_do_not_unless_they_are_a_unit(lock: Lock, root: Path) -> None:
    lock.acquire(end())
    later = end() + 60
    assert of(OURS, root).acquire(later) is None
    assert held(lock).until == later
    with pytest.raises(HeldError):
        of(OURS._replace(member="reg2"), root).acquire(end())


def test_the_last_host_of_a_unit_lets_it_go(lock: Lock, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = end(), end() + 60
    lock.acquire(second)
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        of(OURS, root).acquire(first)
    hold = held(lock)
    assert (len(hold.hosts), hold.closed_until, hold.until) == (2, first, second)
    lock.release()
    assert len(held(lock).hosts) == 1
    of(THEIRS, root).release()
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        lock.release()
    assert lock.hold() is None
    assert os.listdir(root / "docker/registry") == []


def test_a_clone_is_another_host(lock: Lock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    identities = [tmp_path / "machine-id", tmp_path / "product_uuid"]
    for identity in identities:
        identity.write_text("the template's")
    monkeypatch.setattr(_hold, "_IDENTITIES", [str(identity) for identity in identities])
    lock.acquire(end())
    identities[1].write_text("the clone's own")
    lock.acquire(end())
    assert len(set(held(lock).hosts)) == 2


def test_two_hosts_of_one_name_are_refused(lock: Lock) -> None:
    lock.acquire(end())
    reboot(lock)
    with pytest.raises(MaintenanceError, match="is called"):
        lock.acquire(end())


def reboot(lock: Lock) -> None:
    rewrite(lock, "host.*.json", boot_id="of an earlier boot")


def end_lease(lock: Lock) -> None:
    rewrite(lock, "host.*.json", until=time.time() - 61)


@pytest.mark.parametrize("what", [reboot, end_lease, None])
def test_a_dead_hold_is_taken_over(lock: Lock, root: Path, what: Callable[[Lock], None] | None) -> None:
    lock.acquire(end())
    theirs = of(THEIRS, root) if what else of(THEIRS, root, OURS)
    if what:
        with pytest.raises(HeldError):
            theirs.acquire(end())
        what(lock)
    taken_over = theirs.acquire(end())
    assert taken_over
    assert taken_over.run == OURS
    assert held(lock).run == THEIRS
    with pytest.raises(HeldError):
        lock.require_ours()
    lock.release()
    assert held(lock).run == THEIRS


def test_a_lease_that_ended_by_another_hosts_clock_may_go_on_by_ours(lock: Lock, root: Path) -> None:
    lock.acquire(end())
    rewrite(lock, "host.*.json", until=time.time() - 30)
    with pytest.raises(HeldError):
        of(THEIRS, root).acquire(end())


def test_a_reboot_of_one_host_of_two_is_not_the_end(lock: Lock, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(end())
    reboot(lock)
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        of(OURS, root).acquire(end())
    with pytest.raises(HeldError):
        of(THEIRS, root).acquire(end())


@pytest.mark.parametrize("what", [reboot, end_lease, None])
def test_no_hold_is_dead_while_something_sweeps(lock: Lock, root: Path, what: Callable[[Lock], None] | None) -> None:
    lock.acquire(end())
    lock.begin_sweep()
    (what or end_lease)(lock)
    with pytest.raises(HeldError, match=f"process {os.getpid()}"):
        of(THEIRS, root, OURS).acquire(end())
    lock.end_sweep()
    taken_over = of(THEIRS, root, OURS).acquire(end())
    assert taken_over
    assert taken_over.touched
    assert held(lock).touched


def test_a_sweep_whose_process_died_is_over(lock: Lock, root: Path) -> None:
    lock.acquire(end())
    assert in_child(of(OURS, root).begin_sweep) == 0
    hold = held(lock)
    assert (hold.sweep, hold.touched) == (None, True)
    lock.begin_sweep()
    assert held(lock).sweep


def test_a_process_of_the_same_number_is_another_one(lock: Lock) -> None:
    lock.acquire(end())
    lock.begin_sweep()
    rewrite(lock, "sweep.*.json", started="1")
    assert held(lock).sweep is None


def test_a_sweep_on_another_host_is_over_when_its_time_is(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(end())
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        lock.begin_sweep(time.time() - 59)
    assert held(lock).sweep
    rewrite(lock, "sweep.*.json", until=time.time() - 61)
    assert held(lock).sweep is None


def test_one_sweep_at_a_time_also_in_one_run(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(end())
    lock.begin_sweep()
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        with pytest.raises(HeldError, match="sweeps it"):
            lock.begin_sweep()
    assert held(lock).sweep


def test_modules_by_hand_share_a_maintenance_and_nothing_else(root: Path) -> None:
    maintenance, first = of(Run.direct(), root), of(Run.direct(), root)
    maintenance.acquire(end())
    with first.entered(end() + SOON) as hold:
        assert hold.until == held(maintenance).until
    assert held(maintenance).hosts
    maintenance.release()

    def second() -> None:
        with pytest.raises(HeldError), of(Run.direct(), root).entered(end()):
            pass

    with first.entered(end()):
        assert in_child(second) == 0
        assert held(first).run == Run.direct()
    assert first.hold() is None


def test_a_hold_of_a_process_ends_with_it(lock: Lock, root: Path) -> None:
    def killed() -> None:
        with of(Run.direct(), root).entered(end()):
            os._exit(0)

    assert in_child(killed) == 0
    assert held(lock).run == Run.direct()
    with lock.entered(end()) as hold:
        assert hold.run == OURS
    assert lock.hold() is None


def test_what_was_taken_over_for_a_sweep_goes_back(lock: Lock, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead run's hosts are closed still, and what opens them has to know of the sweep."""
    lock.acquire(end())
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        lock.acquire(end())
    before = held(lock)

    def killed() -> None:
        with of(THEIRS, root, OURS).entered(end()):
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(killed) == -signal.SIGKILL
    later = of(THEIRS, root, OURS)
    with later.entered(end()) as hold:
        assert (hold.run, hold.hosts) == (THEIRS, before.hosts)
        later.begin_sweep()
        later.end_sweep()

    assert held(lock) == before._replace(touched=True)
    lock.break_()
    assert held(lock).touched
    with monkeypatch.context() as elsewhere:
        on_host(elsewhere, "reg2")
        lock.break_()
    assert lock.hold() is None


def test_who_takes_over_a_closed_registry_ends_before_it_opens(lock: Lock, root: Path) -> None:
    until = end()
    lock.acquire(until)
    with of(THEIRS, root, OURS).entered(until + SOON) as hold:
        assert hold.until == until


@pytest.mark.parametrize("gone", [(), (THEIRS,)])
def test_of_many_at_once_one_gets_it(root: Path, gone: tuple[Run, ...]) -> None:
    """Free, or to be taken over from the dead: each is a process of its own, and all begin at once."""
    for attempt in range(5):
        if gone:
            of(THEIRS, root).acquire(end())
        ready, go = os.pipe()
        runs = [Run(f"ctl{number}:{attempt}:1", f"run {number}", "reg1") for number in range(8)]
        children = [race(of(run, root, *gone), ready, go) for run in runs]
        os.close(ready)
        os.close(go)
        won = [run for run, child in zip(runs, children) if os.waitpid(child, 0)[1] == 0]
        assert len(won) == 1, won
        last = of(won[0], root)
        assert held(last).run == won[0]
        last.release()
        assert os.listdir(root / "docker/registry") == []


def race(lock: Lock, ready: int, go: int) -> int:
    """A child that tries to get the lock once the test has closed its end of the pipe; status 0 where it did."""
    child = os.fork()
    if child:
        return child
    os.close(go)
    os.read(ready, 1)
    try:
        lock.acquire(end())
        lock.require_ours()
        os._exit(0)
    except HeldError:
        os._exit(1)


def test_killed_at_every_change_it_is_never_stuck_and_forgets_no_sweep(root: Path) -> None:
    for last in itertools.count(1):
        of(THEIRS, root).acquire(end())
        of(THEIRS, root).begin_sweep()
        of(THEIRS, root).end_sweep()
        code = in_child(functools.partial(whole_life, of(OURS, root, THEIRS), last))
        following = of(Run("ctl3:1:1", "the next", "reg1"), root, OURS, THEIRS)
        was_there = following.hold() is not None
        following.acquire(end())
        if was_there:
            assert held(following).touched
        following.release()
        assert os.listdir(root / "docker/registry") == []
        if code != KILLED:
            break
    assert code == 0
    assert last > 10


def whole_life(lock: Lock, last: int) -> None:
    Countdown(last).install()
    lock.acquire(end())
    lock.begin_sweep()
    lock.end_sweep()
    lock.release()


def test_it_is_for_root_and_its_place_is_the_registrys(lock: Lock, root: Path) -> None:
    lock.acquire(end())
    for path in (root / "docker", root / "docker/registry"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)
    assert stat.S_IMODE(Path(lock.path).stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in Path(lock.path).iterdir()} == {0o600}


def test_it_lies_in_the_storage_that_a_link_leads_to(root: Path, tmp_path: Path) -> None:
    tree = tmp_path / "volume/registry/v2"
    tree.mkdir(parents=True)
    (root / "docker").symlink_to(tmp_path / "volume")
    assert lock_path(str(root), "/state", "x") == str(tree.parent / "drydock.lock")
    assert lock_path(None, "/state", "x").startswith("/state/lock-")


@pytest.mark.parametrize("what", ["link", "file"])
def test_what_is_no_directory_is_not_followed(lock: Lock, tmp_path: Path, what: str) -> None:
    place = Path(lock.path)
    place.parent.mkdir(parents=True)
    if what == "link":
        place.symlink_to(tmp_path)
    else:
        place.write_text("{}")
    with pytest.raises(MaintenanceError, match="no directory"):
        lock.acquire(end())


def test_a_damaged_holder_is_nobody_known(lock: Lock) -> None:
    lock.acquire(end())
    (Path(lock.path) / "holder.json").write_text("{")
    with pytest.raises(HeldError, match="an unknown run"):
        lock.acquire(end())
    lock.break_()
    assert lock.hold() is None


@pytest.mark.parametrize("number", [2, 0, "1", None])
def test_a_lock_of_a_version_that_is_not_known_is_left_alone(lock: Lock, root: Path, number: object) -> None:
    """Though it would be a dead run's if it were of this version."""
    of(THEIRS, root).acquire(end())
    rewrite(lock, "host.*.json", until=time.time() - SOON)
    rewrite(lock, "holder.json", format=number)
    before = lock.files.read()
    anyone = of(OURS, root, THEIRS)

    def enter() -> None:
        with anyone.entered(end()):
            pass

    acts: list[Callable[[], object]] = [anyone.hold, anyone.is_ours, lambda: anyone.acquire(end()), enter]
    acts += [anyone.release, anyone.break_, anyone.begin_sweep, anyone.require_free, lambda: stop_sweep(anyone, 1.0)]
    for act in acts:
        with pytest.raises(UnknownFormatError, match=f"newer.*format is {number!r}.*take {lock.path} away when no run"):
            act()

    assert lock.files.read() == before


def test_what_a_version_that_is_not_known_moved_away_is_not_forgotten(lock: Lock) -> None:
    """It may be all that tells of a change of the storage."""
    Path(lock.path).with_name("drydock.lock.0123").mkdir(parents=True)
    (Path(lock.path).with_name("drydock.lock.0123") / "holder.json").write_text('{"format": 2}')
    with pytest.raises(UnknownFormatError, match=rf"and {lock.path}\.\* with it"):
        lock.acquire(end())
    assert lock.hold() is None


def test_a_lock_from_before_formats_had_a_number_is_understood(lock: Lock, root: Path) -> None:
    lock.acquire(end())
    path = Path(lock.path) / "holder.json"
    holder = json.loads(path.read_text())
    assert holder.pop("format") == 1
    path.write_text(json.dumps(holder))

    lock.acquire(end())
    with pytest.raises(HeldError):
        of(THEIRS, root).acquire(end())
    lock.release()

    assert lock.hold() is None


def test_a_full_storage_is_told(lock: Lock, root: Path) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        with pytest.raises(MaintenanceError, match="File too large"):
            lock.acquire(end())

    assert in_child(full) == 0
    assert lock.hold() is None
    assert os.listdir(root / "docker/registry") == []
