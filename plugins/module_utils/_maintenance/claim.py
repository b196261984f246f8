# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's claim on a registry: its hold in the lock, the record of what was found, the watchdog that ends the lease."""

from __future__ import annotations

import time
from typing import Mapping

from .._basics.errors import HeldError, MaintenanceError
from .._basics.task_context import Run
from .._basics.times import iso
from .._lock.hold import SKEW, held_error, is_dead, this_host
from .._lock.lock import Hold, Lock, stop_sweep
from .done import Done
from .lease.ended import EndedLease, EndedLeases
from .lease.lease import Lease
from .record import Record, RecordStore


class Claim:
    """All three, taken and given up together. Every method raises MaintenanceError where one of them can't be had."""

    def __init__(self, subject: str, records: RecordStore, lease: Lease, lock: Lock, done: Done) -> None:
        self.subject = subject
        self.records = records
        self.lease = lease
        self.lock = lock
        self.done = done
        self.ended_leases = EndedLeases(records.directory)
        self._ended: EndedLease | None = None

    def record(self) -> Record | None:
        """Return what is to be put back, None for nothing; as the watchdog has it where the file is damaged or gone."""
        try:
            record = self.records.load(self.subject)
        except MaintenanceError as error:
            record = self.lease.record(self.subject)
            if record is None:
                raise
            self.done.warn(f"the watchdog's copy of the record was used: {error}")
        return record or self.lease.record(self.subject)

    def usable_record(self) -> Record | None:
        """Return the same as `record`, but with a warning in place of an error."""
        try:
            return self.record()
        except MaintenanceError as error:
            self.done.warn(f"what was found before the registry was closed is not known: {error}")
            return None

    def tell_of_others(self) -> None:
        """Warn of what else is closed on this host: options that were changed since may name another registry."""
        for other in self.records.others(self.subject):
            self.done.warn(
                f"{self.subject} was not closed, but {other.subject} was, by the method {other.method}, and opens at "
                f"{iso(other.expires_at)} at the latest; if that is this registry, give the options that closed it"
            )

    def tell_of_end(self) -> None:
        """Warn of a lease that ended by itself, if nobody was told yet."""
        ended = self.ended_leases.load(self.subject)
        if ended is not None:
            self.done.warn(ended.sentence(self.subject))

    def end_by_lease(self, record: Record) -> None:
        """Leave word for the next run, once all is given up: nobody else has opened the registry."""
        hold = self.lock.hold()
        who = hold.run.who if hold is not None else "a run that is not known any more"
        was_swept = hold is not None and hold.sweep is not None
        lease = str(record.options.get("lease"))
        self._ended = EndedLease(who, record.entered_at, record.expires_at, lease, time.time(), was_swept)

    @property
    def is_touched(self) -> bool:
        """Tell whether the storage was changed since the registry was closed.

        That is assumed where our part of the lock is gone.
        """
        hold = self.lock.hold()
        if hold is None or this_host() not in hold.hosts:
            return self._is_recorded
        return hold.touched

    def require_sight(self) -> None:
        """Raise MaintenanceError where the storage with the lock is not there, and another host may sweep it.

        A sweep ends before the lease of any host that was closed for it does, so after ours there is none.
        """
        record = self.usable_record()
        if self.lock.is_in_reach or record is None or record.expires_at + SKEW < time.time():
            return
        raise MaintenanceError(
            f"{self.lock.tree} is not there, so it can't be seen whether another host sweeps this storage: mount it, "
            f"and run this again; none does after {iso(record.expires_at + SKEW)}, when the lease is over"
        )

    @property
    def _is_recorded(self) -> bool:
        try:
            return self.record() is not None
        except MaintenanceError:
            return True

    def refuse_others(self) -> None:
        """Raise HeldError where another run holds the registry that was not shown to be dead."""
        files, hold = self.lock.read(), self.lock.hold()
        if files is not None and hold is not None and not self._is_ours(hold) and not is_dead(files, self.lock.gone):
            raise held_error(files)

    def refuse_the_living(self) -> None:
        """Do as `refuse_others`, but a hold of a module that was run by hand does not count once it has ended."""
        self.require_sight()
        hold = self.lock.hold()
        if hold is None or (hold.run.id == Run.direct().id and hold.sweep is None):
            return
        try:
            self.refuse_others()
        except HeldError as error:
            raise HeldError(f"{error}, with stop_sweep: true", error.run_id) from None

    def take(self, until: float) -> None:
        """Take the lock, or take it over from the dead. Raises HeldError."""
        self.require_sight()
        taken_over = self.lock.acquire(until)
        if taken_over is not None:
            self.done.warn(f"the registry was taken over from {taken_over.run.who}, who left it closed")

    def keep(self, record: Record) -> None:
        """See to it that from here on somebody puts the registry back, whatever becomes of us."""
        self.records.save(record)
        self.lease.arm(record)
        for warning in self.lease.warnings:
            self.done.warn(warning)

    def sizes(self, record: Record, programs: Mapping[str, str]) -> dict[str, int]:
        """Return the bytes that `keep` writes with those programs, by the paths of the files."""
        return {**self.records.sizes(record, programs), **self.lease.sizes(record)}

    def guard(self) -> None:
        """See to it that from here on a sweep is asked to stop where the registry does not stay closed."""
        self.lease.guard(self.subject)

    def stop_sweep(self, timeout: float) -> None:
        """Stop a sweep: nothing changes the storage any more when this returns, or begins to."""
        self.require_sight()
        hold = self.lock.hold()
        stop_sweep(self.lock, timeout)
        if hold is not None and hold.sweep is not None:
            self.done.warn(f"the sweep by {hold.run.who} was stopped: process {hold.sweep.pid} on {hold.sweep.host}")

    def give_up(self) -> None:
        """End it all, for the registry is as it was. The lock goes last, then others may come.

        The watchdog goes first, for it would put the registry back without the record's file.
        """
        self.lease.disarm(self.subject)
        if self._ended is not None:
            self.ended_leases.save(self.subject, self._ended._replace(opened_at=time.time()))
        self.records.remove(self.subject)
        self.let_go()

    def let_go(self) -> None:
        """Let this host's part of the lock go, whoever took it: to be called where no other run lives."""
        hold = self.lock.hold()
        if hold is not None and self._is_ours(hold):
            self.lock.release()
        else:
            self.lock.break_()

    def let_go_of_the_dead(self) -> None:
        """Remove what is left of a hold where there is no record, for its run died in between."""
        files = self.lock.read()
        if files is not None and is_dead(files, self.lock.gone):
            self.lock.break_()
        else:
            self.lock.release()

    def _is_ours(self, hold: Hold) -> bool:
        run = self.lock.run
        # Modules that are run by hand are all one run, but one of them does not stop another's sweep unasked.
        return (hold.run.id, hold.run.member) == (run.id, run.member) and (
            run.id != Run.direct().id or hold.sweep is None
        )
