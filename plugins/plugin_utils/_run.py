# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run of Ansible this is, so that a registry's lock can say who holds it, and whether another one still lives."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from ansible_collections.drydock.registry.plugins.module_utils._registry.processes import process_of


class ControllerProcess(NamedTuple):
    """A process of a controller; `started` tells it apart from a later one of the same number."""

    controller: str
    pid: int
    started: str

    @property
    def id(self) -> str:
        """Return the id of the run of which this is the controller's process."""
        return f"{self.controller}:{self.pid}:{self.started}"

    @classmethod
    def of_this_run(cls) -> ControllerProcess:
        """Return the ansible-playbook itself, not the worker of this action plugin, which ends with its task."""
        parent = multiprocessing.parent_process()
        pid = parent.pid if parent is not None and parent.pid is not None else os.getpid()
        return cls.of(pid)

    @classmethod
    def of(cls, pid: int) -> ControllerProcess:
        """Return a process that runs here."""
        return cls(socket.gethostname(), pid, _started(pid) or "")

    @classmethod
    def from_id(cls, run_id: str) -> ControllerProcess | None:
        """Return the process that an id names; None for the id of a module that was run by hand."""
        parts = run_id.split(":", 2)
        return cls(parts[0], int(parts[1]), parts[2]) if len(parts) == 3 and parts[1].isdigit() else None

    def lives(self) -> bool | None:
        """Tell whether it still runs; None where that can't be seen from here, as on another controller."""
        if self.controller != socket.gethostname() or _place_of(self.started) != _place():
            return None
        return _started(self.pid) == self.started


def describe_run(member: str, job: Mapping[str, Any]) -> dict[str, str]:
    """Return what the modules are told as `run` in their context: who runs them, and for which member of a fleet.

    `job` is what AWX tells of its job: `id` and `template`, empty elsewhere.
    """
    process = ControllerProcess.of_this_run()
    command = os.path.basename(sys.argv[0])
    who = f"{_user()} on {process.controller}, {command}, process {process.pid}"
    if job.get("id"):
        who += f", AWX job {job['id']}" + (f" ({job['template']})" if job.get("template") else "")
    return {"id": process.id, "who": who, "member": member}


def is_gone(run_id: str) -> bool:
    """Tell whether that run was one of this controller and has ended; of others only their own controllers know."""
    process = ControllerProcess.from_id(run_id)
    return process is not None and process.lives() is False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # An execution environment can run as a user that no passwd file knows.
        return f"user {os.getuid()}"


def _started(pid: int) -> str | None:
    """Return when a process was started and where it is seen: `ticks@boot/namespace`; None where it is not there.

    Clock ticks since boot (proc(5), field 22) mean nothing after a reboot, and process numbers nothing in another
    container, though both may have the same host name.
    """
    place = _place()
    if not place:
        return _started_by_ps(pid)
    process = process_of(pid)
    return None if process is None else f"{process.started}@{place}"


def _started_by_ps(pid: int) -> str | None:
    """Return the same where there is no /proc, as on macOS."""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    said = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    return " ".join(said.stdout.split()) or None


def _place() -> str:
    """Return where process numbers and ticks mean the same as here; empty where there is no /proc to tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _place_of(started: str) -> str:
    return started.partition("@")[2]
