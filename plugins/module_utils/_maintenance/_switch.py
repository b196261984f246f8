# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of things when a registry is closed and opened again, whatever the method.

Closing: prove the mode, record what was found, change the setting, restart, prove again, drain. Opening: put back,
restart, prove, forget the record. A record that is still there means that something is still to be put back.
"""

from __future__ import annotations

import time
from typing import Callable, NamedTuple, NoReturn, Optional

from .._errors import DrydockError, MaintenanceError
from .._probe import Mode, Probe
from ._drain import POLL_SECONDS, Drain
from ._method import Method
from ._record import Record, RecordStore


class Outcome(NamedTuple):
    """What was done, or in check mode would be; times in seconds since the epoch, `before` and `after` for the diff."""

    changed: bool
    mode_before: Optional[str]
    mode_after: Optional[str]
    entered_at: Optional[float] = None
    left_at: Optional[float] = None
    drained: Optional[bool] = None
    before: str = ""
    after: str = ""


class Tools(NamedTuple):
    """The world outside: ask the registry, restart it, see what must drain (to be called before the restart).

    `can_restart` raises where `restart` is bound to fail.
    """

    probe: Callable[[], Probe]
    restart: Callable[[], None]
    can_restart: Callable[[], object]
    drain: Callable[[], Drain]


class Switch:
    """Closes and opens one registry. `timeout` (seconds) holds for each wait on its own."""

    def __init__(self, method: Method, tools: Tools, records: RecordStore, timeout: float, check_mode: bool) -> None:
        self.method = method
        self.tools = tools
        self.records = records
        self.timeout = timeout
        self.check_mode = check_mode

    def close(self) -> Outcome:
        """Make the registry read-only, proven and drained; a stopped one is closed already."""
        record, before = self.records.load(self.method.subject), self.tools.probe()
        if before.mode is None:
            raise MaintenanceError(f"{before.detail}; nothing was changed")
        drain = self.tools.drain()
        if before.mode == Mode.STOPPED:
            return self._already_stopped(drain, record)
        if before.mode == Mode.READ_ONLY and self.method.is_read_only:
            drained = None if self.check_mode else drain.of_uploads().wait(self.timeout)
            return Outcome(False, before.mode, before.mode, record and record.entered_at, drained=drained)
        self._check_can_close(before.mode, record)
        look = (self.method.describe(self.method.setting()), self.method.describe(Mode.READ_ONLY))
        if self.check_mode:
            return Outcome(True, before.mode, Mode.READ_ONLY, before=look[0], after=look[1])
        record = self._enter(before.mode, record)
        drained = self._restart_and_drain(record, drain)
        return Outcome(True, before.mode, Mode.READ_ONLY, record.entered_at, None, drained, *look)

    def restore(self) -> Outcome:
        """Put back what was found when the registry was closed; nothing where no record says that it was."""
        record, before = self.records.load(self.method.subject), self.tools.probe()
        if record is None:
            return Outcome(False, before.mode, before.mode)
        if record.method != self.method.name:
            raise MaintenanceError(
                f"the registry was closed by the method {record.method}, restore it by that, not by {self.method.name}"
            )
        return self._leave(record, before, record.mode_before, self.method.would_leave(record.found or {}))

    def open(self) -> Outcome:
        """Make the registry writable whatever it was before."""
        record, before = self.records.load(self.method.subject), self.tools.probe()
        if record is None and before.mode == Mode.WRITABLE and not self.method.is_read_only:
            return Outcome(False, before.mode, before.mode)
        self.method.check()
        return self._leave(record, before, Mode.WRITABLE, self.method.is_read_only)

    def _already_stopped(self, drain: Drain, record: Optional[Record]) -> Outcome:
        if drain.old:
            raise MaintenanceError(
                f"nothing answers at the registry's URL, but process {drain.old[0].pid} runs with "
                f"{self.method.subject}; give the registry_url at which it answers; nothing was changed"
            )
        drained = None if self.check_mode else drain.wait(self.timeout)
        return Outcome(False, Mode.STOPPED, Mode.STOPPED, record and record.entered_at, drained=drained)

    def _check_can_close(self, mode: str, record: Optional[Record]) -> None:
        """All that can be known to go wrong, before anything is touched; made in check mode too."""
        setting = self.method.setting()
        if record is None and setting != self._mode_as_setting(mode):
            raise MaintenanceError(
                f"{self.method.subject} says {setting}, but the registry is {mode}: it was not restarted since, or its "
                "environment overrides the file (see registry_environment); make the two agree first; "
                "nothing was changed"
            )
        self.method.check()
        self.tools.can_restart()
        self.method.find()

    @staticmethod
    def _mode_as_setting(mode: str) -> str:
        return Mode.READ_ONLY if mode == Mode.READ_ONLY else Mode.WRITABLE

    def _enter(self, mode: str, earlier: Optional[Record]) -> Record:
        """Record, then change. Where only the restart is missing since an earlier call, that call's record holds."""
        if earlier is not None and self.method.is_read_only:
            return earlier
        mode_before = earlier.mode_before if earlier is not None else mode
        record = Record(
            self.method.name, self.method.subject, mode_before, time.time(), time.time(), self.method.find(), {}
        )
        self.records.save(record)
        try:
            self.method.enter(record.found or {})
        except Exception as error:
            self._take_back(record, error)
        return record

    def _take_back(self, record: Record, reason: Exception) -> NoReturn:
        """The setting could not be changed and nothing was restarted, so nothing has to be."""
        self.method.leave(record.found or {})
        self.records.remove(record.subject)
        raise MaintenanceError(f"{reason}; nothing was changed") from reason

    def _restart_and_drain(self, record: Record, drain: Drain) -> Optional[bool]:
        try:
            self.tools.restart()
            self._wait_for(Mode.READ_ONLY)
            return drain.wait(self.timeout)
        except Exception as error:  # also what nobody thought of: the registry must not stay closed
            self._abandon(record, error)

    def _abandon(self, record: Record, reason: Exception) -> NoReturn:
        """Closing failed: put back what was found, and say in what state the registry is."""
        try:
            self.method.leave(record.found or {})
            self.tools.restart()
            self._wait_for(record.mode_before)
            self.records.remove(self.method.subject)
        except DrydockError as error:
            setting = "still read-only" if self._reads_read_only() else "as it was before"
            raise MaintenanceError(
                f"{reason}; putting the registry back failed too: {error}; {self.method.subject} is {setting}, "
                f"the registry is {self._mode_now()}; mend the cause, then run state: restored"
            ) from error
        raise MaintenanceError(f"{reason}; the registry was put back and is {record.mode_before} again") from reason

    def _leave(self, record: Optional[Record], before: Probe, target: str, changes_setting: bool) -> Outcome:
        needs_restart = before.mode != target
        if needs_restart:
            self.tools.can_restart()
        changed = needs_restart or changes_setting
        look = ("", "")
        if changes_setting:
            look = (self.method.describe(self.method.setting()), self.method.describe(Mode.WRITABLE))
        entered_at = record.entered_at if record is not None else None
        if self.check_mode:
            return Outcome(changed, before.mode, target, entered_at, None, None, *look)
        self._put_back(record, target)
        if needs_restart:
            self._reopen(target)
        self.records.remove(self.method.subject)
        return Outcome(changed, before.mode, target, entered_at, time.time(), None, *look)

    def _put_back(self, record: Optional[Record], target: str) -> None:
        if record is not None and record.method == self.method.name:
            self.method.leave(record.found or {})
        if target == Mode.WRITABLE and self.method.is_read_only:
            self.method.open()

    def _reopen(self, target: str) -> None:
        """The record stays where this fails, so that the next call knows that the registry is still to be opened."""
        try:
            self.tools.restart()
            self._wait_for(target)
        except DrydockError as error:
            raise MaintenanceError(
                f"{self.method.subject} was put back, but the registry is {self._mode_now()}, not {target}: {error}; "
                "mend the cause, then run state: restored again"
            ) from error

    def _wait_for(self, mode: str) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            seen = self.tools.probe()
            if seen.mode == mode:
                return
            if time.monotonic() >= deadline:
                raise MaintenanceError(f"the registry was not {mode} within {self.timeout:g} s: {seen.detail}")
            time.sleep(POLL_SECONDS)

    def _mode_now(self) -> str:
        return self.tools.probe().mode or "unknown"

    def _reads_read_only(self) -> bool:
        try:
            return self.method.is_read_only
        except DrydockError:
            return False
