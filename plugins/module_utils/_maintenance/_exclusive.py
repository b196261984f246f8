# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module and the watchdog of one host never act at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Iterator

from .._errors import MaintenanceError

POLL_SECONDS = 0.1
# Longer than any task holds it that doesn't hang: every wait of a task has its own end.
PATIENCE_SECONDS = 600.0


@contextlib.contextmanager
def exclusively(state_dir: str, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the directory's lock (flock(2)) within the block; nothing is held, and nothing made, where there is none.

    Raises MaintenanceError when somebody else holds it for more than `patience` seconds.
    """
    try:
        descriptor = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    except OSError as error:
        raise MaintenanceError(f"{state_dir} can't be opened: {error.strerror}") from error
    try:
        _lock(descriptor, state_dir, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def make_state_dir(state_dir: str) -> None:
    """Make the directory, for root only, unless it is there. Raises MaintenanceError."""
    try:
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
        os.chmod(state_dir, 0o700)
    except OSError as error:
        raise MaintenanceError(f"{state_dir} can't be made: {error.strerror}") from error


def _lock(descriptor: int, state_dir: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise MaintenanceError(
                    f"another maintenance task of this host is at work and does not end: {state_dir} stays locked"
                ) from None
            time.sleep(POLL_SECONDS)
        else:
            return
