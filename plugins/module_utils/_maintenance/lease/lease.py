# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closing ends by itself: what watches over it on the host when no controller does.

Where systemd runs the host it is a timer, elsewhere a process of its own; and a hook for the next boot.
"""

from __future__ import annotations

import contextlib
import glob
import math
import os
import time
from typing import Sequence

from ..._basics.errors import MaintenanceError
from ..._registry.processes import Process, end_processes, processes_of
from ..record import Record, RecordStore
from ..service.command import run_command, start_detached
from .boot import BootHook, has_systemd, run_tool, this_boot
from .program import program_command, program_size, read_record, write_program

START_SECONDS = 60.0


class Lease:
    """Watches over the closings recorded in `state_dir`; to be used within `one_at_a_time`.

    `watchdog` names the loaded module whose `main` puts a registry back. `warnings` says what part of that this host
    can't do. `own` is the record of the watchdog that uses this.
    """

    def __init__(self, state_dir: str, watchdog: str, own: Record | None = None) -> None:
        self.state_dir = os.path.abspath(state_dir)
        self._watchdog = watchdog
        self._own = own
        self.warnings: list[str] = []

    def record(self, subject: str) -> Record | None:
        """Return what the watchdog knows of a closing, None where there is none. Raises MaintenanceError."""
        return self._own or read_record(self._program(subject))

    def arm(self, record: Record) -> None:
        """Start the watchdog, wait until it is ready, and see that a reboot starts it too.

        Called with the record saved and nothing changed yet; again where `expires_at` was changed.
        MaintenanceError where it can't be done.
        """
        program, earlier = self._program(record.subject), self._watchdogs(record.subject)
        write_program(program, self._watchdog, self.state_dir, record)
        # Without the environment of the run, by which a job runner may find what it kills at the end.
        start = ["env", "-i", *program_command(program, "check" if has_systemd() else "lease")]
        run_command(start, START_SECONDS, "the watchdog of the lease")
        if has_systemd():
            self._stop_unit(f"{self._unit(record.subject)}.timer")
            # The earlier one may be at work by now, or wait to be started again: systemd knows the unit until it ends.
            self._stop_unit(f"{self._unit(record.subject)}.service")
        _end(earlier)
        if has_systemd():
            self._start_timer(record)
        obstacle = self._boot_hook(record.subject).install()
        if obstacle is not None:
            self.warnings.append(f"if the host reboots, the registry stays closed until state: restored: {obstacle}")

    def sizes(self, record: Record) -> dict[str, int]:
        """Return the bytes that `arm` writes beside the record, by the path."""
        return {self._program(record.subject): program_size(record)}

    def guard(self, subject: str) -> None:
        """Start what watches that the registry stays closed; it ends with the watchdog. Raises MaintenanceError."""
        command = program_command(self._program(subject), "guard")
        if has_systemd():
            run_tool(*service_command(f"{self._unit(subject)}-guard", command))
        else:
            start_detached(["env", "-i", *command])

    def disarm(self, subject: str) -> None:
        """End the watchdog and remove every trace of it; never ends the calling process. Nothing where there is none.

        Raises MaintenanceError where something of it can't be removed.
        """
        if has_systemd():
            # The service that it starts may be who calls.
            self._stop_unit(f"{self._unit(subject)}.timer")
        _end(self._watchdogs(subject))
        self._boot_hook(subject).remove()
        try:
            for path in self._files(subject):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        except OSError as error:
            raise MaintenanceError(f"the watchdog can't be removed from {self.state_dir}: {error.strerror}") from error

    def _start_timer(self, record: Record) -> None:
        unit, until = self._unit(record.subject), record.expires_at
        command = program_command(self._program(record.subject), "due", repr(until))
        run_tool(*timer_command(unit, until, until - time.time(), command))

    def _stop_unit(self, unit: str) -> None:
        with contextlib.suppress(MaintenanceError):  # systemctl fails where the unit is not loaded
            run_tool("systemctl", "stop", unit)

    def _watchdogs(self, subject: str) -> list[Process]:
        return processes_of(program_command(self._program(subject))[1:])

    def _files(self, subject: str) -> list[str]:
        """Return the program, copies of service programs, and what was being written when somebody was killed."""
        directory, stem = map(glob.escape, os.path.split(self._stem(subject)))
        patterns = (f"{directory}/{stem}-*.py", f"{directory}/.{stem}[.-]*")
        return [self._program(subject), *(path for pattern in patterns for path in glob.glob(pattern))]

    def _stem(self, subject: str) -> str:
        return os.path.splitext(RecordStore(self.state_dir).path(subject))[0]

    def _program(self, subject: str) -> str:
        return f"{self._stem(subject)}.zip"

    def _unit(self, subject: str) -> str:
        return os.path.basename(self._stem(subject)).replace("maintenance", "drydock-lease", 1)

    def _boot_hook(self, subject: str) -> BootHook:
        name = os.path.basename(self._stem(subject)).replace("maintenance", "drydock-restore", 1)
        return BootHook(name, program_command(self._program(subject), "boot", this_boot()))


def timer_command(unit: str, until: float, remaining: float, command: Sequence[str]) -> list[str]:
    """Return the command for a timer and its service (systemd-run(1)), which are gone when the service has ended.

    By both clocks, as `Deadline`: the first that elapses starts the service (systemd.timer(5)). `until` is in seconds
    since the epoch, of which OnCalendar takes whole ones; `remaining` in seconds.
    """
    return [
        "systemd-run",
        f"--unit={unit}",
        "--description=Put a container registry back that drydock has closed",
        f"--on-active={max(0.0, remaining):.3f}s",
        f"--on-calendar=@{math.ceil(until)}",
        "--timer-property=AccuracySec=1s",
        "--property=Restart=on-failure",
        "--property=RestartSec=5s",
        "--collect",
        *(word.replace("$", "$$") for word in command),
    ]


def service_command(unit: str, command: Sequence[str]) -> list[str]:
    """Return the command that starts a service (systemd-run(1)), which is gone when it has ended."""
    return [
        "systemd-run",
        f"--unit={unit}",
        "--description=See that a container registry stays closed while its storage is swept",
        "--collect",
        *(word.replace("$", "$$") for word in command),
    ]


def _end(watchdogs: Sequence[Process]) -> None:
    if not end_processes(watchdogs):
        raise MaintenanceError("an earlier watchdog of this registry does not end")
