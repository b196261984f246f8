# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs processes and says how long they took and how much memory they had at most."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """`peak_kib` is the largest resident set of one process among the command's own.

    `cpu` are the seconds in which a processor worked for it: what is left of a time when others use the machine too.
    One that was stopped would have taken longer.
    """

    seconds: float
    cpu: float
    peak_kib: int
    is_stopped: bool = False


class CommandError(RuntimeError):
    """A measured command failed, so that its time means nothing."""


def median(costs: Sequence[Cost]) -> Cost:
    """The median times, and the largest peak."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak_kib for cost in costs),
    )


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    stdout: IO[bytes] | None = None,
    limit: float | None = None,
    check: bool = True,
) -> Cost:
    """Run to the end; output goes to `stdout`, or nowhere. CommandError with the last of stderr on failure (`check`).

    What is still running after `limit` seconds is killed, and its cost says so.

    The collectors print a line for each blob: what they print is thrown away unread, so that nobody's disk is measured.
    """
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=given, stdout=stdout or subprocess.DEVNULL, stderr=errors, env=dict(environment), cwd=ROOT
        )
        with _killed_after(process.pid, limit) as killed:
            _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if check and process.returncode != 0 and not killed.is_set():
            raise CommandError(f"{' '.join(command)} ended with {process.returncode}:\n{_end_of(errors, stdout)}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, killed.is_set())


@contextlib.contextmanager
def _killed_after(pid: int, limit: float | None) -> Iterator[threading.Event]:
    """The event says whether it was; not every version of a program that is measured comes to an end."""
    killed = threading.Event()

    def kill() -> None:
        killed.set()
        os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(limit or threading.TIMEOUT_MAX, kill)
    timer.daemon = True
    timer.start()
    try:
        yield killed
    finally:
        timer.cancel()


def _end_of(*files: IO[bytes] | None) -> str:
    texts = []
    for file in files:
        if file is not None:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            texts.append(file.read().decode(errors="replace"))
    return "\n".join(texts)


def drop_caches() -> None:
    """Forget what the kernel has cached of every file system; needs root."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as control:
        control.write("3\n")
