# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real registries that can be closed, one class for each way but that of the configuration file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Callable

from support import images, service
from support.forked import run_forked
from support.nginx import NginxProcess
from support.playbook import Result
from support.pushing import PushError, push
from support.registries import PATIENCE, Registry, RegistryProcess, wait_for

NewClosable = Callable[..., "Closable"]
"""What the fixture `new_closable` is: makes a registry that is closed in one way; options as NginxProcess has."""


class Closable:
    """A registry as a service, the options that close it, and `front`, where its clients meet it.

    `closes` and `opens` are what the user's own tasks would do, before the module is called.
    """

    method = ""
    mode = "read_only"

    def __init__(self, registry: RegistryProcess, home: Path) -> None:
        self.registry = registry
        self.front: Registry = registry
        self.home = home
        self.state_dir = home / "state"

    def options(self) -> dict[str, Any]:
        return {}

    def closes(self) -> None:
        """Nothing, but for the method tasks."""

    def opens(self) -> None:
        """Nothing, but for the method tasks."""

    def found(self) -> dict[str, Any]:
        """What must be as before when the registry is open again: files by path, with their bytes, owner and mode."""
        left_out = {"registry/storage", "registry/registry.pid", "state"}
        files = [path for path in sorted(self.home.rglob("*")) if not path.name.endswith(".log")]
        shown = [path for path in files if not any(path.is_relative_to(self.home / one) for one in left_out)]
        return {str(path): _state(path) for path in shown}

    def run(self, state: str, *, check: bool = False, diff: bool = False, **more: Any) -> Result:
        options = {
            "state": state,
            "method": self.method,
            "registry_config": str(self.registry.config_path),
            "state_dir": str(self.state_dir),
            "timeout": PATIENCE,
            **self.options(),
            **more,
        }
        return run_forked("maintenance", options, check=check, diff=diff)[1]

    def succeed(self, state: str, *, check: bool = False, **more: Any) -> Result:
        result = self.run(state, check=check, diff=True, **more)
        assert not result.get("failed"), result["msg"]
        return result

    def fail(self, state: str, *, check: bool = False, **more: Any) -> str:
        result = self.run(state, check=check, **more)
        assert result.get("failed"), result
        return str(result["msg"])

    def records(self) -> list[str]:
        return [path.name for path in self.state_dir.glob("maintenance-*.json")]

    def takes_pushes(self) -> bool:
        try:
            push(self.front, "team/app", images.image(os.urandom(4).hex()), "pushed")
        except (PushError, OSError):
            return False
        return True


class ByVariable(Closable):
    """The service reads a file of variables, as a unit with EnvironmentFile does."""

    method = "environment"

    def __init__(self, registry: RegistryProcess, home: Path) -> None:
        super().__init__(registry, home)
        self.variables = home / "default"
        self.variables.write_text("# of the package\nREGISTRY_LOG_LEVEL=error\n")
        self.variables.chmod(0o640)
        os.chown(self.variables, 12345, 54321)
        restart = " ".join(service.command(registry))
        self.script = home / "restart"
        self.script.write_text(f"#!/bin/sh\nset -a\n. {self.variables}\nexec {restart}\n")
        self.script.chmod(0o755)

    def options(self) -> dict[str, Any]:
        return {"environment_file": str(self.variables), "restart_command": [str(self.script)]}


class ByProxy(Closable):
    method = "proxy_flag"

    def __init__(self, registry: RegistryProcess, home: Path, nginx: NginxProcess) -> None:
        super().__init__(registry, home)
        self.front = self.nginx = nginx

    def options(self) -> dict[str, Any]:
        return {**self.nginx.options(), "restart_command": service.command(self.registry)}


class ByStopping(Closable):
    method, mode = "stop", "stopped"

    def options(self) -> dict[str, Any]:
        return {f"{action}_command": service.command(self.registry, action) for action in ("stop", "start")}


class ByTasks(Closable):
    """The tasks start the registry anew with a variable."""

    method = "tasks"

    def closes(self) -> None:
        self._restart({"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":true}'})

    def opens(self) -> None:
        self._restart({})

    def _restart(self, environment: dict[str, str]) -> None:
        self.registry.environment = environment
        service.install(self.registry)
        subprocess.run(service.command(self.registry), check=True)
        wait_for(self.registry.answers, "the registry to answer")


def _state(path: Path) -> tuple[Any, ...]:
    found = path.lstat()
    return (path.read_bytes() if path.is_file() else None, found.st_mode, found.st_uid, found.st_gid)
