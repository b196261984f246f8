# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of an inventory, each with its own registry, and the collection's playbooks run against them."""

from __future__ import annotations

import shlex
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Iterable

from support import service
from support.playbook import PlaybookRun, Result, StartedPlaybook
from support.registries import PATIENCE, RegistryProcess, wait_for
from support.store import Store

# Pipelining spares each task two processes.
ENVIRONMENT = {
    "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "connection"),
    "ANSIBLE_PIPELINING": "true",
}


def inventory(hosts: Iterable[AnyHost]) -> dict[str, Any]:
    """An inventory with these hosts in the group that the playbooks take."""
    return {"registries": {"hosts": {host.name: host.variables() for host in hosts}}}


def start(
    playbook: str, hosts: Iterable[AnyHost], *arguments: str, check: bool = False, diff: bool = False, **variables: Any
) -> StartedPlaybook:
    """One of the three playbooks on these hosts; `variables` are those of the role, without their prefix."""
    return StartedPlaybook(
        f"drydock.registry.{playbook}",
        *arguments,
        inventory=inventory(hosts),
        extra_vars={f"registry_cleanup_{name}": value for name, value in variables.items()},
        check=check,
        diff=diff,
        environment=ENVIRONMENT,
    )


def play(playbook: str, hosts: Iterable[AnyHost], *arguments: str, **options: Any) -> PlaybookRun:
    """As `start`, to its end."""
    with start(playbook, hosts, *arguments, **options) as started:
        return started.finish()


class AnyHost(ABC):
    """A host of the group `registries`, reached locally."""

    name: str

    @abstractmethod
    def variables(self) -> dict[str, Any]:
        """The host's variables in the inventory."""

    def play(self, playbook: str, **options: Any) -> PlaybookRun:
        """As the function `play`, on this host alone."""
        return play(playbook, [self], **options)

    def cleanup(self, **options: Any) -> PlaybookRun:
        return self.play("cleanup", **options)

    def preview(self, **options: Any) -> PlaybookRun:
        return self.play("preview", **options)

    def restore(self, **options: Any) -> PlaybookRun:
        return self.play("restore", **options)


class UrlHost(AnyHost):
    """A host of which only the registry's URL is known; `variables` are more of the role's, without their prefix."""

    def __init__(self, registry: RegistryProcess, name: str = "registry1", **variables: Any) -> None:
        self.registry = registry
        self.name = name
        self._variables = {"registry_url": registry.url, **variables}

    def variables(self) -> dict[str, Any]:
        role = {f"registry_cleanup_{name}": value for name, value in self._variables.items()}
        return {"ansible_connection": "local", **role}


class Host(AnyHost):
    """A host with the registry's storage, whose registry runs as a service; `variables` as those of UrlHost."""

    def __init__(
        self,
        registry: RegistryProcess,
        restart_command: list[str],
        home: Path,
        name: str = "registry1",
        **variables: Any,
    ) -> None:
        self.registry = registry
        self.restart_command = restart_command
        self.home = home
        self.state_dir = home / "state"
        self.name = name
        self._variables = {
            "registry_config": str(registry.config_path),
            "maintenance": self.maintenance(),
            "grace_period": "0s",
            **variables,
        }

    @property
    def losses(self) -> Path:
        """How many commands from now on find the host away: a number in this file, none without it."""
        return self.home / "losses"

    @property
    def quarantine(self) -> Path:
        return Store(self.registry.storage).quarantine

    def configuration(self) -> tuple[bytes, int]:
        """The registry's configuration file: bytes and mode."""
        return self.registry.config_path.read_bytes(), self.registry.config_path.stat().st_mode

    def pid(self) -> str:
        """Of the registry's process; another one after a restart."""
        return (self.registry.home / "registry.pid").read_text()

    def maintenance(self, **changed: Any) -> dict[str, Any]:
        """How the registry is closed and reopened, with changes on top."""
        return {
            "restart_command": self.restart_command,
            "timeout": PATIENCE,
            "state_dir": str(self.state_dir),
            **changed,
        }

    def variables(self) -> dict[str, Any]:
        role = {f"registry_cleanup_{name}": value for name, value in self._variables.items()}
        return {"ansible_connection": "losable", "losable_losses": str(self.losses), **role}

    def script(self, name: str, *lines: str) -> list[str]:
        """A restart command that does something else before it restarts."""
        path = self.home / name
        path.write_text("\n".join(["#!/bin/sh", *lines, f"exec {shlex.join(self.restart_command)}", ""]))
        path.chmod(0o755)
        return [str(path)]

    def restart(self) -> None:
        """As somebody does by hand."""
        subprocess.run(service.command(self.registry), check=True)
        wait_for(self.registry.answers, f"the registry at {self.registry.url}")

    def is_writable(self) -> bool:
        """The registry's own answer to an empty manifest: 400 when it takes writes, 405 when it is read-only."""
        address = f"{self.registry.url}/v2/drydock/probe/manifests/none"
        answer = self.registry.session().put(address, data=b"", timeout=10)
        assert answer.status_code in (400, 405), answer.text
        return answer.status_code == 400


def result_of(run: PlaybookRun, host: str | None = None) -> Result:
    """The fact that the role leaves."""
    facts: Result = run.of("Keep the result", host)[-1]["ansible_facts"]["registry_cleanup_result"]
    return facts


def why(run: PlaybookRun, host: str | None = None) -> str:
    """What a run keeps of a host that failed: what failed and why, and what to do."""
    assert run.returncode != 0, run.output
    result = result_of(run, host)
    assert result["error"], run.output
    return f"{result['error']} {result['advice']}"


def checked(run: PlaybookRun, host: str | None = None) -> Result:
    """The role's result of a run that succeeded."""
    return result_of(run.check(), host)
