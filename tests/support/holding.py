# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holding a sweep before one of its steps, while a test does something to the world around it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Thread
from typing import Any, Iterator, Mapping

from ansible_collections.drydock.registry.plugins.module_utils._apply import sentry as _sentry
from support.forked import run_forked
from support.playbook import Result


class HeldSweep:
    """A cleanup in a child of the tests that waits before its `step`-th step (from 1) until it is told to go on.

    It looks around before every step, so that what a test does is seen at the next one, however fast it is.
    """

    def __init__(self, arguments: Mapping[str, Any], step: int) -> None:
        self.step = step
        self.code: int | None = None
        self.result: Result = {}
        self._arrived, self._arrive = os.pipe()
        self._wait, self._release = os.pipe()
        self._thread = Thread(target=self._run, args=(arguments,))
        self._thread.start()
        arrived = os.read(self._arrived, 20)
        if not arrived:
            self._thread.join()
            message = f"the sweep ended before step {step}: {self.result}"
            raise AssertionError(message)
        self.pid = int(arrived)

    def go_on(self) -> Result:
        """Let it run to its end, and return its result ({} where it was killed)."""
        if self._thread.is_alive():
            os.write(self._release, b"!")
        self._thread.join()
        return self.result

    def close(self) -> None:
        self.go_on()
        for descriptor in (self._arrived, self._wait, self._release):
            os.close(descriptor)

    def _run(self, arguments: Mapping[str, Any]) -> None:
        self.code, self.result = run_forked("cleanup", arguments, before=self._hold)
        os.close(self._arrive)  # what waits for the child's arrival waits no longer

    def _hold(self) -> None:
        """In the child: put the waiting in front of the sentry's look."""
        real, left = _sentry.Sentry.look, iter(range(self.step, -1, -1))

        def look(sentry: _sentry.Sentry) -> None:
            # The first look is that before the first step, when the sweep begins.
            if next(left, None) == 0:
                os.write(self._arrive, str(os.getpid()).encode())
                os.read(self._wait, 1)
            real(sentry)

        _sentry._INTERVAL = 0.0
        setattr(_sentry.Sentry, "look", look)  # noqa: B010 - to mypy it is no method


@contextmanager
def held_sweep(arguments: Mapping[str, Any], step: int) -> Iterator[HeldSweep]:
    held = HeldSweep(arguments, step)
    try:
        yield held
    finally:
        held.close()
