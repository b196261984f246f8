# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a lease is over, by the wall clock and by the steady one, whichever says so first.

A wall clock that is set back must not move the end. The steady clock stands still while the host is suspended
(CLOCK_MONOTONIC, clock_gettime(2)).
"""

from __future__ import annotations

import time


class Deadline:
    """`until` in seconds since the epoch, `remaining` in seconds from now on; None for what is left until then."""

    def __init__(self, until: float, remaining: float | None = None) -> None:
        self._until = until
        self._ends = time.monotonic() + (until - time.time() if remaining is None else remaining)

    def remaining(self) -> float:
        """Return seconds until the end, 0 or less when it is over."""
        return min(self._until - time.time(), self._ends - time.monotonic())

    @property
    def is_over(self) -> bool:
        return self.remaining() <= 0
