# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module and the watchdog of one host never act at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Iterator, Optional

from .._errors import MaintenanceError

POLL_SECONDS = 0.1
# Longer than any task holds it that doesn't hang: every wait of a task has its own end.
PATIENCE_SECONDS = 600.0


@contextlib.contextmanager
def exclusively(state_dir: str, make: bool = False, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the directory's lock (flock(2)) within the block. Where there is none, it is made or nothing is held.

    Raises MaintenanceError when somebody else holds it for more than `patience` seconds.
    """
    descriptor = _hold(state_dir, make, time.monotonic() + patience)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _hold(state_dir: str, make: bool, deadline: float) -> Optional[int]:
    try:
        while True:
            if make:
                os.makedirs(state_dir, mode=0o700, exist_ok=True)
            descriptor = _open_locked(state_dir, deadline)
            if descriptor is not None or not (make or os.path.isdir(state_dir)):
                return descriptor
    except OSError as error:
        raise MaintenanceError(f"{state_dir} can't be locked: {error.strerror}") from error


def _open_locked(state_dir: str, deadline: float) -> Optional[int]:
    """The open directory, locked; None where it has gone, for whoever opened a registry last takes it away."""
    try:
        descriptor = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        _lock(descriptor, state_dir, deadline)
        if os.path.samestat(os.fstat(descriptor), os.stat(state_dir)):
            return descriptor
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


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
