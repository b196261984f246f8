# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog: puts a registry back when nobody else has, with no controller and no Ansible.

- `python maintenance-<id>.zip check`: say whether it could put the registry back, and end;
- `... lease`: the same, then go into the background, wait for the end of the lease, put back;
- `... due EXPIRES_AT`: put back now that a timer has waited until then, later where the lease was extended;
- `... boot BOOT`: put back at once, unless the host still runs since that boot.
"""

from __future__ import annotations

import itertools
import os
import syslog
import time
from typing import Callable, Iterator, NoReturn, Optional, Sequence

from .._errors import DrydockError, MaintenanceError
from .._lock import Run
from ._boot import this_boot
from ._build import build_switch
from ._exclusive import exclusively
from ._lease import Lease
from ._record import Record, RecordStore
from ._switch import Switch

POLL_SECONDS = 1.0
_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)


class Deadline:
    """The end of a lease by the wall clock, and no later by the steady one: a clock set back does not move it."""

    def __init__(self, expires_at: float, remaining: float) -> None:
        self._expires_at = expires_at
        self._ends = time.monotonic() + remaining

    def remaining(self, record: Record) -> float:
        """Seconds until the lease ends that the record tells of now; it may have been extended since."""
        steady = self._ends + (record.expires_at - self._expires_at) - time.monotonic()
        return min(record.expires_at - time.time(), steady)


class Watchdog:
    """Watches over one closing."""

    def __init__(self, state_dir: str, subject: str) -> None:
        self.state_dir = state_dir
        self.subject = subject
        self.records = RecordStore(state_dir)

    def check(self) -> None:
        """Raise DrydockError where the registry could not be put back from what this host has."""
        record = self.records.load(self.subject)
        if record is None:
            raise MaintenanceError(f"there is no record of {self.subject} in {self.state_dir}")
        # The lock may lie in a bucket, and the keys to that in the environment of the run alone.
        self._switch(record).custody.lock.hold()

    def wait(self, waited_until: Optional[float] = None) -> None:
        """Until the lease is over, or its record is gone; `waited_until` is an end that a timer has waited for."""
        record = self._record_of_now(None)
        if record is None:
            return
        if waited_until is None:
            deadline = Deadline(record.expires_at, record.expires_at - time.time())
        else:
            deadline = Deadline(waited_until, 0.0)
        while record is not None:
            remaining = deadline.remaining(record)
            if remaining <= 0:
                return
            time.sleep(min(POLL_SECONDS, remaining))
            record = self._record_of_now(record)

    def put_back(self) -> None:
        """Try until it holds."""
        for pause in pauses():
            try:
                with exclusively(self.state_dir):
                    self._put_back()
            except Exception as error:  # whatever it is, the registry is still closed
                failure = f"{self.subject} could not be put back: {error}; next attempt in {pause:g} s"
                syslog.syslog(syslog.LOG_ERR, failure)
                time.sleep(pause)
            else:
                return

    def _put_back(self) -> None:
        record = self.records.load(self.subject)
        if record is None:
            Lease(self.state_dir).disarm(self.subject)
            return
        syslog.syslog(syslog.LOG_WARNING, f"{self.subject} is put back now, for nobody else has done it")
        outcome = self._switch(record).restore(by_lease=True)
        syslog.syslog(syslog.LOG_NOTICE, f"{self.subject} was put back, the registry is {outcome.mode_after}")

    def _switch(self, record: Record) -> Switch:
        return build_switch(record.options, False, Run.direct())

    def _record_of_now(self, known: Optional[Record]) -> Optional[Record]:
        """The record; the one that is known where it can't be read just now."""
        try:
            return self.records.load(self.subject)
        except MaintenanceError:
            return known


def main(state_dir: str, subject: str, arguments: Sequence[str]) -> NoReturn:
    """Do what the first argument says; the exit code and standard error tell how `check` went."""
    syslog.openlog("drydock", syslog.LOG_PID, syslog.LOG_DAEMON)
    watchdog = Watchdog(state_dir, subject)
    verb, rest = arguments[0], arguments[1:]
    actions: dict[str, Callable[[], None]] = {
        "check": watchdog.check,
        "lease": lambda: _lease(watchdog),
        "due": lambda: _due(watchdog, float(rest[0])),
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
    """Seconds to wait after each attempt that failed; without an end."""
    return itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
