# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable of the environment closes a real registry wherever it is set, and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from real.conftest import require_registry

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    InvalidOptionError,
    MaintenanceError,
)
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods import environment_places as places
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.environment import EnvironmentMethod
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.environment_variable import NAME
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.stop import StopMethod
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.registry import Registry
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.service.service import Service, read_service
from ansible_collections.drydock.registry.plugins.module_utils._proof.endpoints import Endpoints
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import load_registry_config
from support import managers, service
from support.pushing import takes_pushes
from support.registries import V3, VERSIONS, RegistryProcess, wait_for

SERVICES: dict[str, dict[str, Any]] = {
    "systemd": {"systemd": "registry"},
    "compose": {"compose": {"project_src": "PROJECT", "service": "registry"}},
    "kubernetes": {"kubernetes": {"deployment": "registry", "namespace": "images"}},
}
BOTH = pytest.mark.parametrize("managed", VERSIONS, indirect=True)


class Managed:
    """A registry that a manager restarts, and the directories that the manager and we write to."""

    def __init__(self, registry: RegistryProcess, run: Path) -> None:
        self.registry = registry
        self.run = run

    def method(self, options: dict[str, Any], **environment: str) -> EnvironmentMethod:
        config = load_registry_config(str(self.registry.config_path), environment)
        return EnvironmentMethod(config, self.service(options), options.get("environment_file"))

    def service(self, options: dict[str, Any]) -> Service:
        return read_service(options, 20.0, {})

    def restart(self, method: EnvironmentMethod, options: dict[str, Any]) -> None:
        method.adapt(self.service(options)).run("restart", 20)
        wait_for(self.registry.answers, "the registry to answer again")

    def takes_pushes(self) -> bool:
        return takes_pushes(self.registry)


@pytest.fixture
def managed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Managed]:
    version = getattr(request, "param", V3)
    require_registry(version)
    registry = RegistryProcess(version, tmp_path / "registry")
    run = tmp_path / "run"
    monkeypatch.setattr(places, "RUNTIME_DIRECTORY", str(run / "drydock"))
    monkeypatch.setattr(places, "SYSTEMD_DIRECTORY", str(run / "systemd/system"))
    (run / "systemd/system").mkdir(parents=True)
    project = tmp_path / "project"
    project.mkdir()
    (project / "compose.yaml").write_text(yaml.safe_dump({"services": {"registry": {"image": "registry:3"}}}))
    with service.as_service(registry):
        managers.install(registry, tmp_path / "bin", run / "systemd/system")
        managers.deploy(registry.home, [])
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        yield Managed(registry, run)


