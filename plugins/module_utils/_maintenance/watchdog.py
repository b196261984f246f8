# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog: puts a registry back when nobody else has, with no controller and no Ansible.

- `python maintenance-<id>.zip check`: say whether it could put the registry back, and end;
- `... lease`: the same, then go into the background, wait for the end of the lease, put back;
- `... guard`: while the registry is to be closed, ask for a sweep of its storage to stop where it is not;
- `... due EXPIRES_AT`: put back now that a timer has waited until then, later where the lease was extended;
- `... boot BOOT`: put back at once, unless the host still runs since that boot.
"""

from __future__ import annotations

import itertools
import os
import sys
import syslog
import time
from typing import Callable, Iterator, NoReturn, Sequence

from .._basics.deadline import Deadline
from .._basics.errors import DrydockError
from .._basics.task_context import TaskContext
from .build import build_switch
from .lease.boot import this_boot
from .one_at_a_time import one_at_a_time
from .record import Record, record_from_json
from .switch import Switch

POLL_SECONDS = 1.0
_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)


class Watchdog:
    """Watches over one closing, by the record that it has with it: as long as it lives, nobody else has put it back."""

    def __init__(self, state_dir: str, record: Record) -> None:
        self.state_dir = state_dir
        self.record = record

    def check(self) -> None:
        """Raise DrydockError where the registry could not be put back from what this host has."""
        # The lock may lie in a bucket, and the keys to that in the environment of the run alone.
        self._switch().claim.lock.hold()

    def wait(self, waited_until: float | None = None) -> None:
        """Wait until the lease is over; `waited_until` is an end that a timer has waited for."""
        until = self.record.expires_at
        deadline = Deadline(until, None if waited_until is None else until - waited_until)
        while not deadline.is_over:
            time.sleep(min(POLL_SECONDS, max(0.0, deadline.remaining())))

    def guard(self) -> None:
        """Look whether the registry stays closed, until the lease is over or a sweep was asked to stop."""
        switch, deadline = self._switch(), Deadline(self.record.expires_at)
        while not deadline.is_over and not switch.stop_sweep_where_open():
            time.sleep(POLL_SECONDS)

    def put_back(self) -> None:
        """Try until it holds."""
        for pause in pauses():
            try:
                with one_at_a_time(self.state_dir, by_force=True):
                    self._put_back()
            except Exception as error:  # whatever it is, the registry is still closed
                failure = f"{self.record.subject} could not be put back: {error}; next attempt in {pause:g} s"
                syslog.syslog(syslog.LOG_ERR, failure)
                time.sleep(pause)
            else:
                return

    def _put_back(self) -> None:
        subject, switch = self.record.subject, self._switch()
        syslog.syslog(syslog.LOG_WARNING, f"{subject} is put back now, for nobody else has done it")
        outcome = switch.restore(by_lease=True)
        for warning in switch.done.warnings:
            syslog.syslog(syslog.LOG_WARNING, warning)
        syslog.syslog(syslog.LOG_NOTICE, f"{subject} was put back, the registry is {outcome.mode_after}")

    def _switch(self) -> Switch:
        return build_switch(self.record.options, False, TaskContext(), __name__, self.record)


def main(state_dir: str, record: bytes, arguments: Sequence[str]) -> NoReturn:
    """Do what the first argument says; the exit code and standard error tell how `check` went."""
    syslog.openlog("drydock", syslog.LOG_PID, syslog.LOG_DAEMON)
    watchdog = Watchdog(state_dir, record_from_json(record, sys.argv[0]))
    verb, rest = arguments[0], arguments[1:]
    actions: dict[str, Callable[[], None]] = {
        "check": watchdog.check,
        "lease": lambda: _lease(watchdog),
        "due": lambda: _due(watchdog, float(rest[0])),
        "guard": watchdog.guard,
        "boot": lambda: _boot(watchdog, rest[0]),
    }
    try:
        actions[verb]()
    except DrydockError as error:
        raise SystemExit(str(error)) from error
    raise SystemExit(0)


def _lease(watchdog: Watchdog) -> None:
    watchdog.check()
    detach()
    watchdog.wait()
    watchdog.put_back()


def _due(watchdog: Watchdog, expires_at: float) -> None:
    watchdog.wait(expires_at)
    watchdog.put_back()


def _boot(watchdog: Watchdog, armed_in: str) -> None:
    if this_boot() != armed_in:
        watchdog.put_back()


def detach() -> None:
    """Go on as a process that belongs to no session; the process that was started ends when there is that one."""
    if os.fork():
        os.wait()
        os._exit(0)
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    if os.fork():
        os._exit(0)


def pauses() -> Iterator[float]:
    """Yield the seconds to wait after each attempt that failed; without an end."""
    return itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
