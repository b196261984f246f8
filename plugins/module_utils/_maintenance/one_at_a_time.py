# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module and the watchdog of one host never act at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from typing import Iterator

from .._basics.errors import MaintenanceError
from .._registry.processes import end_processes, lock_holders
from .._storage.room import FULL

POLL_SECONDS = 0.1
# Longer than any task holds it that doesn't hang: every wait of a task has its own end.
PATIENCE_SECONDS = 600.0


@contextlib.contextmanager
def one_at_a_time(
    state_dir: str, make: bool = False, patience: float = PATIENCE_SECONDS, by_force: bool = False
) -> Iterator[None]:
    """Hold the directory's lock (flock(2)) within the block. Where there is none, it is made or nothing is held.

    Raises MaintenanceError when somebody else holds it for more than `patience` seconds. `by_force` ends them then: a
    task that was stopped or hangs in the kernel would keep the registry closed.
    """
    descriptor = _hold(state_dir, make, _Patience(patience, by_force))
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


class _Patience:
    """With whoever holds the lock, for so many seconds; `by_force` then ends them, and has patience with the next."""

    def __init__(self, seconds: float, by_force: bool) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._by_force = by_force

    def use(self, state_dir: str) -> None:
        """Wait a little. Raises MaintenanceError where no patience is left."""
        if time.monotonic() < self._ends:
            time.sleep(POLL_SECONDS)
        elif self._by_force and _end_holders(state_dir):
            self._ends = time.monotonic() + self._seconds
        else:
            raise MaintenanceError(
                f"another maintenance task of this host is at work and does not end: {state_dir} stays locked"
            )


def _end_holders(state_dir: str) -> bool:
    """End them; tell whether there were some, and have ended."""
    holders = lock_holders(state_dir)
    return bool(holders) and end_processes(holders, [signal.SIGKILL])


def _hold(state_dir: str, make: bool, patience: _Patience) -> int | None:
    try:
        while True:
            if make:
                os.makedirs(state_dir, mode=0o700, exist_ok=True)
            descriptor = _open_locked(state_dir, patience)
            if descriptor is not None or not (make or os.path.isdir(state_dir)):
                return descriptor
    except OSError as error:
        advice = (
            "; free some space there, or give another state_dir; nothing was changed" if error.errno in FULL else ""
        )
        raise MaintenanceError(f"{state_dir} can't be locked: {error.strerror}{advice}") from error


def _open_locked(state_dir: str, patience: _Patience) -> int | None:
    """Return the open directory, locked; None where it has gone, for whoever opens a registry last takes it away."""
    try:
        descriptor = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        _lock(descriptor, state_dir, patience)
        if os.path.samestat(os.fstat(descriptor), os.stat(state_dir)):
            return descriptor
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _lock(descriptor: int, state_dir: str, patience: _Patience) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            patience.use(state_dir)
        else:
            return
