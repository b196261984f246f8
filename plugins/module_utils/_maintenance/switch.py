# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked of a registry in maintenance, whatever the method: close it, restore it, open it.

A record that is still there means that something is still to be put back.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from .._basics.errors import MaintenanceError
from .._lock.hold import this_host
from .._lock.lock import Lock
from .._proof.probe import Mode, Probe
from .claim import Claim
from .closing import Closing
from .done import Done
from .opening import Opening
from .record import Record
from .registry import Registry

#: How long after the end of a lease the watchdog waits for a cache that can't be made to forget what was swept.
CACHE_PATIENCE = 300.0


class ModeChange(NamedTuple):
    """What was done, or in check mode would be; times in seconds since the epoch, `before` and `after` for the diff."""

    changed: bool
    mode_before: Mode
    mode_after: Mode
    entered_at: float | None = None
    left_at: float | None = None
    drained: bool | None = None
    before: str = ""
    after: str = ""
    lease_until: float | None = None


class Switch:
    """Closes and opens one registry; to be used within `one_at_a_time`. `done` tells what was done, after errors too.

    Every method raises HeldError where another run holds the registry, and MaintenanceError, InvalidOptionError or
    MissingLibraryError where it can't do what it is asked.
    """

    def __init__(self, registry: Registry, claim: Claim, closing: Closing, check_mode: bool) -> None:
        self.registry = registry
        self.method = registry.method
        self.claim = claim
        self.closing = closing
        self.done: Done = claim.done
        self.check_mode = check_mode

    @property
    def lock(self) -> Lock:
        return self.claim.lock

    @property
    def timeout(self) -> float:
        """Return the seconds for each wait on its own."""
        return self.registry.timeout

    def close(self) -> ModeChange:
        """Make the registry closed, proven and drained, held by this run until its lease ends."""
        record, before = self._record(), self.registry.probe()
        if before.mode == Mode.UNKNOWN:
            raise MaintenanceError(f"{before.detail}; nothing was changed")
        closing, mode = self.closing, before.mode
        after: Mode = mode
        if mode == Mode.STOPPED:
            self.registry.require_no_process()
        is_closed = closing.is_closed(mode)
        look = ("", "")
        if not is_closed:
            closing.check(mode, record)
            after = self.method.closed_mode
            look = (self.method.describe(self.method.setting()), self.method.describe(after))
        drain = closing.drain(mode)
        if self.check_mode:
            self.claim.refuse_others()
            return ModeChange(not is_closed, mode, after, record and record.entered_at, None, None, *look)
        record = closing.enter(mode, record)
        drained = closing.carry_out(mode, record, drain)
        return ModeChange(not is_closed, mode, after, record.entered_at, None, drained, *look, record.expires_at)

    def hold(self) -> ModeChange:
        """Hold the registry until the lease ends, before the user's own tasks close it: from here on somebody opens it.

        Of what they have closed already nothing can be proven, so that is left to `close`.
        """
        record, before = self._record(), self.registry.probe()
        if before.mode == Mode.UNKNOWN:
            raise MaintenanceError(f"{before.detail}; nothing was changed")
        self.closing.check(before.mode, record)
        record = self.closing.enter(before.mode, record)
        return ModeChange(False, before.mode, before.mode, record.entered_at, lease_until=record.expires_at)

    def restore(self, stop_sweep: bool = False, by_lease: bool = False) -> ModeChange:
        """Put back what was found when the registry was closed; nothing where no record says that it was.

        `stop_sweep` first ends the sweep of whichever run holds the registry. `by_lease` does so too, and opens the
        registry even if a cache could not be cleared, for nobody is there to see to it.
        """
        record, before = self._record(), self.registry.probe()
        if record is None:
            if before.mode != Mode.WRITABLE:
                self.claim.tell_of_others()
            if not self.check_mode:
                self.claim.let_go_of_the_dead()
            return ModeChange(False, before.mode, before.mode)
        if not stop_sweep and not by_lease:
            self.claim.refuse_the_living()
        if by_lease:
            self.claim.end_by_lease(record)
        is_forced = by_lease and time.time() > record.expires_at + CACHE_PATIENCE
        if record.found is None:
            return self._release(record, before, is_forced)
        return self._leave(record, before, record.mode_before, is_forced, is_alone=by_lease)

    def refuse_the_living(self) -> None:
        """Raise HeldError where another run that is not known to be dead has closed this registry, or just does so."""
        if self.claim.record() is not None:
            self.claim.refuse_the_living()

    def stop_sweep_where_open(self) -> bool:
        """Ask for a sweep to stop, on whichever host, unless this registry is closed; whether that was so.

        A registry that wants a password can't be asked without one, and is taken to be closed.
        """
        seen = self.registry.probe()
        is_silent = seen.is_locked_out and not self.registry.endpoints.has_password
        if is_silent or seen.mode in (Mode.READ_ONLY, Mode.STOPPED):
            return False
        self.lock.request_stop(f"the registry of {this_host()} is not closed any more: {seen.detail}")
        return True

    def end_sweep(self, stop_sweep: bool) -> ModeChange:
        """See that no sweep goes on and no cache lies, before the user's own tasks open the registry."""
        if not stop_sweep:
            self.claim.refuse_the_living()
        if not self.check_mode:
            self.claim.stop_sweep(self.timeout)
            opening, seen = Opening(self.registry, self.done), self.registry.probe()
            touched = self.claim.is_touched
            action = opening.refreshing(seen.mode, touched, is_needed=False)
            opening.refresh(action, seen.mode.known_or(self.method.closed_mode), touched)
        return ModeChange(False, Mode.UNKNOWN, Mode.UNKNOWN)

    def open(self) -> ModeChange:
        """Make the registry writable whatever it was before, and whoever holds it."""
        record, before = self.claim.usable_record(), self.registry.probe()
        if record is None and before.mode == Mode.WRITABLE and not self.method.is_read_only:
            if not self.check_mode:
                self.claim.stop_sweep(self.timeout)
                self.claim.give_up()
            return ModeChange(False, before.mode, before.mode)
        self.method.check_opening()
        return self._leave(record, before, Mode.WRITABLE, is_forced=True)

    def tell(self) -> ModeChange:
        """Do nothing but what every use of a registry does: tell of a lease that ended by itself."""
        return ModeChange(False, Mode.UNKNOWN, Mode.UNKNOWN)

    def _record(self) -> Record | None:
        record = self.claim.record()
        if record is not None and record.method != self.method.name:
            raise MaintenanceError(
                f"the registry was closed by the method {record.method}, restore it by that, not by {self.method.name}"
            )
        return record

    def _leave(
        self, record: Record | None, before: Probe, target: Mode, is_forced: bool, is_alone: bool = False
    ) -> ModeChange:
        self.claim.require_sight()
        opening, seen = Opening(self.registry, self.done, is_forced, is_alone), before.mode
        action = opening.action(seen, target, self.claim.is_touched)
        self.registry.require(action)
        changes_setting = opening.changes_setting(record, target)
        changed = changes_setting or action is not None or seen != target
        look = ("", "")
        if changes_setting:
            look = (self.method.describe(self.method.setting()), self.method.describe(Mode.WRITABLE))
        entered_at = record.entered_at if record is not None else None
        if self.check_mode:
            return ModeChange(changed, seen, target, entered_at, None, None, *look)
        self.claim.stop_sweep(self.timeout)
        touched = self.claim.is_touched
        opening.carry_out(record, opening.action(seen, target, touched), target, touched)
        self.claim.give_up()
        return ModeChange(changed or self.done.changed, seen, target, entered_at, time.time(), None, *look)

    def _release(self, record: Record, before: Probe, is_forced: bool) -> ModeChange:
        """Let go of a registry that was found closed, and so stays as it is; only what it remembers may have to go."""
        self.claim.require_sight()
        opening, seen = Opening(self.registry, self.done, is_forced), before.mode
        action = opening.refreshing(seen, self.claim.is_touched, is_needed=False)
        if not self.check_mode:
            self.claim.stop_sweep(self.timeout)
            touched = self.claim.is_touched
            action = opening.refreshing(seen, touched, is_needed=False)
            opening.refresh(action, seen.known_or(record.mode_before), touched)
            self.claim.give_up()
        return ModeChange(action is not None, seen, seen, record.entered_at)
