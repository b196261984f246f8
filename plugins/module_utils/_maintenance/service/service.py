# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a registry is restarted, stopped and started: from the options to commands. Which commands, is pure."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any, Callable, Dict, List, Mapping, Optional

from ..._basics.durations import parse_duration
from ..._basics.errors import InvalidOptionError, MaintenanceError
from .command import parse_command, run_command, run_to_end

ACTIONS = ("restart", "stop", "start")
# How every module says so (ansible.module_utils.basic.missing_required_lib).
_LACKS_A_LIBRARY = "Failed to import the required Python library"
_COMPOSE_VARIABLES = {"files": "COMPOSE_FILE", "project_name": "COMPOSE_PROJECT_NAME"}

Command = List[str]
#: Commands by action, each action a chain that is run in order.
Commands = Dict[str, List[Command]]


class Service:
    """A registry's service of some `kind` (`systemd`, ..., `command`; None where no option tells).

    `details` is the value of that key of the option `service`. `programs` are paths of Python programs, by action,
    that are run instead of the commands: the modules that the user has for such a service.
    """

    def __init__(self, kind: Optional[str], details: Any, commands: Commands, programs: Mapping[str, str]) -> None:
        self.kind = kind
        self.details = details
        self.commands = commands
        self.programs = programs

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Service:
        """From the options `service`, `restart_command`, `stop_command`, `start_command`. Raises InvalidOptionError."""
        programs = params.get("_service_programs") or {}
        given = {action: params.get(f"{action}_command") for action in ACTIONS}
        kind, details = _kind_and_details(params.get("service"))
        if kind == "kubernetes":
            # What was found where it was stopped, and how long kubectl waits.
            details = {**details, **(params.get("_service_found") or {}), "timeout": params["timeout"]}
        if kind is not None:
            return cls(kind, details, _DERIVED[kind](details), programs)
        commands = {
            action: [parse_command(command, f"{action}_command")]
            for action, command in given.items()
            if command is not None
        }
        if "restart" not in commands and {"stop", "start"} <= commands.keys():
            commands["restart"] = commands["stop"] + commands["start"]
        return cls("command" if commands else None, None, commands, {})

    def with_commands(self, commands: Commands) -> Service:
        """The same service with other commands for some actions."""
        programs = {action: path for action, path in self.programs.items() if action not in commands}
        return Service(self.kind, self.details, {**self.commands, **commands}, programs)

    def find(self, timeout: float) -> Dict[str, Any]:
        """What `start` has to know of how the service runs now, as JSON: the number of a deployment's replicas."""
        if self.kind != "kubernetes":
            return {}
        command = [*kubectl_command(self.details), "get", _deployment(self.details), "-o", "jsonpath={.spec.replicas}"]
        said = run_command(command, timeout, "service.kubernetes: kubectl get")
        if not said.isdigit():
            raise MaintenanceError(f"service.kubernetes: kubectl get tells no number of replicas: {said[:100]!r}")
        return {"replicas": int(said)}

    def can(self, action: str) -> bool:
        return action in self.programs or action in self.commands

    def require(self, action: str) -> None:
        """Raise InvalidOptionError where there is no way to do this."""
        if not self.can(action):
            raise InvalidOptionError(
                f"{action}_command", None, f"a command, or the option service, for the registry has to {_WORDS[action]}"
            )

    def run(self, action: str, timeout: float) -> None:
        """Do it, at most `timeout` seconds for each command. Raises MaintenanceError."""
        self.require(action)
        if action in self.programs and _run_program(self.programs[action], f"the {self.kind} module", timeout):
            return
        for command in self.commands[action]:
            option = f"{action}_command" if self.kind == "command" else f"service.{self.kind}:"
            run_command(command, timeout, f"{option} {command[0]}")


_WORDS = {"restart": "be restarted", "stop": "be stopped", "start": "be started"}


