# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands by while the storage is swept, and stops the sweep between two steps where it may not go on.

A sweep ends before its lease does, by a margin. It stops at once where the registry is not shown to be closed any
more, where the lock is another run's, where somebody asked for it through the lock, and on SIGTERM and SIGHUP.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from types import FrameType
from typing import Callable, Iterator

from .._basics.deadline import Deadline
from .._basics.errors import MaintenanceError, NotClosedError, RegistryError, StoppedError
from .._basics.times import iso
from .._lock.lock import Lock, ending

LEASE_MARGIN = 30.0
_SHARE = 0.1
_INTERVAL = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Sentry:
    """Watches one sweep. `ask` raises NotClosedError where the registry is not shown to be closed."""

    def __init__(self, lock: Lock, until: float | None, ask: Callable[[], None]) -> None:
        """`until` is the end of the lease, in seconds since the epoch; None for no end."""
        self.lock = lock
        self.ask = ask
        self.until = None if until is None else until - margin(lock, until)
        self._deadline = None if self.until is None else Deadline(self.until)
        self._next = 0.0
        self._signal: int | None = None

    def look(self) -> None:
        """Raise StoppedError where no further step may be made. Cheap: to be called before each."""
        if self._is_over():
            raise StoppedError("the lease ends, and the registry opens then")
        if self._signal is not None:
            raise StoppedError(f"the process was told to end ({signal.Signals(self._signal).name})")
        if time.monotonic() >= self._next:
            self._look_around()
            self._next = time.monotonic() + _INTERVAL

    def require_time(self) -> None:
        """Raise MaintenanceError where a sweep would be stopped before its first step."""
        if self._is_over():
            raise MaintenanceError(
                f"a sweep of this registry ends by {iso(self.until)}, before its lease does, and that is over; "
                "nothing was changed. Close the registry again, with a longer lease"
            )

    @contextlib.contextmanager
    def on_duty(self) -> Iterator[None]:
        """Stand by while the block changes the storage, and let everybody know of it."""
        self.look()
        with self._hearing_signals():
            self.lock.begin_sweep(self.until)
            with ending(self.lock.end_sweep):
                yield

    def _is_over(self) -> bool:
        return self._deadline is not None and self._deadline.is_over

    def _look_around(self) -> None:
        try:
            self.lock.require_ours()
            self.ask()
        except (MaintenanceError, NotClosedError, RegistryError) as error:
            raise StoppedError(str(error)) from error

    @contextlib.contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        found = {number: signal.getsignal(number) for number in _SIGNALS}
        try:
            for number in _SIGNALS:
                # What nohup ignores stays ignored.
                if found[number] is not signal.SIG_IGN:
                    signal.signal(number, self._hear)
            yield
        finally:
            for number in _SIGNALS:
                signal.signal(number, found[number])

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._signal = number


def margin(lock: Lock, until: float) -> float:
    """Return how long before the end of a lease a sweep ends, in seconds: less where the lease is short."""
    hold = lock.hold()
    lease = until - (hold.since if hold else time.time())
    return max(0.0, min(LEASE_MARGIN, lease * _SHARE))
