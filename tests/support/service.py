# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as a service of this host: started apart from us, restarted by a command that needs no service manager.

    python service.py start|stop|restart HOME

`HOME/service.json` says what to start, `HOME/registry.pid` what runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from support.registries import RegistryProcess
    from support.v1 import V1Registry

STOP_SECONDS = 10.0


def install(registry: RegistryProcess | V1Registry) -> None:
    """Write down how to start `registry` as it is configured now."""
    if not registry.config_path.exists():
        registry.write_config()
    _description(registry.home).write_text(json.dumps({"command": registry.command, "environment": registry.variables}))


def command(registry: RegistryProcess | V1Registry, what: str = "restart") -> list[str]:
    """The command that a maintenance task is given."""
    return [sys.executable, str(Path(__file__).resolve()), what, str(registry.home)]


@contextlib.contextmanager
def as_service(registry: RegistryProcess | V1Registry) -> Iterator[list[str]]:
    """`registry`, which must not be running, as a service within the block. Yields its restart command."""
    from support.registries import wait_for  # noqa: PLC0415 (the script itself needs nothing but Python)

    install(registry)
    start(registry.home)
    try:
        wait_for(registry.answers, f"the registry at {registry.url}, see {registry.log_path}", registry.start_seconds)
        yield command(registry)
    finally:
        stop(registry.home)


def start(home: Path) -> None:
    """Start it, in a session of its own, so that it outlives the task that does it; nothing happens where it runs."""
    if _pid_file(home).exists() and runs(int(_pid_file(home).read_text())):
        return
    service = json.loads(_description(home).read_text())
    with (home / "registry.log").open("ab") as log:
        process = subprocess.Popen(
            service["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **service["environment"]},
            cwd=str(home),
            start_new_session=True,
        )
    _pid_file(home).write_text(str(process.pid))


def stop(home: Path) -> None:
    """End it and wait until it is gone; nothing happens where none runs."""
    if not _pid_file(home).exists():
        return
    pid = int(_pid_file(home).read_text())
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while runs(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
    _pid_file(home).unlink()


def runs(pid: int) -> bool:
    """Whether the process is there and no zombie; one that we started ourselves is reaped."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return is_running(Path(f"/proc/{pid}/stat"))
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_running(status: Path) -> bool:
    """Whether the process of this file of /proc (proc(5), `stat`) is no zombie.

    One whose first thread has ended looks like a zombie while others of it, field 20, still hold its port.
    """
    fields = status.read_text().rpartition(")")[2].split()
    return fields[0] != "Z" or int(fields[17]) > 1


def _description(home: Path) -> Path:
    return home / "service.json"


def _pid_file(home: Path) -> Path:
    return home / "registry.pid"


def main() -> None:
    what, home = sys.argv[1], Path(sys.argv[2])
    if what != "start":
        stop(home)
    if what != "stop":
        start(home)


if __name__ == "__main__":
    main()
