# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules with which Ansible's users restart, stop and start services, as the option `service` asks for them."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple

#: Stands in arguments for the time at which a program runs.
NOW = "@drydock-now@"


class ServiceTask(NamedTuple):
    """A module by its full name, and its arguments."""

    module: str
    arguments: dict[str, Any]


def service_tasks(service: Any) -> dict[str, ServiceTask]:
    """Return the tasks by action (`restart`, `stop`, `start`) for the kind of service that the option `service` names.

    For an action that is missing the module has a command of its own. Empty for what can't be understood: the module
    then says what is wrong with it.
    """
    given = [(kind, details) for kind, details in service.items() if details] if isinstance(service, Mapping) else []
    if len(given) != 1 or given[0][0] not in _KINDS:
        return {}
    kind, details = given[0]
    try:
        return _KINDS[kind](details)
    except (KeyError, TypeError):
        return {}


def _tasks(module: str, restart: dict[str, Any], stop: dict[str, Any], start: dict[str, Any]) -> dict[str, ServiceTask]:
    return {
        "restart": ServiceTask(module, restart),
        "stop": ServiceTask(module, stop),
        "start": ServiceTask(module, start),
    }


def _systemd(unit: str) -> dict[str, ServiceTask]:
    # systemd has to read again what a drop-in changed.
    fresh = {"name": unit, "daemon_reload": True}
    return _tasks(
        "ansible.builtin.systemd_service",
        {**fresh, "state": "restarted"},
        {"name": unit, "state": "stopped"},
        {**fresh, "state": "started"},
    )


def _init(name: str) -> dict[str, ServiceTask]:
    states = {"restart": "restarted", "stop": "stopped", "start": "started"}
    return {
        action: ServiceTask("ansible.builtin.sysvinit", {"name": name, "state": state})
        for action, state in states.items()
    }


def _docker(name: str) -> dict[str, ServiceTask]:
    # The container is to stay what it is, whatever the module would make of one without options.
    same = {"name": name, "comparisons": {"*": "ignore"}}
    return _tasks(
        "community.docker.docker_container",
        {**same, "state": "started", "restart": True},
        {**same, "state": "stopped"},
        {**same, "state": "started"},
    )


def _podman(name: str) -> dict[str, ServiceTask]:
    # Without an image the module only starts and stops what is there (from version 1.6.2 of the collection on).
    return _tasks(
        "containers.podman.podman_container",
        {"name": name, "state": "started", "restart": True},
        {"name": name, "state": "stopped"},
        {"name": name, "state": "started"},
    )


def _compose(details: Mapping[str, Any]) -> dict[str, ServiceTask]:
    project: dict[str, Any] = {"project_src": details["project_src"], "services": [details["service"]]}
    project.update({name: details[name] for name in ("project_name", "files") if details.get(name)})
    project["dependencies"] = False
    # Before it stops a service the module makes what is missing, as a start does: by `up`, which also makes anew.
    same = {**project, "recreate": "never", "pull": "never", "build": "never"}
    return _tasks(
        "community.docker.docker_compose_v2",
        {**project, "state": "restarted"},
        {**same, "state": "stopped"},
        {**same, "state": "present"},
    )


def _kubernetes(details: Mapping[str, Any]) -> dict[str, ServiceTask]:
    if not details.get("namespace"):
        # That of the context is known to kubectl, not to the module.
        return {}
    cluster = {name: details[name] for name in ("namespace", "kubeconfig", "context") if details.get(name)}
    deployment = {"api_version": "apps/v1", "kind": "Deployment", "name": details["deployment"], **cluster}
    annotations = {"kubectl.kubernetes.io/restartedAt": NOW}
    restart = {
        **deployment,
        "state": "patched",
        "definition": {"spec": {"template": {"metadata": {"annotations": annotations}}}},
        "wait": True,
        # The option `timeout` of the module that runs this ends it earlier.
        "wait_timeout": 24 * 3600,
    }
    # How many replicas a start has to bring back is only known on the target, when they are stopped.
    return {"restart": ServiceTask("kubernetes.core.k8s", restart)}


_KINDS: Mapping[str, Callable[[Any], dict[str, ServiceTask]]] = {
    "systemd": _systemd,
    "init": _init,
    "docker": _docker,
    "podman": _podman,
    "compose": _compose,
    "kubernetes": _kubernetes,
}
