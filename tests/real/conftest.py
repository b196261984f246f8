# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on real registries."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Iterator

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._client import http
from ansible_collections.drydock.registry.plugins.module_utils._lock.lock import Lock
from support import furnishing, netns, watchdogs
from support.bed import Bed
from support.closable import ByProxy, Closable, NewClosable
from support.crane import CraneRegistry, find_crane
from support.credentials import TlsFiles, make_tls
from support.locking import OURS, of
from support.nginx import NginxProcess, find_nginx
from support.playbook import ROOT, ensure_build, run_environment
from support.registries import V2, V3, VERSIONS, NewRegistry, Registry, RegistryProcess, find_registry
from support.registry_host import RegistryHost
from support.restarting import NewService, Service
from support.s3_server import new_place
from support.scripted import NewScripted, Script, Scripted, let_through
from support.service import as_service
from support.store import Store
from support.sweeping_api import DeletingRegistry
from support.through_ansible import ThroughAnsible
from support.v1 import V1Registry, find_v1
from support.ways import ApiWay, StorageWay, Way

ensure_build()
# What is set here for AWS is not meant for the tests, and at AWS_CA_BUNDLE 2.8.2 panics.
for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
# Every kind of registry that can delete over its API.
DELETING = (*VERSIONS, "crane")


