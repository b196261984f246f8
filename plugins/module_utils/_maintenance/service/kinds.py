# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of service that a registry can be, as the option `service` names them, and the commands for each."""

from __future__ import annotations

import os
import shutil
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Union

from ..._basics.errors import InvalidOptionError

ACTIONS = ("restart", "stop", "start")
_COMPOSE_VARIABLES = {"files": "COMPOSE_FILE", "project_name": "COMPOSE_PROJECT_NAME"}

Command = List[str]
#: Commands by action, each action a chain that is run in order.
Commands = Dict[str, List[Command]]


class ComposeService(NamedTuple):
    """A service of a Compose project; `files` as the user names them, none where Compose looks for them itself."""

    project_src: str
    service: str
    project_name: str | None = None
    files: tuple[str, ...] = ()

    def command(self, *more_files: str) -> Command:
        """Return `docker compose` for the project, up to its own options; `more_files` are laid over its files."""
        project = ["--project-name", self.project_name] if self.project_name else []
        # As the module takes them; Compose itself looks for them from where it is called.
        files = [os.path.join(self.project_src, file) for file in (*self.files, *more_files)]
        named = [word for file in files for word in ("-f", file)]
        return ["docker", "compose", "--project-directory", self.project_src, *project, *named]


class KubernetesDeployment(NamedTuple):
    """A deployment; None is for what kubectl takes by itself. `timeout` (seconds) is how long it waits.

    `replicas` is how many a start brings back.
    """

    deployment: str
    namespace: str | None
    kubeconfig: str | None
    context: str | None
    timeout: float
    replicas: int = 1

    @property
    def name(self) -> str:
        """Return the deployment as kubectl calls it."""
        return f"deployment/{self.deployment}"

    def command(self) -> Command:
        """Return `kubectl` for the cluster and namespace, up to its verb."""
        flags = {"kubeconfig": self.kubeconfig, "context": self.context, "namespace": self.namespace}
        return ["kubectl", *(f"--{name}={value}" for name, value in flags.items() if value)]


#: What the option has under the key of the kind.
Details = Union[str, ComposeService, KubernetesDeployment]


def read_kind(service: Mapping[str, Any] | None, timeout: float) -> tuple[str, Details] | None:
    """Return the kind and its details that the option `service` gives; None for none. Raises InvalidOptionError."""
    given = {kind: details for kind, details in (service or {}).items() if details is not None}
    if not given:
        return None
    if len(given) > 1:
        raise InvalidOptionError("service", ", ".join(sorted(given)), "one kind of service, not more")
    ((kind, details),) = given.items()
    if kind == "compose":
        return kind, _read_compose(details)
    if kind == "kubernetes":
        where = {name: details.get(name) for name in ("namespace", "kubeconfig", "context")}
        return kind, KubernetesDeployment(details["deployment"], **where, timeout=timeout)
    return kind, str(details)


def commands_for(kind: str, details: Any) -> Commands:
    """Return the commands that restart, stop and start a service of this kind."""
    return _COMMANDS[kind](details)


def _read_compose(details: Mapping[str, Any]) -> ComposeService:
    """Raise InvalidOptionError where the project is known to this environment alone: the watchdog has another."""
    for name, variable in _COMPOSE_VARIABLES.items():
        if variable in os.environ and not details.get(name):
            raise InvalidOptionError(
                "service", "compose", f"the key {name} too, for {variable} in the task's environment is not followed"
            )
    files = tuple(details.get("files") or ())
    return ComposeService(details["project_src"], details["service"], details.get("project_name"), files)


def _systemd(unit: str) -> Commands:
    return {action: [["systemctl", action, unit]] for action in ACTIONS}


def _init(name: str) -> Commands:
    script = ["service", name] if shutil.which("service") else [f"/etc/init.d/{name}"]
    return {action: [[*script, action]] for action in ACTIONS}


def _docker(container: str) -> Commands:
    return {action: [["docker", action, container]] for action in ACTIONS}


def _podman(container: str) -> Commands:
    return {action: [["podman", action, container]] for action in ACTIONS}


def _compose(details: ComposeService) -> Commands:
    return {action: [[*details.command(), action, details.service]] for action in ACTIONS}


def _kubernetes(details: KubernetesDeployment) -> Commands:
    kubectl = details.command()
    settled = [*kubectl, "rollout", "status", details.name, f"--timeout={int(details.timeout)}s"]
    return {
        "restart": [[*kubectl, "rollout", "restart", details.name], settled],
        "stop": [[*kubectl, "scale", details.name, "--replicas=0"], settled],
        "start": [[*kubectl, "scale", details.name, f"--replicas={details.replicas}"], settled],
    }


_COMMANDS: Mapping[str, Callable[[Any], Commands]] = {
    "systemd": _systemd,
    "init": _init,
    "docker": _docker,
    "podman": _podman,
    "compose": _compose,
    "kubernetes": _kubernetes,
}
