# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of Ansible's modules handle which kind of service."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._service_tasks import NOW, service_tasks

CLUSTER = {"namespace": "apps", "deployment": "registry", "context": None}
ALL = {"restart", "stop", "start"}


@pytest.mark.parametrize(
    ("service", "module"),
    [
        ({"systemd": "docker-registry"}, "ansible.builtin.systemd_service"),
        ({"init": "docker-registry"}, "ansible.builtin.sysvinit"),
        ({"docker": "registry"}, "community.docker.docker_container"),
        ({"podman": "registry"}, "containers.podman.podman_container"),
        ({"compose": {"project_src": "/srv", "service": "registry"}}, "community.docker.docker_compose_v2"),
    ],
)
def test_each_kind_has_a_module_that_does_all_three(service: dict[str, Any], module: str) -> None:
    tasks = service_tasks({**service, "kubernetes": None})
    assert set(tasks) == ALL
    assert {task.module for task in tasks.values()} == {module}
    assert tasks["stop"].arguments["state"] == "stopped"


def test_a_container_is_never_made_anew() -> None:
    for task in service_tasks({"docker": "registry"}).values():
        assert task.arguments["comparisons"] == {"*": "ignore"}
    compose = service_tasks({"compose": {"project_src": "/srv", "service": "registry"}})
    # The module calls `docker compose up` for both.
    for action in ("stop", "start"):
        arguments = compose[action].arguments
        assert {arguments[name] for name in ("recreate", "pull", "build")} == {"never"}
        assert arguments["dependencies"] is False


def test_a_compose_project_is_the_one_that_runs() -> None:
    named = {"project_name": "images", "files": ["a.yml"]}
    tasks = service_tasks({"compose": {"project_src": "/srv", "service": "registry", **named}})
    expected = {"project_src": "/srv", "services": ["registry"], **named}
    assert all(expected.items() <= task.arguments.items() for task in tasks.values())


def test_a_deployment_is_rolled_out_again_at_the_time_of_the_restart() -> None:
    tasks = service_tasks({"kubernetes": CLUSTER})
    template = tasks["restart"].arguments["definition"]["spec"]["template"]
    assert template["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": NOW}
    assert tasks["restart"].arguments["namespace"] == "apps"
    assert "context" not in tasks["restart"].arguments


def test_a_deployment_is_scaled_on_the_target_which_knows_its_replicas() -> None:
    assert set(service_tasks({"kubernetes": CLUSTER})) == {"restart"}


@pytest.mark.parametrize(
    "service",
    [
        None,
        "systemd",
        {},
        {"systemd": None},
        {"launchd": "registry"},
        {"systemd": "a", "init": "a"},
        {"compose": {"service": "registry"}},
        {"compose": "registry"},
        {"kubernetes": {"namespace": "apps"}},
        {"kubernetes": {"deployment": "registry"}},
    ],
)
def test_what_is_not_understood_is_left_to_the_module_to_refuse(service: Any) -> None:
    assert service_tasks(service) == {}
