# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands restart, stop and start a registry's service, and what they say when they fail."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    InvalidOptionError,
    MaintenanceError,
)
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import KeptService
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service.service import Service, read_service

COMPOSE = ["docker", "compose", "--project-directory", "/srv/registry"]
KUBECTL = ["kubectl", "--kubeconfig=/root/.kube/config", "--context=prod", "--namespace=infra"]
CLUSTER = {"deployment": "registry", "namespace": "infra", "kubeconfig": "/root/.kube/config", "context": "prod"}
SETTLED = [*KUBECTL, "rollout", "status", "deployment/registry", "--timeout=90s"]

FAILS = """\
import json, sys
print(json.dumps({"failed": True, "msg": missing_required_lib("requests")}))
sys.exit(1)
"""


def service(**options: Any) -> Service:
    return read_service(options, 90.0, options.get("programs", {}))


@pytest.mark.parametrize(
    ("details", "restart"),
    [
        ({"systemd": "docker-registry"}, [["systemctl", "restart", "docker-registry"]]),
        ({"docker": "registry"}, [["docker", "restart", "registry"]]),
        ({"podman": "registry"}, [["podman", "restart", "registry"]]),
        (
            {"compose": {"project_src": "/srv/registry", "service": "web", "files": None}},
            [[*COMPOSE, "restart", "web"]],
        ),
        (
            {"compose": {"project_src": "/srv/registry", "service": "web", "files": ["a.yml", "/b.yml"]}},
            [[*COMPOSE, "-f", "/srv/registry/a.yml", "-f", "/b.yml", "restart", "web"]],
        ),
        (
            {"compose": {"project_src": "/srv/registry", "service": "web", "project_name": "images"}},
            [[*COMPOSE, "--project-name", "images", "restart", "web"]],
        ),
        ({"kubernetes": CLUSTER}, [[*KUBECTL, "rollout", "restart", "deployment/registry"], SETTLED]),
        ({"kubernetes": {"deployment": "web"}}, [["kubectl", "rollout", "restart", "deployment/web"]]),
    ],
)
def test_how_a_kind_of_service_is_restarted(details: dict[str, Any], restart: list[list[str]]) -> None:
    # AnsibleModule gives every key, those not used as None.
    found = service(service={"init": None, **details})
    assert found.kind == next(iter(details))
    assert found.commands["restart"][: len(restart)] == restart


@pytest.mark.parametrize(("key", "variable"), [("files", "COMPOSE_FILE"), ("project_name", "COMPOSE_PROJECT_NAME")])
def test_a_project_that_only_the_environment_knows_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, variable: str
) -> None:
    """The watchdog would start another one."""
    monkeypatch.setenv(variable, "images")
    project: dict[str, Any] = {"project_src": "/srv/registry", "service": "web"}
    with pytest.raises(InvalidOptionError, match=f"the key {key}"):
        service(service={"compose": project})
    assert service(service={"compose": {**project, key: ["images"]}}).kind == "compose"


def test_an_init_script_is_run_itself_where_there_is_no_service_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/sbin/service")
    assert service(service={"init": "registry"}).commands["stop"] == [["service", "registry", "stop"]]
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert service(service={"init": "registry"}).commands["stop"] == [["/etc/init.d/registry", "stop"]]


def test_a_deployment_is_stopped_and_comes_back_with_its_replicas() -> None:
    stopped = service(service={"kubernetes": CLUSTER})
    assert stopped.commands["stop"] == [[*KUBECTL, "scale", "deployment/registry", "--replicas=0"], SETTLED]
    later = stopped.as_kept(KeptService(replicas=3))
    assert later.commands["start"] == [[*KUBECTL, "scale", "deployment/registry", "--replicas=3"], SETTLED]


def test_commands_are_lists_or_strings() -> None:
    found = service(restart_command="rc-service registry restart", stop_command=["kill", 7])
    assert found.kind == "command"
    assert found.commands == {"restart": [["rc-service", "registry", "restart"]], "stop": [["kill", "7"]]}
    with pytest.raises(InvalidOptionError, match="start_command"):
        found.require("start")


def test_more_than_one_kind_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="docker, systemd"):
        service(service={"docker": "registry", "systemd": "registry"})


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ('\'{"failed": true, "msg": "no such unit"}\'); sys.exit(1', "the systemd module failed: no such unit"),
        ("'Traceback'); sys.exit(1", "the systemd module ended with return code 1 and no result"),
    ],
)
def test_a_program_says_why_it_failed(tmp_path: Path, printed: str, expected: str) -> None:
    path = tmp_path / "restart.py"
    path.write_text(f"import sys; print({printed})")
    with pytest.raises(MaintenanceError, match=expected):
        service(service={"systemd": "x"}, programs={"restart": str(path)}).run("restart", 60)


def test_a_chain_ends_with_its_first_failure(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    chain = [[sys.executable, "-c", "import sys; sys.exit('no connection')"], ["touch", str(trace)]]
    with pytest.raises(MaintenanceError, match="return code 1: no connection"):
        service(service={"systemd": "x"}).with_commands({"restart": chain}).run("restart", 60)
    assert not trace.exists()


def test_a_command_does_it_where_the_host_lacks_what_a_module_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Having a collection on the controller says nothing about the Python of its hosts."""
    module, docker = tmp_path / "module.py", tmp_path / "docker"
    module.write_text(f"from ansible.module_utils.basic import missing_required_lib\n{FAILS}")
    docker.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    service(service={"docker": "registry"}, programs={"restart": str(module)}).run("restart", 60)
    assert (tmp_path / "called").read_text() == "restart registry\n"
