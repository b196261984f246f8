# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Showing how far a module is while it runs: a thread reads the file that the module writes, and displays a line."""

from __future__ import annotations

import contextlib
import contextvars
import copy
import json
import shlex
import threading
from typing import Any

from ansible.plugins.action import ActionBase

from ._progress_line import progress_line

# A poll that is under way when the module ends may be waiting for a host that is gone.
_PATIENCE = 2.0
# Of long work a line is shown more and more seldom, so that the log of a night stays readable.
_SLOWER = 1.25
_SELDOM = 60.0


class ProgressDisplay:
    """Within the block, displays a line each `interval` seconds that there is something new to say, later each minute.

    Whatever goes wrong with it ends the showing, never the task.
    """

    def __init__(self, action: ActionBase, path: str, interval: float, host: str) -> None:
        # A connection keeps what it needs for one command in itself, and the module's command is under way.
        self._action = copy.copy(action)
        self._action._connection = copy.copy(action._connection)
        self._path = path
        self._interval = interval
        self._host = host
        self._ended = threading.Event()

    def __enter__(self) -> None:
        # What a task displays goes the way that its context says.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._watch,), daemon=True)
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(_PATIENCE)

    def _watch(self) -> None:
        shown, pause = "", self._interval
        with contextlib.suppress(Exception):
            while not self._ended.wait(pause):
                pause = min(pause * _SLOWER, max(self._interval, _SELDOM))
                state = self._read()
                line = progress_line(state) if state else shown
                if line != shown and not self._ended.is_set():
                    self._action._display.display(f"[{self._host}] {line}")
                    shown = line

    def _read(self) -> dict[str, Any] | None:
        """Return what the module wrote last; None before it has begun."""
        found = self._action._low_level_execute_command(f"cat {shlex.quote(self._path)}", sudoable=False)
        state: dict[str, Any] | None = json.loads(found["stdout"]) if found["rc"] == 0 else None
        return state
