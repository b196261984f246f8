# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a registry's service can be acted on, asked before anything is touched, with questions that only read."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

from ..._basics.errors import MaintenanceError
from .command import has_program, run_to_end
from .kinds import Command, ComposeService, KubernetesDeployment
from .service import Service

#: There where systemd runs the host, sd_booted(3).
SYSTEMD_DIRECTORY = "/run/systemd/system"
SCRIPTS = "/etc/init.d"
# systemd's LoadState of a unit that it does not start.
_UNUSABLE = {
    "not-found": "systemd has no unit {unit}",
    "masked": "the unit {unit} is masked, so systemd never starts it",
    "bad-setting": "the file of the unit {unit} has a setting that systemd refuses",
    "error": "systemd can't read the file of the unit {unit}",
}
_IDLE = "{what} does not run, though the registry answers: something else seems to run it"
_SHOWN = 200

#: Return code and output of a command that asks. Raises MaintenanceError where it can't be run or does not end.
Ask = Callable[[Command], "tuple[int, str]"]


class Presence(NamedTuple):
    """`obstacle` says why the service can't be acted on, `doubt` what could not be found out; None for nothing."""

    obstacle: str | None = None
    doubt: str | None = None


def look_for(service: Service, actions: Iterable[str], timeout: float) -> Presence:
    """Return what speaks against these actions; each question takes at most `timeout` seconds."""

    def ask(command: Command) -> tuple[int, str]:
        return run_to_end(command, timeout, " ".join(command[:2]))

    answers = list(_answers(service, list(actions), ask))
    return next((one for one in answers if one.obstacle), next((one for one in answers if one.doubt), Presence()))


def _answers(service: Service, actions: Sequence[str], ask: Ask) -> Iterator[Presence]:
    if service.kind == "command":
        for option, command in dict(_given_commands(service, actions)).items():
            yield _of_command(option, command, ask)
    elif service.kind is not None:
        yield _named(f"service.{service.kind}", _of_kind(service, set(actions) <= service.programs.keys(), ask))


def _given_commands(service: Service, actions: Iterable[str]) -> Iterator[tuple[str, Command]]:
    for action in actions:
        chain = service.commands.get(action, [])
        # Without a command of its own a restart is these two.
        names = (action,) if len(chain) == 1 else ("stop", "start")
        yield from ((f"{name}_command", command) for name, command in zip(names, chain))


def _of_command(option: str, command: Command, ask: Ask) -> Presence:
    if not has_program(command[0]):
        return Presence(obstacle=f"{option}: there is no program {command[0]} in PATH that could be run")
    known = known_service(command)
    return _named(option, _QUESTIONS[known[0]](known[1], ask)) if known else Presence()


def known_service(command: Sequence[str]) -> tuple[str, str] | None:
    """Return kind and name of the service that a plain command of a service manager acts on; None for any other."""
    if len(command) != 3:
        return None
    manager, verb, name = command
    if manager == "service" and verb[0] != "-":
        return "init", verb
    known = manager in ("systemctl", "docker", "podman") and verb in ("restart", "stop", "start") and name[0] != "-"
    return ("systemd" if manager == "systemctl" else manager, name) if known else None


def _of_kind(service: Service, by_module: bool, ask: Ask) -> Presence:
    """`by_module` tells that a module of Ansible acts on the service, not the command of the service manager."""
    kind, details = str(service.kind), service.details
    if kind == "init":
        return of_script(str(details), os.access(os.path.join(SCRIPTS, str(details)), os.X_OK), by_module)
    program = service.commands["restart"][0][0]
    if not has_program(program):
        missing = f"there is no program {program} in PATH"
        # The module talks to the engine itself.
        return Presence(doubt=missing) if by_module and kind == "docker" else Presence(obstacle=missing)
    if by_module and kind == "docker":
        # The module knows no contexts.
        return _QUESTIONS[kind](details, lambda command: ask(["env", "DOCKER_CONTEXT=default", *command]))
    return _QUESTIONS[kind](details, ask)


def _named(option: str, answer: Presence) -> Presence:
    return Presence(*(text and f"{option}: {text}" for text in answer))


def _asked(ask: Ask, command: Command, judge: Callable[[int, str], Presence]) -> Presence:
    try:
        return judge(*ask(command))
    except MaintenanceError as error:
        return Presence(doubt=str(error))


def _systemd(unit: str, ask: Ask) -> Presence:
    command = ["systemctl", "show", "--property=LoadState,ActiveState", unit]
    is_booted = os.path.isdir(SYSTEMD_DIRECTORY)
    return _asked(ask, command, lambda code, said: of_unit(unit, code, said, is_booted))


