# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that is a Kubernetes deployment: the variable in its pod template, and the pods that must end."""

from __future__ import annotations

import json
from typing import Any, Mapping

from ..._basics.errors import MaintenanceError
from ..drain.drain import Writer
from ..service.command import run_command
from ..service.kinds import KubernetesDeployment
from .environment_variable import NAME, VALUE, VariablePlace

_SECONDS = 60.0


class Deployment(VariablePlace):
    """A change of the pod template makes new pods by itself; a restart after it makes newer ones."""

    def __init__(self, details: KubernetesDeployment) -> None:
        self._kubectl = details.command()
        self._deployment = details.deployment
        self.subject = f"kubernetes:{details.context or ''}/{details.namespace or 'default'}/{self._deployment}"

    def is_set(self) -> bool:
        return all(value == VALUE for value in self._values().values())

    def find(self) -> Mapping[str, Any]:
        return {"values": self._values()}

    def put(self, found: Mapping[str, Any]) -> None:
        self._run("set", "env", f"deployment/{self._deployment}", f"{NAME}={VALUE}")

    def take_away(self, found: Mapping[str, Any]) -> bool:
        wanted, now = found.get("values") or {}, self._values()
        changed = {name: wanted.get(name) for name, value in now.items() if wanted.get(name) != value}
        for name, value in changed.items():
            assignment = f"{NAME}-" if value is None else f"{NAME}={value}"
            self._run("set", "env", f"deployment/{self._deployment}", f"--containers={name}", assignment)
        return bool(changed)

    def would_take_away(self, found: Mapping[str, Any]) -> bool:
        wanted = found.get("values") or {}
        return any(wanted.get(name) != value for name, value in self._values().items())

    def pods(self) -> set[str]:
        """Return the names of its pods, with those that are ending."""
        labels = self._get("deployment", self._deployment)["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        return {pod["metadata"]["name"] for pod in self._get("pods", f"--selector={selector}")["items"]}

    def _values(self) -> dict[str, str | None]:
        """Return the variable in each container of the pod template; None where it is not set."""
        template = self._get("deployment", self._deployment)["spec"]["template"]
        found: dict[str, str | None] = {}
        for container in template["spec"]["containers"]:
            variables = {one["name"]: one for one in container.get("env") or []}
            if "valueFrom" in variables.get(NAME, {}):
                raise MaintenanceError(
                    f"{self.subject}: {NAME} comes from somewhere else (valueFrom); take it out first"
                )
            found[container["name"]] = variables.get(NAME, {}).get("value")
        return found

    def _get(self, *what: str) -> Any:
        said = self._run("get", *what, "--output=json")
        try:
            return json.loads(said)
        except ValueError:
            raise MaintenanceError(f"kubectl get {what[0]} gave no JSON") from None

    def _run(self, *arguments: str) -> str:
        return run_command([*self._kubectl, *arguments], _SECONDS, f"kubectl {arguments[0]}")


class OldPods(Writer):
    """A rollout counts as done when the old pods have been told to end; one that still ends may still write."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._pods = deployment.pods()

    @property
    def can_be_seen(self) -> bool:
        return bool(self._pods)

    def left(self) -> str | None:
        names = sorted(self._pods & self._deployment.pods())
        return f"the pod {', '.join(names)} from before the closing still ends" if names else None
