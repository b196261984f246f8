# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry: held by one run, recorded, leased, then the setting, the service, the proof, the drain.

Before anything is changed, it is on disk how to put it back, and somebody on this host would. Any failure after that
puts everything back at once.
"""

from __future__ import annotations

import time
from typing import Any, Mapping, NoReturn

from .._basics.errors import DrydockError, MaintenanceError
from .._proof.probe import Mode
from .._registry.cache import caches_in_memory, check_cache
from .claim import Claim
from .done import Done
from .drain.drain import Drain
from .methods.stop import refuse_cache
from .opening import Opening
from .record import KeptService, LockPlace, Record
from .registry import Registry
from .room_to_close import require_room
from .service.command import NotEndedError
from .service.kinds import KubernetesDeployment

_NOT_SEEN = (
    "whether writes that were begun before the closing have ended can't be seen from this host: neither the registry's "
    "process nor its storage is here, so one that takes long may still go on"
)

_NO_SERVICE = (
    "So the registry was not closed, and nothing was changed or deleted. Name what runs the registry on this host, by "
    "service or restart_command (for method: stop by service, or stop_command and start_command)"
)
_RESTORE = "run the playbook drydock.registry.restore (without the role: this module with state: restored)"


class Closing:
    """Closes one registry for at most `lease` seconds; `options` are what the record keeps of the module's.

    `is_guarded` is for a storage that another host sweeps: somebody here then sees whether the registry stays closed.
    """

    def __init__(
        self,
        registry: Registry,
        claim: Claim,
        done: Done,
        lease: float,
        options: Mapping[str, Any],
        *,
        is_guarded: bool = False,
    ) -> None:
        self.registry = registry
        self.method = registry.method
        self.claim = claim
        self.done = done
        self.lease = lease
        self.options = options
        self.is_guarded = is_guarded

    def is_closed(self, mode: Mode) -> bool:
        """Tell whether a registry in that mode is as closed as the method would make it."""
        if mode == Mode.STOPPED:
            return True
        can_tell = self.method.is_read_only or not self.method.decides
        return mode == Mode.READ_ONLY == self.method.closed_mode and can_tell

    def check(self, mode: Mode, record: Record | None) -> None:
        """Raise DrydockError for all that can be known to go wrong, before anything is touched; in check mode too."""
        setting = self.method.setting()
        if not _has_changed(record) and self.method.decides and setting != _as_setting(mode):
            raise MaintenanceError(
                f"{self.method.subject} says {setting}, but the registry is {mode}: it was not restarted since, or its "
                "environment overrides the file (see registry_environment); make the two agree first; "
                "nothing was changed"
            )
        if self.method.closed_mode == Mode.READ_ONLY:
            refuse_cache(self.registry.config)
        check_cache(self.registry.config)
        self.method.check()
        self._check_service()
        self._check_room(mode)

    def drain(self, mode: Mode) -> Drain:
        """Return what is to end once the registry is closed, as it is seen before."""
        drain = self.registry.drain()
        # What was restarted into its mode has been closed from its start on; what is stopped, has no process left.
        is_fresh = self.is_closed(mode) and mode == Mode.READ_ONLY and self.method.closing == "restart"
        return drain.of_uploads() if is_fresh or mode == Mode.STOPPED else drain

    def enter(self, mode: Mode, earlier: Record | None) -> Record:
        """Claim the registry and change the setting. Nothing is changed where this raises."""
        now = time.time()
        until = now + self.lease
        obstacle = self.method.why_not_alone()
        if obstacle is not None:
            self.done.warn(obstacle)
        self.claim.take(until)
        record = earlier
        try:
            # What an earlier call left, and is open now, is closed as if by the first.
            if earlier is not None and not self.is_closed(mode) and not self.method.is_read_only:
                if earlier.found is not None:
                    self.method.leave(earlier.found)
                record = earlier = None
            record = self._record(mode, earlier, now)._replace(expires_at=until)
            self.claim.keep(record)
            if not self.is_closed(mode) and earlier is None:
                record = self._open_until_now(record)
                self.done.changed = True
                self.method.enter(record.found or {})
        except Exception as error:
            self._take_back(earlier, record, error)
        return record

    def carry_out(self, mode: Mode, record: Record, drain: Drain) -> bool | None:
        """Act on the service, prove what it is then, and wait until it is drained; whether that was seen."""
        is_closed = self.is_closed(mode)
        try:
            if not is_closed and self.method.closing is not None:
                self.done.changed = self.done.restarted = True
                self.registry.act(self.method.closing)
            drain.closed()
            self._prove(mode if is_closed else self.method.closed_mode)
            drained = drain.wait(self.registry.timeout)
            if self.is_guarded:
                self.claim.guard()
        except Exception as error:  # also what nobody thought of: the registry must not stay closed
            self._abandon(record, error)
        if drained is None:
            self.done.warn(_NOT_SEEN)
        return drained

    def _check_service(self) -> None:
        is_ours = self.method.opening is None and not self.method.is_closed_by_others
        # Nothing else would empty its memory after a sweep.
        refreshing = "restart" if is_ours and caches_in_memory(self.registry.config) else None
        actions = [one for one in (self.method.closing, self.method.opening, refreshing) if one is not None]
        found = self.registry.look_for_service(actions)
        if found.obstacle is not None:
            raise MaintenanceError(f"{found.obstacle}. {_NO_SERVICE}")
        if found.doubt is not None:
            self.done.warn(f"it is not certain that the registry can be closed and opened: {found.doubt}")

    def _check_room(self, mode: Mode) -> None:
        record = self._found(mode, time.time(), KeptService())
        require_room({**self.method.sizes(), **self.claim.sizes(record, self.registry.service.programs)})

    def _record(self, mode: Mode, earlier: Record | None, now: float) -> Record:
        """Return what is found now; where only a part is missing since an earlier call, what that call found."""
        if earlier is not None:
            return earlier
        return self._found(mode, now, self._keep_service(mode))

    def _found(self, mode: Mode, now: float, service: KeptService) -> Record:
        found = None if self.is_closed(mode) and not self.method.is_closed_by_others else self.method.find()
        before = Mode.WRITABLE if self.method.is_closed_by_others else mode
        until = now + self.lease
        lock = LockPlace(self.claim.lock.path, self.claim.lock.tree)
        return Record(self.method.name, self.method.subject, before, now, until, found, self.options, lock, service)

    def _open_until_now(self, record: Record) -> Record:
        """Note that the registry is closed from now on: starting the watchdog took a while, in which it was open."""
        record = record._replace(entered_at=time.time())
        self.claim.records.save(record)
        return record

    def _keep_service(self, mode: Mode) -> KeptService:
        replicas = self.registry.service.find(self.registry.timeout) if mode != Mode.STOPPED else None
        programs = self.claim.records.keep_programs(self.method.subject, self.registry.service.programs)
        return KeptService(programs, replicas)

    def _prove(self, mode: Mode) -> None:
        self.registry.wait_for(mode)
        if mode == Mode.STOPPED:
            self.registry.require_no_process()
        else:
            self.registry.require_same_storage()

    def _take_back(self, earlier: Record | None, record: Record | None, reason: Exception) -> NoReturn:
        """Put the setting back, for the service was not acted on yet; what an earlier call closed is opened."""
        if earlier is not None:
            self._abandon(earlier, reason)
        if record is not None and record.found is not None:
            self.method.leave(record.found)
        self.claim.give_up()
        self.done.changed = False
        raise MaintenanceError(f"{reason}; nothing was changed") from reason

    def _abandon(self, record: Record, reason: Exception) -> NoReturn:
        """Put back what was found, for closing failed, and say in what state the registry is."""
        if record.found is None:
            self.claim.give_up()
            raise MaintenanceError(f"{reason}; nothing was changed") from reason
        target = record.mode_before
        try:
            was_closed = self._put_back(record, reason)
            self.claim.give_up()
        except DrydockError as error:
            why = str(error.__cause__ or error)
            failed = "failed in the same way" if why == str(reason) else f"failed too: {why}"
            raise MaintenanceError(
                f"{reason}. Putting the registry back {failed}. Now {self.method.subject} is {self._setting()}, "
                f"and the registry is {self.registry.mode}. Mend the cause, then {_RESTORE}"
            ) from error
        self.done.changed = False
        if was_closed:
            raise MaintenanceError(f"{reason}; the registry was put back and is {target} again") from reason
        raise MaintenanceError(
            f"{reason}. The registry was never closed, it is {target} as before, and nothing was deleted. Mend the "
            "cause, then run this again"
        ) from reason

    def _put_back(self, record: Record, reason: Exception) -> bool:
        """Tell whether the registry was closed at all, for a service that can't be acted on was not acted on before."""
        self.claim.stop_sweep(self.registry.timeout)
        opening, touched = Opening(self.registry, self.done), self.claim.is_touched
        action = opening.action(Mode.UNKNOWN, record.mode_before, touched)
        try:
            opening.carry_out(record, action, record.mode_before, touched)
        except MaintenanceError as error:
            if touched or not self._was_never_closed(record, reason, error.__cause__):
                raise
            return False
        return True

    def _was_never_closed(self, record: Record, *failures: BaseException | None) -> bool:
        """Tell whether two commands that failed have done nothing, and nothing of them is still to come."""
        if any(isinstance(failure, NotEndedError) for failure in failures):
            return False
        # Old pods answer while new ones come.
        is_one = not isinstance(self.registry.service.details, KubernetesDeployment)
        is_as_found = record.found is not None and not self.method.would_leave(record.found)
        return is_one and is_as_found and self.registry.mode == record.mode_before

    def _setting(self) -> str:
        try:
            return "still read-only" if self.method.is_read_only else "as it was before"
        except DrydockError:
            return "as it was before"


def _has_changed(record: Record | None) -> bool:
    return record is not None and record.found is not None


def _as_setting(mode: Mode) -> Mode:
    return Mode.READ_ONLY if mode == Mode.READ_ONLY else Mode.WRITABLE