def _kind_and_details(service: Optional[Mapping[str, Any]]) -> tuple[Optional[str], Any]:
    given = {kind: details for kind, details in (service or {}).items() if details is not None}
    if not given:
        return None, None
    if len(given) > 1:
        raise InvalidOptionError("service", ", ".join(sorted(given)), "one kind of service, not more")
    return next(iter(given.items()))


def _systemd(unit: str) -> Commands:
    return {action: [["systemctl", action, unit]] for action in ACTIONS}


def _init(name: str) -> Commands:
    script = ["service", name] if shutil.which("service") else [f"/etc/init.d/{name}"]
    return {action: [[*script, action]] for action in ACTIONS}


def _container(engine: str) -> Callable[[str], Commands]:
    def derive(container: str) -> Commands:
        return {action: [[engine, action, container]] for action in ACTIONS}

    return derive


def compose_command(details: Mapping[str, Any], *more_files: str) -> Command:
    """`docker compose` for a project, up to its own options; `more_files` are laid over the project's files."""
    directory, name = details["project_src"], details.get("project_name")
    project = ["--project-name", name] if name else []
    # As the module takes them; Compose itself looks for them from where it is called.
    files = [os.path.join(directory, file) for file in [*(details.get("files") or []), *more_files]]
    named = [word for file in files for word in ("-f", file)]
    return ["docker", "compose", "--project-directory", directory, *project, *named]


def _compose(details: Mapping[str, Any]) -> Commands:
    _refuse_variables_of_compose(details)
    return {action: [[*compose_command(details), action, details["service"]]] for action in ACTIONS}


def _refuse_variables_of_compose(details: Mapping[str, Any]) -> None:
    """Raise InvalidOptionError where the project is known to this environment alone: the watchdog has another."""
    for name, variable in _COMPOSE_VARIABLES.items():
        if variable in os.environ and not details.get(name):
            raise InvalidOptionError(
                "service", "compose", f"the key {name} too, for {variable} in the task's environment is not followed"
            )


def kubectl_command(details: Mapping[str, Any]) -> Command:
    """`kubectl` for a cluster and namespace, up to its verb."""
    flags = {name: details.get(name) for name in ("kubeconfig", "context", "namespace")}
    return ["kubectl", *(f"--{name}={value}" for name, value in flags.items() if value)]


def _deployment(details: Mapping[str, Any]) -> str:
    return f"deployment/{details['deployment']}"


def _kubernetes(details: Mapping[str, Any]) -> Commands:
    kubectl, deployment = kubectl_command(details), _deployment(details)
    seconds = int(parse_duration(details["timeout"], "timeout"))
    settled = [*kubectl, "rollout", "status", deployment, f"--timeout={seconds}s"]
    return {
        "restart": [[*kubectl, "rollout", "restart", deployment], settled],
        "stop": [[*kubectl, "scale", deployment, "--replicas=0"], settled],
        "start": [[*kubectl, "scale", deployment, f"--replicas={details.get('replicas') or 1}"], settled],
    }


_DERIVED: Mapping[str, Callable[[Any], Commands]] = {
    "systemd": _systemd,
    "init": _init,
    "docker": _container("docker"),
    "podman": _container("podman"),
    "compose": _compose,
    "kubernetes": _kubernetes,
}


def _run_program(path: str, what: str, timeout: float) -> bool:
    """Run a module as Ansible does; it tells by its JSON, more than by its return code, whether it failed.

    False where the module could do nothing, for a Python library that it needs is not on this host.
    """
    code, said = run_to_end([sys.executable, path], timeout, what)
    try:
        result = json.JSONDecoder().raw_decode(said, said.index("{"))[0]
    except ValueError:
        raise MaintenanceError(f"{what} ended with return code {code} and no result") from None
    if code == 0 and not result.get("failed"):
        return True
    reason = str(result.get("msg", "it gave no reason"))
    if reason.startswith(_LACKS_A_LIBRARY):
        return False
    raise MaintenanceError(f"{what} failed: {reason}")
