# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`systemctl`, `docker compose` and `kubectl` where there is no systemd, no engine and no cluster.

Each does what the real one does with one real registry, as far as the module asks for it: read the variables from where
they were set, and start the registry anew with them. `install` makes the commands; called by one of these names, this
file is that command.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import service

if TYPE_CHECKING:
    from support.registries import RegistryProcess

NAMES = ("systemctl", "docker", "kubectl")
_ASSIGNMENT = re.compile(r"Environment=(.*)")


def install(registry: RegistryProcess, binaries: Path, units: Path) -> None:
    """Put the commands into the directory `binaries`; `units` stands for /run/systemd/system."""
    here = Path(__file__).resolve()
    binaries.mkdir()
    for name in NAMES:
        script = f'#!/bin/sh\nexec {sys.executable} {here} {name} {registry.home} {units} "$@"\n'
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    (registry.home / "plain.json").write_text((registry.home / "service.json").read_text())


def deploy(home: Path, environment: list[dict[str, Any]], *more: str) -> None:
    """Make the deployment `registry`, whose container `registry` has `environment`; `more` are further containers."""
    containers = [{"name": name} for name in more]
    template = {"spec": {"containers": [{"name": "registry", "env": environment}, *containers]}}
    deployment = {"spec": {"selector": {"matchLabels": {"app": "registry"}}, "template": template}}
    _write(home, {"deployment": deployment, "pods": ["registry-1"]})


def variables(home: Path) -> dict[str, Any]:
    """Each container's variables as the deployment has them now."""
    containers = _read(home)["deployment"]["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("env", []) for one in containers}


def _write(home: Path, cluster: dict[str, Any]) -> None:
    (home / "cluster.json").write_text(json.dumps(cluster))


def _read(home: Path) -> dict[str, Any]:
    cluster: dict[str, Any] = json.loads((home / "cluster.json").read_text())
    return cluster


def _restart(home: Path, environment: dict[str, str]) -> None:
    plain = json.loads((home / "plain.json").read_text())
    plain["environment"].update(environment)
    (home / "service.json").write_text(json.dumps(plain))
    service.stop(home)
    service.start(home)


def systemctl(home: Path, units: Path, words: list[str]) -> None:
    """A unit's drop-ins count from the last `daemon-reload` on."""
    loaded = home / "loaded.json"
    if words == ["daemon-reload"]:
        lines = [
            line for path in sorted(units.glob("registry.service.d/*.conf")) for line in path.read_text().splitlines()
        ]
        found = [match.group(1) for match in map(_ASSIGNMENT.match, lines) if match]
        loaded.write_text(json.dumps(dict(word.split("=", 1) for one in found for word in shlex.split(one))))
        return
    if words[:1] == ["show"]:
        sys.stdout.write(f"LoadState={'loaded' if words[-1] == 'registry' else 'not-found'}\nActiveState=active\n")
        return
    assert words == ["restart", "registry"], words
    _restart(home, json.loads(loaded.read_text()) if loaded.exists() else {})


def docker(home: Path, _units: Path, words: list[str]) -> None:
    """`docker compose ... up`, of a project with the service `registry`."""
    assert words[0] == "compose", words
    assert words[-5:] == ["up", "--detach", "--no-deps", "--force-recreate", "registry"], words
    files = [words[at + 1] for at, word in enumerate(words) if word == "-f"]
    environment: dict[str, str] = {}
    for file in files:
        environment.update(yaml.safe_load(Path(file).read_text())["services"]["registry"].get("environment") or {})
    _restart(home, environment)


def kubectl(home: Path, _units: Path, words: list[str]) -> None:
    cluster = _read(home)
    containers = cluster["deployment"]["spec"]["template"]["spec"]["containers"]
    words = [word for word in words if not word.startswith(("--namespace", "--output", "--selector", "--timeout"))]
    if words[:1] == ["get"]:
        pods = {"items": [{"metadata": {"name": name}} for name in cluster["pods"]]}
        sys.stdout.write(json.dumps(pods if words[1] == "pods" else cluster["deployment"]))
    elif words[:2] == ["set", "env"]:
        _set_variable(containers, words)
        cluster["pods"] = [f"registry-{int(cluster['pods'][0].rpartition('-')[2]) + 1}"]
        _write(home, cluster)
    elif words == ["scale", "deployment/registry", "--replicas=0"]:
        service.stop(home)
        _write(home, {**cluster, "pods": []})
    elif words != ["rollout", "status", "deployment/registry"]:
        assert words == ["rollout", "restart", "deployment/registry"], words
        _restart(home, {one["name"]: one["value"] for one in containers[0].get("env", [])})


def _set_variable(containers: list[dict[str, Any]], words: list[str]) -> None:
    chosen = [word.partition("=")[2] for word in words if word.startswith("--containers=")]
    name, equals, value = words[-1].partition("=")
    name = name if equals else name.rstrip("-")
    for container in containers:
        if not chosen or container["name"] in chosen:
            others = [one for one in container.get("env", []) if one["name"] != name]
            container["env"] = others + ([{"name": name, "value": value}] if equals else [])


def main() -> None:
    name, home, units, *words = sys.argv[1:]
    {"systemctl": systemctl, "docker": docker, "kubectl": kubectl}[name](Path(home), Path(units), words)


if __name__ == "__main__":
    os.umask(0o022)
    main()
