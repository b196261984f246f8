# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a registry: caches emptied, the setting put back, the service acted on, the mode proven."""

from __future__ import annotations

from typing import Any, Mapping

from .._basics.errors import DrydockError, MaintenanceError
from .._proof.probe import Mode
from .._registry.cache import UNKNOWN_CACHE, caches_in_memory, forget_blobs
from .done import Done
from .record import Record
from .registry import Registry


class Opening:
    """Puts back what a record says. `is_forced` opens even where a cache can't be made to forget what was swept.

    `is_alone` tells that the lease has ended, so that nobody else does anything to open the registry.
    """

    def __init__(self, registry: Registry, done: Done, is_forced: bool = False, is_alone: bool = False) -> None:
        self.registry = registry
        self.method = registry.method
        self.done = done
        self.is_forced = is_forced
        self.is_alone = is_alone

    def action(self, seen: Mode, target: Mode, touched: bool) -> str | None:
        """Return what the service has to do so that the registry comes from one mode to the other, without a lie."""
        if seen != target and self.method.opening is not None:
            return self.method.opening
        return self.refreshing(seen, touched, is_needed=not self.method.is_closed_by_others)

    def refreshing(self, seen: Mode, touched: bool, is_needed: bool) -> str | None:
        """Return `restart` where the registry remembers in its own memory what was swept.

        Where that `is_needed` no more than others may do it, it is only done if the options tell how.
        """
        if not touched or seen == Mode.STOPPED or not caches_in_memory(self.registry.config):
            return None
        if is_needed or self.registry.service.can("restart"):
            return "restart"
        self.done.warn(
            "the storage was swept, and the registry remembers in its memory what it had: restart it before anybody "
            "pushes, or give restart_command or service"
        )
        return None

    def changes_setting(self, record: Record | None, target: Mode) -> bool:
        found = self._found(record)
        would_leave = found is not None and self.method.would_leave(found)
        return would_leave or (target == Mode.WRITABLE and self.method.is_read_only)

    def carry_out(self, record: Record | None, action: str | None, target: Mode, touched: bool) -> None:
        """Open it. Raises MaintenanceError that says what state the registry is in."""
        if action is not None and self.method.opening is None:
            # The setting closes the registry at once, so it goes last: nobody pushes into a cache that lies.
            # Somebody may have opened it before, as a reboot does where the flag lies below /run.
            self.refresh(action, self.registry.mode.known_or(self.method.closed_mode), touched)
            action = None
        elif touched:
            self._forget()
        self._put_back(record, target)
        try:
            self._act(action)
            self.registry.wait_for(target)
        except DrydockError as error:
            mode = self.registry.mode
            but = f"but the registry is {mode}, not {target}" if mode != target else f"and the registry is {mode}, but"
            raise MaintenanceError(
                f"{self.method.subject} was put back, {but}: {error}. Mend the cause, then run this again (the role: "
                "the playbook drydock.registry.restore)"
            ) from error

    def refresh(self, action: str | None, mode: Mode, touched: bool) -> None:
        """Empty the caches of a registry that stays in its mode. Raises MaintenanceError."""
        if touched:
            self._forget()
        if action is not None:
            self._act(action)
            self.registry.wait_for(mode)

    def _act(self, action: str | None) -> None:
        if action is not None:
            self.done.changed = self.done.restarted = True
            self.registry.act(action)

    def _put_back(self, record: Record | None, target: Mode) -> None:
        found = self._found(record)
        if found is not None and self.method.leave(found):
            self.done.changed = True
        if target == Mode.WRITABLE and self.method.is_read_only and self.method.open():
            self.done.changed = True
        if self.is_alone:
            self.method.open_alone(self.registry.timeout)

    def _found(self, record: Record | None) -> Mapping[str, Any] | None:
        """Return what this method has to put back."""
        return record.found if record is not None and record.method == self.method.name else None

    def _forget(self) -> None:
        if self.registry.config is None:
            self.done.warn(UNKNOWN_CACHE)
        try:
            forget_blobs(self.registry.config)
        except DrydockError as error:
            if not self.is_forced:
                raise
            self.done.warn(f"the registry was opened though what it remembers of its blobs is wrong: {error}")