def require(present: object, reason: str) -> None:
    """Skip with `reason` where an optional part is missing; fail under DRYDOCK_REQUIRE_ALL=1."""
    if present:
        return
    if os.environ.get("DRYDOCK_REQUIRE_ALL") == "1":
        pytest.fail(f"DRYDOCK_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


def require_registry(version: str) -> None:
    require(find_registry(version), f"Distribution {version} is not installed")


def python_of(kind: str, version: str) -> str:
    """Return the Python of one of the `controllers` or `targets`, as `.ci/get-part` makes them."""
    python = ROOT / ".cache" / kind / version / "bin/python"
    require(python.exists(), f"{python} is not there; run: make {kind}")
    return str(python)


@pytest.fixture(scope="session", autouse=True)
def _packed_modules(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All runs of these tests have the same modules."""
    os.environ["DRYDOCK_PACKED"] = str(tmp_path_factory.mktemp("packed"))


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each supported version in turn."""
    require_registry(request.param)
    found: str = request.param
    return found


@pytest.fixture
def new_registry(tmp_path: Path) -> Iterator[NewRegistry]:
    """Makes started registries; all of them are stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(version: str = V3, name: str = "registry", **options: Any) -> RegistryProcess:
            require_registry(version)
            registry = RegistryProcess(version, tmp_path / name, **options)
            return stack.enter_context(registry)

        yield make


@pytest.fixture
def registry(version: str, new_registry: NewRegistry) -> RegistryProcess:
    """A started, empty registry of each version: filesystem storage, in-memory cache, deletion disabled."""
    return new_registry(version)


@pytest.fixture(params=[f"filesystem-{V3}", f"s3-{V2}"])
def everywhere(request: pytest.FixtureRequest, new_registry: NewRegistry) -> RegistryProcess:
    """A started, empty registry on each storage, of one version each: a layout does not know where it lies."""
    storage, _dash, version = request.param.partition("-")
    return new_registry(version, storage=new_place("some/where") if storage == "s3" else None)


@pytest.fixture
def crane(tmp_path: Path) -> Iterator[CraneRegistry]:
    """Another OCI registry, started and empty."""
    require(find_crane(), "crane is not installed")
    with CraneRegistry(tmp_path / "crane") as registry:
        yield registry


@pytest.fixture
def new_v1(tmp_path: Path) -> Iterator[Callable[..., V1Registry]]:
    """Makes started v1 registries; all of them are stopped at the end of the test."""
    require(find_v1(), "the v1 registry is not installed: make registry-1 (needs Python 2.7)")
    with contextlib.ExitStack() as stack:

        def make(name: str = "v1", **settings: Any) -> V1Registry:
            return stack.enter_context(V1Registry(tmp_path / name, **settings))

        yield make


@pytest.fixture(scope="session")
def v1_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[V1Registry]:
    """One that starts once in each process that runs tests, for Python 2 takes its time."""
    require(find_v1(), "the v1 registry is not installed: make registry-1 (needs Python 2.7)")
    with V1Registry(tmp_path_factory.mktemp("v1") / "v1") as registry:
        yield registry


@pytest.fixture
def v1(v1_server: V1Registry) -> V1Registry:
    """A running, empty v1 registry. It remembers nothing of its storage."""
    shutil.rmtree(v1_server.storage)
    v1_server.storage.mkdir()
    return v1_server


@pytest.fixture(params=DELETING)
def deleting(request: pytest.FixtureRequest) -> DeletingRegistry:
    """A started, empty registry of each kind that deletes over its API: by digest alone, or by tag."""
    return _deleting(request, request.param)


def _deleting(request: pytest.FixtureRequest, kind: str) -> DeletingRegistry:
    if kind == "crane":
        crane: CraneRegistry = request.getfixturevalue("crane")
        return crane
    new_registry: NewRegistry = request.getfixturevalue("new_registry")
    return new_registry(kind, delete_enabled=True)


@pytest.fixture(
    params=[*(f"storage-{version}" for version in VERSIONS), f"s3-{V2}", *(f"api-{kind}" for kind in DELETING)]
)
def every_way(request: pytest.FixtureRequest) -> Way:
    """Every way of cleaning up, on each kind of registry that it is for."""
    return _way(request, request.param)


@pytest.fixture(params=[f"storage-{V3}", f"api-{V2}"])
def way(request: pytest.FixtureRequest) -> Way:
    """In the storage and over the API, on one kind of registry each: for what is decided before they part."""
    return _way(request, request.param)


def _way(request: pytest.FixtureRequest, name: str) -> Way:
    how, _dash, kind = name.partition("-")
    if how == "api":
        return ApiWay(_deleting(request, kind))
    new_registry: NewRegistry = request.getfixturevalue("new_registry")
    return StorageWay(new_registry(kind, storage=new_place("some/where") if how == "s3" else None))


@pytest.fixture
def scripted() -> Iterator[NewScripted]:
    """Makes running servers that answer as a script says; all of them are stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(script: Script = let_through, registry: Registry | None = None) -> Scripted:
            return stack.enter_context(Scripted(script, registry))

        yield make


@pytest.fixture
def store(registry: RegistryProcess) -> Store:
    return Store(registry.storage)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """The fleet, one in each process that runs tests; no host is booted before it is asked for."""
    for version in VERSIONS:
        require_registry(version)
    why_not = netns.missing() or furnishing.missing()
    require(not why_not, f"no fleet can be made here: {why_not}")
    with Bed(tmp_path_factory.mktemp("fleet")) as bed:
        yield bed


@pytest.fixture
def host_named(bed: Bed) -> Iterator[Callable[[str], RegistryHost]]:
    """Hosts of the fleet by name, filled; one that is not as it was at the end of the test is set up anew."""
    used = dict[str, RegistryHost]()

    def get(name: str) -> RegistryHost:
        used[name] = bed[name]
        return used[name]

    yield get
    for host in used.values():
        host.options = {}
        if not host.machine.on or host.left():
            bed.discard(host)


@pytest.fixture(autouse=True)
def no_watchdog_left(tmp_path: Path) -> Iterator[None]:
    """A test may leave a registry closed; nothing shall open it an hour later."""
    yield
    watchdogs.end(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A directory for skopeo's layouts, plan files and the like, outside any registry."""
    path = tmp_path / "workspace"
    path.mkdir()
    return path


@pytest.fixture
def skopeo_installed() -> None:
    require(shutil.which("skopeo"), "skopeo is not installed")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Where the client would sleep, nothing is slept; returns the seconds."""
    slept = list[float]()
    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=slept.append)
    monkeypatch.setattr(http, "time", clock)
    return slept


@pytest.fixture
def new_closable(tmp_path: Path) -> Iterator[NewClosable]:
    """Makes a started registry that is closed in one way; it and its proxy are stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(kind: type[Closable], version: str = V3, **more: Any) -> Closable:
            require_registry(version)
            registry = RegistryProcess(version, tmp_path / "registry")
            stack.enter_context(as_service(registry))
            if kind is not ByProxy:
                return kind(registry, tmp_path)
            require(find_nginx(), "nginx is not installed")
            nginx = stack.enter_context(NginxProcess(tmp_path / "nginx", registry.host, **more))
            return ByProxy(registry, tmp_path, nginx)

        yield make


@pytest.fixture
def new_service(version: str, tmp_path: Path) -> Iterator[NewService]:
    """Makes registries that a command restarts; all of them are stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(*, running: bool = True, prefix: list[str] | None = None, **options: Any) -> Service:
            require_registry(version)
            service = Service(RegistryProcess(version, tmp_path / "registry", **options), prefix)
            stack.callback(service.stop)
            stack.callback(watchdogs.end, service.state_dir)
            if running:
                service.start()
            return service

        yield make


@pytest.fixture
def service(new_service: NewService) -> Service:
    """A started one of each version."""
    return new_service()


@pytest.fixture
def through_ansible(localhost: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThroughAnsible:
    """Runs modules as tasks of Ansible, on this host."""
    for name, value in run_environment(ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote")).items():
        monkeypatch.setenv(name, value)
    return ThroughAnsible(**localhost.options)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage into which nothing was pushed yet, as the registry's own user has it."""
    path = tmp_path / "storage"
    path.mkdir()
    os.chown(path, 1234, 1234)
    return path


@pytest.fixture
def lock(root: Path) -> Lock:
    return of(OURS, root)