def of_unit(unit: str, code: int, said: str, is_booted: bool) -> Presence:
    """Judge what `systemctl show` said of LoadState and ActiveState (systemd.unit(5), systemctl(1)).

    In containers a script may stand in for it that restarts services and tells nothing of them.
    """
    found = dict(line.partition("=")[::2] for line in said.splitlines())
    loaded = found.get("LoadState")
    if loaded is None and code != 0 and not is_booted:
        return Presence(obstacle=f"systemd does not run this host ({shortened(said)})")
    if loaded in _UNUSABLE:
        return Presence(obstacle=_UNUSABLE[loaded].format(unit=unit))
    if loaded != "loaded":
        return Presence(doubt=f"systemctl show {unit} does not tell whether there is the unit: {shortened(said)}")
    is_idle = found.get("ActiveState") in ("inactive", "failed")
    return Presence(doubt=_IDLE.format(what=f"the unit {unit}")) if is_idle else Presence()


def of_script(name: str, is_there: bool, by_module: bool) -> Presence:
    """Judge whether there is an init script; `service` (service(8)) starts others than scripts, too."""
    if is_there:
        return Presence()
    missing = f"there is no init script {os.path.join(SCRIPTS, name)} that could be run"
    return Presence(obstacle=missing) if by_module or not has_program("service") else Presence(doubt=missing)


def _init(name: str, _ask: Ask) -> Presence:
    return of_script(name, os.access(os.path.join(SCRIPTS, name), os.X_OK), by_module=False)


def _container(program: str, engine: str, name: str, ask: Ask) -> Presence:
    command = [program, "container", "inspect", "--format={{.State.Running}}", name]
    return _asked(ask, command, lambda code, said: of_container(engine, name, code, said))


def of_container(engine: str, name: str, code: int, said: str) -> Presence:
    """Judge what the engine's `container inspect` said of whether it runs."""
    if code == 0:
        return Presence(doubt=_IDLE.format(what=f"the container {name}")) if said == "false" else Presence()
    if "no such container" in said.lower():
        return Presence(obstacle=f"{engine} has no container {name}")
    return Presence(doubt=f"{engine} does not tell whether there is the container {name}: {shortened(said)}")


def _compose(details: ComposeService, ask: Ask) -> Presence:
    if not os.path.isdir(details.project_src):
        return Presence(obstacle=f"there is no directory {details.project_src}")
    try:
        if ask(["docker", "compose", "version"])[0] != 0:
            return Presence(obstacle="the docker of this host has no command compose")
        return of_compose_service(details, *ask([*details.command(), "ps", "--all", "--quiet", details.service]))
    except MaintenanceError as error:
        return Presence(doubt=str(error))


def of_compose_service(details: ComposeService, code: int, said: str) -> Presence:
    """Judge what `docker compose ps --all --quiet` said: the ids of the service's containers."""
    where = f"the project in {details.project_src}"
    if "no such service" in said.lower():
        return Presence(obstacle=f"{where} has no service {details.service}")
    if code == 0 and not said:
        called = "another project_name" if details.project_name else "a project_name"
        return Presence(obstacle=f"{where} has no container of {details.service}; was it started under {called}?")
    unknown = f"Compose does not tell whether {where} has a container of {details.service}: {shortened(said)}"
    return Presence(doubt=unknown) if code != 0 else Presence()


def _kubernetes(details: KubernetesDeployment, ask: Ask) -> Presence:
    command = [*details.command(), "get", details.name, "--output=name"]
    return _asked(ask, command, lambda code, said: of_deployment(details.name, code, said))


def of_deployment(name: str, code: int, said: str) -> Presence:
    """Judge what `kubectl get` said."""
    if code == 0:
        return Presence()
    if "NotFound" in said:
        return Presence(obstacle=f"there is no {name} in the namespace")
    return Presence(doubt=f"kubectl does not tell whether there is {name}: {shortened(said)}")


def shortened(said: str) -> str:
    """Return the end of a command's output in one line."""
    return " ".join(said[-_SHOWN:].split()) or "no output"


_QUESTIONS: Mapping[str, Callable[[Any, Ask], Presence]] = {
    "systemd": _systemd,
    "init": _init,
    "docker": partial(_container, "docker", "Docker"),
    "podman": partial(_container, "podman", "Podman"),
    "compose": _compose,
    "kubernetes": _kubernetes,
}