@pytest.fixture(params=sorted(SERVICES))
def options(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    chosen = SERVICES[request.param]
    if "compose" in chosen:
        return {"service": {"compose": {**chosen["compose"], "project_src": str(tmp_path / "project")}}}
    return {"service": chosen}


@pytest.fixture(params=["there", "missing"])
def environment_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "default"
    if request.param == "there":
        path.write_text("# of the package\nREGISTRY_LOG_LEVEL=warn")
        path.chmod(0o640)
        os.chown(path, 12345, 54321)
    return path


@BOTH
def test_the_variable_closes_and_nothing_stays(managed: Managed, options: dict[str, Any]) -> None:
    before, deployed = sorted(managed.run.rglob("*")), managers.variables(managed.registry.home)
    method = managed.method(options)
    assert method.setting() == "writable"
    method.check()
    found = method.find()
    assert sorted(managed.run.rglob("*")) == before

    method.enter(found)
    managed.restart(method, options)

    assert method.setting() == "read_only"
    assert not managed.takes_pushes()
    assert method.would_leave(found)

    assert method.leave(found)
    managed.restart(method, options)

    assert managed.takes_pushes()
    assert method.setting() == "writable"
    assert not method.would_leave(found)
    assert not method.leave(found)
    assert sorted(managed.run.rglob("*")) == before
    assert managers.variables(managed.registry.home) == deployed


def test_opening_takes_the_variable_away_whoever_set_it(managed: Managed, options: dict[str, Any]) -> None:
    method = managed.method(options)
    assert not method.open()
    method.enter(method.find())
    assert managed.method(options).open()
    assert method.setting() == "writable"


def test_what_a_deployment_had_is_put_back(managed: Managed) -> None:
    home, options = managed.registry.home, {"service": SERVICES["kubernetes"]}
    had = [{"name": "REGISTRY_LOG_LEVEL", "value": "warn"}, {"name": NAME, "value": '{"enabled":false}'}]
    managers.deploy(home, had, "sidecar")
    method = managed.method(options)
    found = method.find()

    method.enter(found)
    assert method.setting() == "read_only"
    method.leave(found)

    assert managers.variables(home) == {"registry": had, "sidecar": []}


@pytest.mark.parametrize("how", ["environment", "stop"])
def test_a_deployment_is_drained_when_its_old_pods_are_gone(managed: Managed, how: str) -> None:
    """None of them is a process of this host."""
    options = {"service": SERVICES["kubernetes"]}
    method = managed.method(options) if how == "environment" else StopMethod("registry")
    deployment, root = managed.service(options), str(managed.registry.storage)
    drain = Registry(method, deployment, Endpoints([], "team/app"), None, root, lambda: None, 20.0).drain()
    with pytest.raises(MaintenanceError, match="the pod registry-1 from before the closing still ends"):
        drain.wait(0)
    if how == "environment":
        method.enter(method.find())
    else:
        deployment.run("stop", 20.0)
    assert drain.wait(5) is True


@BOTH
def test_a_file_that_a_shell_reads(managed: Managed, environment_file: Path, tmp_path: Path) -> None:
    """As init scripts do it: what is not exported does not reach the registry."""
    script = tmp_path / "init"
    start = " ".join(service.command(managed.registry))
    script.write_text(f"#!/bin/sh\n[ ! -f {environment_file} ] || . {environment_file}\nexec {start}\n")
    script.chmod(0o755)
    options = {"service": {"init": "registry"}, "environment_file": str(environment_file)}
    before = state_of(environment_file)
    method = managed.method(options)
    restart = read_service({"restart_command": [str(script)]}, 20.0, {})
    found = method.find()

    method.enter(found)
    restart.run("restart", 20)
    wait_for(managed.registry.answers, "the registry to answer again")
    assert not managed.takes_pushes()
    assert method.setting() == "read_only"

    assert method.leave(found)
    restart.run("restart", 20)
    wait_for(managed.registry.answers, "the registry to answer again")
    assert managed.takes_pushes()
    assert state_of(environment_file) == before


def test_a_file_written_meanwhile_loses_only_our_line(managed: Managed, environment_file: Path) -> None:
    method = managed.method({"environment_file": str(environment_file)})
    original = environment_file.read_bytes() if environment_file.exists() else b""
    found = method.find()
    method.enter(found)
    environment_file.write_bytes(environment_file.read_bytes() + b"REGISTRY_LOG_LEVEL=debug\n")

    assert method.leave(found)

    separator = b"\n" if original else b""
    assert environment_file.read_bytes() == original + separator + b"REGISTRY_LOG_LEVEL=debug\n"
    assert not method.leave(found)


def test_a_file_that_is_cut_short_is_mended(managed: Managed, environment_file: Path) -> None:
    method = managed.method({"environment_file": str(environment_file)})
    before = state_of(environment_file)
    found = method.find()
    method.enter(found)
    environment_file.write_bytes(environment_file.read_bytes()[:-5])

    assert method.leave(found)

    assert state_of(environment_file) == before


@BOTH
def test_a_readonly_section_of_the_file_is_overridden(managed: Managed, options: dict[str, Any]) -> None:
    managed.registry.settings = {"storage": {"maintenance": {"readonly": {"enabled": False}}}}
    managed.registry.write_config()
    method = managed.method(options)
    method.check()
    method.enter(method.find())
    managed.restart(method, options)
    assert not managed.takes_pushes()


@pytest.mark.parametrize("name", [NAME, "REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED"])
def test_a_variable_that_is_set_already_is_refused(managed: Managed, options: dict[str, Any], name: str) -> None:
    value = '{"enabled":false}' if name == NAME else "false"
    with pytest.raises((MaintenanceError, InvalidOptionError), match="registry_environment"):
        managed.method(options, **{name: value}).check()


def test_a_foreign_file_of_our_name_is_left_alone(managed: Managed) -> None:
    options = {"service": SERVICES["systemd"]}
    path = managed.run / "systemd/system/registry.service.d/90-drydock.conf"
    path.parent.mkdir()
    path.write_text("[Service]\nNice=5\n")
    with pytest.raises(MaintenanceError, match="not as this collection writes it"):
        managed.method(options).check()


def test_systemd_has_to_run_the_host(managed: Managed) -> None:
    (managed.run / "systemd/system").rmdir()
    with pytest.raises(MaintenanceError, match="systemd does not run this host"):
        managed.method({"service": SERVICES["systemd"]}).check()


@pytest.mark.parametrize("chosen", [{"docker": "registry"}, {"podman": "registry"}, {"init": "registry"}, None])
def test_where_the_environment_cannot_be_changed(managed: Managed, chosen: dict[str, str] | None) -> None:
    with pytest.raises(InvalidOptionError, match=r"fixed when the container is made|environment_file"):
        managed.method({"service": chosen})


def test_compose_needs_to_know_its_files(managed: Managed, tmp_path: Path) -> None:
    project = tmp_path / "project"
    options = {"service": {"compose": {"project_src": str(project), "service": "registry"}}}
    (project / ".env").write_text("COMPOSE_FILE=one.yml:two.yml\n")
    with pytest.raises(InvalidOptionError, match="COMPOSE_FILE"):
        managed.method(options)
    (project / ".env").unlink()
    (project / "compose.yaml").unlink()
    with pytest.raises(InvalidOptionError, match=r"compose\.yaml"):
        managed.method(options)


@pytest.mark.parametrize("name", [*places.COMPOSE_NAMES, *places.OVERRIDE_NAMES])
def test_what_compose_reads_it_goes_on_reading(tmp_path: Path, name: str) -> None:
    """Once one file is named, it looks for no others."""
    if name in places.OVERRIDE_NAMES:
        (tmp_path / "compose.yaml").touch()
    (tmp_path / name).touch()
    options = {"service": {"compose": {"project_src": str(tmp_path), "service": "registry", "project_name": "images"}}}
    service = read_service(options, 20.0, {})
    (up,) = EnvironmentMethod(None, service, None).adapt(service).commands["restart"]
    files = [Path(up[at + 1]).name for at, word in enumerate(up) if word == "-f"]
    assert files == (["compose.yaml", name] if name in places.OVERRIDE_NAMES else [name])
    assert up[up.index("--project-name") + 1] == "images"


def state_of(path: Path) -> tuple[bytes, int, int, int] | None:
    if not path.exists():
        return None
    found = path.stat()
    return path.read_bytes(), found.st_mode, found.st_uid, found.st_gid
