# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry's service: how it is restarted, stopped and started."""

from __future__ import annotations

import json
import sys
from typing import Any, Mapping, NamedTuple

from ..._basics.errors import InvalidOptionError, MaintenanceError
from ..record import KeptService
from .command import parse_command, run_command, run_to_end
from .kinds import ACTIONS, Commands, Details, KubernetesDeployment, commands_for, read_kind

# How every module says so (ansible.module_utils.basic.missing_required_lib).
_LACKS_A_LIBRARY = "Failed to import the required Python library"
_WORDS = {"restart": "be restarted", "stop": "be stopped", "start": "be started"}


class Service(NamedTuple):
    """A service of some `kind` (`systemd`, ..., `command`; None where no option tells), and the commands by action.

    `programs` are paths of Python programs, by action, that are run instead of the commands: the modules that the user
    has for such a service.
    """

    kind: str | None
    details: Details | None
    commands: Commands
    programs: Mapping[str, str]

    def with_commands(self, commands: Commands) -> Service:
        """Return the same service with other commands for some actions."""
        programs = {action: path for action, path in self.programs.items() if action not in commands}
        return self._replace(commands={**self.commands, **commands}, programs=programs)

    def as_kept(self, kept: KeptService) -> Service:
        """Return the service as it was when it was stopped, and with what acted on it then."""
        service = self._replace(programs={**kept.programs, **self.programs}) if self.details is not None else self
        if kept.replicas and isinstance(self.details, KubernetesDeployment):
            details = self.details._replace(replicas=kept.replicas)
            return service._replace(details=details, commands=commands_for("kubernetes", details))
        return service

    def find(self, timeout: float) -> int | None:
        """Return how many replicas a start has to bring back; None for a service that has none."""
        if not isinstance(self.details, KubernetesDeployment):
            return None
        command = [*self.details.command(), "get", self.details.name, "-o", "jsonpath={.spec.replicas}"]
        said = run_command(command, timeout, "service.kubernetes: kubectl get")
        if not said.isdigit():
            raise MaintenanceError(f"service.kubernetes: kubectl get tells no number of replicas: {said[:100]!r}")
        return int(said)

    def can(self, action: str) -> bool:
        """Tell whether there is a way to do this."""
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


def read_service(options: Mapping[str, Any], timeout: float, programs: Mapping[str, str]) -> Service:
    """Return the service that the options `service`, `restart_command`, `stop_command` and `start_command` name.

    `programs` are there for a kind of service, not for commands; `timeout` (seconds) is how long kubectl waits.
    Raises InvalidOptionError.
    """
    found = read_kind(options.get("service"), timeout)
    if found is not None:
        return Service(*found, commands_for(*found), programs)
    given = {action: options.get(f"{action}_command") for action in ACTIONS}
    commands = {
        action: [parse_command(command, f"{action}_command")]
        for action, command in given.items()
        if command is not None
    }
    if "restart" not in commands and {"stop", "start"} <= commands.keys():
        commands["restart"] = commands["stop"] + commands["start"]
    return Service("command" if commands else None, None, commands, {})


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
