# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that is restarted by a command, as a service manager does it, and the module that closes it so."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from . import watchdogs
from .forked import run_forked
from .playbook import Result, run_module
from .pushing import takes_pushes
from .registries import PATIENCE, V3, RegistryProcess, wait_for

SECRET = "a-secret-of-the-file"
KEYS = {
    *{"changed", "state", "method", "mode_before", "mode_after"},
    *{"entered_at", "left_at", "window_seconds", "drained", "restarted", "lease_until"},
}
# For what does not depend on how the registry closes.
ONE_VERSION = pytest.mark.parametrize("version", [V3])
# What an init script does: end the process of the pid file, start a new one in the background.
SERVICE = """\
import os, signal, subprocess, sys, time
pid_file, log, *command = sys.argv[1:]
def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()
            return state[0] not in (b"Z", b"X") or int(state[17]) > 1
    except OSError:
        return False
if os.path.exists(pid_file):
    pid = int(open(pid_file).read())
    if alive(pid):
        os.kill(pid, signal.SIGTERM)
    while alive(pid):
        time.sleep(0.01)
with open(log, "ab") as out:
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
with open(pid_file, "w") as file:
    file.write(str(started.pid))
"""


class Service:
    """A registry that is restarted by a command, as a service manager does it."""

    def __init__(self, registry: RegistryProcess, prefix: list[str] | None = None) -> None:
        self.registry = registry
        registry.settings = {"http": {"secret": SECRET}}
        registry.write_config()
        self.config = registry.config_path
        self.config.chmod(0o640)
        # Outside of what is compared: a registry logs the probe as any other request.
        self.log = registry.home.with_name("service.log")
        self.pid_file = registry.home / "registry.pid"
        self.state_dir = registry.home.with_name("state")
        self.script = registry.home / "service.py"
        self.script.write_text(SERVICE)
        environment = {"OTEL_TRACES_EXPORTER": "none", **registry.environment}
        start = ["env", *(f"{name}={value}" for name, value in environment.items()), *(prefix or [])]
        start += [str(registry.binary), "serve", str(self.config)]
        self.restart = [sys.executable, str(self.script), str(self.pid_file), str(self.log), *start]

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def start(self) -> None:
        subprocess.run(self.restart, check=True)
        wait_for(self.registry.answers, f"the registry at {self.registry.url}, see {self.log}")

    def stop(self) -> None:
        if self.pid_file.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid_file.unlink()

    def options(self, state: str, **more: Any) -> dict[str, Any]:
        options = {
            "state": state,
            "registry_config": str(self.config),
            "restart_command": self.restart,
            "state_dir": str(self.state_dir),
            "timeout": PATIENCE,
            **more,
        }
        return {name: value for name, value in options.items() if value is not None}

    def run(self, state: str, *, check: bool = False, diff: bool = False, prefix: Any = (), **more: Any) -> Result:
        options = self.options(state, **more)
        if prefix:
            return run_module("maintenance", options, check=check, diff=diff, prefix=prefix)
        return run_forked("maintenance", options, check=check, diff=diff)[1]

    def succeed(self, state: str, *, check: bool = False, prefix: Any = (), **more: Any) -> Result:
        result = self.run(state, check=check, prefix=prefix, **more)
        assert not result.get("failed"), result["msg"]
        assert result.keys() - {"invocation", "warnings", "diff"} == KEYS
        return result

    def refused(self, state: str, *, check: bool = False, **more: Any) -> Result:
        result = self.run(state, check=check, **more)
        assert result.get("failed"), result
        assert isinstance(result["changed"], bool)
        assert SECRET not in json.dumps(result)
        return result

    def fail(self, state: str, *, check: bool = False, **more: Any) -> str:
        return str(self.refused(state, check=check, **more)["msg"])

    def records(self) -> list[str]:
        return [path.name for path in self.state_dir.glob("maintenance-*.json")]

    @property
    def lock(self) -> Path:
        return self.registry.storage / "docker/registry/drydock.lock"

    def has_left_nothing(self) -> bool:
        """No lock, no record, no watchdog and no boot hook."""
        files = list(self.state_dir.iterdir()) if self.state_dir.exists() else []
        return not (
            self.lock.exists() or files or watchdogs.processes(self.state_dir) or watchdogs.boot_hooks(self.state_dir)
        )

    def takes_pushes(self) -> bool:
        return takes_pushes(self.registry)


NewService = Callable[..., Service]


def file_state(path: Path) -> tuple[bytes, int, int, int]:
    found = path.stat()
    return path.read_bytes(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
