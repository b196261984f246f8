# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of service managers say of whether a registry's service can be acted on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service import presence
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service.kinds import ComposeService
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service.presence import Presence
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service.service import read_service

NOT_BOOTED = "System has not been booted with systemd as init system (PID 1). Can't operate."
PROJECT = ComposeService("/srv/registry", "registry")


def kind_of(answer: Presence) -> str:
    return "obstacle" if answer.obstacle else "doubt" if answer.doubt else "fine"


@pytest.mark.parametrize(
    ("said", "is_booted", "kind", "words"),
    [
        ("LoadState=loaded\nActiveState=active", True, "fine", ""),
        ("ActiveState=active\nLoadState=loaded", False, "fine", ""),  # a stand-in for systemd in a container
        ("LoadState=loaded\nActiveState=inactive", True, "doubt", "does not run"),
        ("LoadState=loaded\nActiveState=failed", True, "doubt", "does not run"),
        ("LoadState=not-found\nActiveState=inactive", True, "obstacle", "systemd has no unit registry"),
        ("LoadState=masked\nActiveState=active", True, "obstacle", "masked"),
        ("LoadState=bad-setting", True, "obstacle", "refuses"),
        ("LoadState=error", True, "obstacle", "can't read"),
        ("LoadState=merged", True, "doubt", "does not tell"),
        (NOT_BOOTED, False, "obstacle", "systemd does not run this host (System has not been booted"),
        ("", False, "doubt", "does not tell whether there is the unit: no output"),
        ("Failed to connect to bus: Permission denied", True, "doubt", "Permission denied"),
    ],
)
def test_a_unit(said: str, is_booted: bool, kind: str, words: str) -> None:
    answer = presence.of_unit("registry", int("=" not in said and said != ""), said, is_booted)
    assert kind_of(answer) == kind
    assert words in (answer.obstacle or answer.doubt or "")


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (0, "true", "fine"),
        (0, "false", "doubt"),
        (1, "Error response from daemon: No such container: registry", "obstacle"),
        (125, 'Error: no such container "registry"', "obstacle"),
        (1, "permission denied while trying to connect to the Docker daemon socket", "doubt"),
        (1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "doubt"),
    ],
)
def test_a_container(code: int, said: str, kind: str) -> None:
    assert kind_of(presence.of_container("Docker", "registry", code, said)) == kind


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [(0, "0123abc", "fine"), (0, "", "obstacle"), (1, "no such service: registry", "obstacle"), (14, "what?", "doubt")],
)
def test_a_service_of_compose(code: int, said: str, kind: str) -> None:
    assert kind_of(presence.of_compose_service(PROJECT, code, said)) == kind


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (0, "deployment.apps/registry", "fine"),
        (1, 'Error from server (NotFound): deployments.apps "registry" not found', "obstacle"),
        (1, "The connection to the server localhost:8080 was refused", "doubt"),
    ],
)
def test_a_deployment(code: int, said: str, kind: str) -> None:
    assert kind_of(presence.of_deployment("deployment/registry", code, said)) == kind


@pytest.mark.parametrize(
    ("is_there", "by_module", "kind"),
    [(True, True, "fine"), (True, False, "fine"), (False, True, "obstacle"), (False, False, "doubt")],
)
def test_an_init_script(is_there: bool, by_module: bool, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`service` starts what has no script as well, Ansible's module does not."""
    monkeypatch.setattr(presence, "has_program", lambda _name: True)
    assert kind_of(presence.of_script("registry", is_there, by_module)) == kind


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("systemctl restart docker-registry", ("systemd", "docker-registry")),
        ("docker stop registry", ("docker", "registry")),
        ("podman start registry", ("podman", "registry")),
        ("service docker-registry restart", ("init", "docker-registry")),
        ("systemctl --user restart", None),
        ("systemctl restart --all", None),
        ("docker compose restart", None),
        ("docker exec registry", None),
        ("systemctl restart registry nginx", None),
        ("service --full-restart registry", None),
        ("/usr/local/bin/restart-registry", None),
    ],
)
def test_commands_that_name_a_service(command: str, found: Any) -> None:
    assert presence.known_service(command.split()) == found


@pytest.mark.parametrize(
    ("options", "actions", "obstacle"),
    [
        ({"restart_command": "true"}, ["restart"], None),
        ({"restart_command": "true", "stop_command": "there-is-none"}, ["restart"], None),
        ({"restart_command": "there-is-none"}, ["restart"], "restart_command: there is no program there-is-none"),
        ({"restart_command": "/etc/hostname"}, ["restart"], "restart_command: there is no program /etc/hostname"),
        ({"stop_command": "true", "start_command": "there-is-none"}, ["stop", "start"], "start_command: "),
        ({"stop_command": "there-is-none", "start_command": "true"}, ["restart"], "stop_command: "),
        ({"service": {"podman": "registry"}}, ["restart"], "service.podman: there is no program podman in PATH"),
        ({"service": {"systemd": "registry"}}, ["restart"], "service.systemd: there is no program systemctl in PATH"),
        ({}, [], None),
    ],
)
def test_programs_that_are_missing(
    options: dict[str, Any], actions: list[str], obstacle: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "has_program", lambda name: name == "true")
    answer = presence.look_for(read_service(options, 10.0, {}), actions, 10.0)
    assert (answer.obstacle or "").startswith(obstacle or "")
    assert (answer.obstacle is None) == (obstacle is None)


def test_an_engine_that_only_a_module_can_ask_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "has_program", lambda _name: False)
    service = read_service({"service": {"docker": "registry"}}, 10.0, {"restart": "/restart.py"})
    assert kind_of(presence.look_for(service, ["restart"], 10.0)) == "doubt"
