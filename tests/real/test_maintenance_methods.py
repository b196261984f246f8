# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to close a registry but its configuration file: closed, proven, put back to what was found to the byte.

The configuration file has tests of its own (test_maintenance.py), the places of a variable too
(test_maintenance_environment.py).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from real.conftest import require, require_registry

from support import images, service
from support.crane import find_crane
from support.nginx import NginxProcess, find_nginx
from support.playbook import Result, run_module
from support.pushing import PushError, Repository, push
from support.registries import V2, V3, NewRegistry, Registry, RegistryProcess, wait_for
from support.slow_put import SlowPut
from support.store import Store
from support.sweeping import DAY, push_aged
from support.verify import assert_pulls, capture

NewClosable = Callable[..., "Closable"]


class Closable:
    """A registry as a service, the options that close it, and `front`, where its clients meet it.

    `closes` and `opens` are what the user's own tasks would do, before the module is called.
    """

    method = ""
    mode = "read_only"

    def __init__(self, registry: RegistryProcess, home: Path) -> None:
        self.registry = registry
        self.front: Registry = registry
        self.home = home
        self.state_dir = home / "state"

    def options(self) -> dict[str, Any]:
        return {}

    def closes(self) -> None:
        """Nothing, but for the method tasks."""

    def opens(self) -> None:
        """Nothing, but for the method tasks."""

    def found(self) -> dict[str, Any]:
        """What must be as before when the registry is open again: files by path, with their bytes, owner and mode."""
        left_out = {"registry/storage", "registry/registry.pid", "state"}
        files = [path for path in sorted(self.home.rglob("*")) if not path.name.endswith(".log")]
        shown = [path for path in files if not any(path.is_relative_to(self.home / one) for one in left_out)]
        return {str(path): _state(path) for path in shown}

    def run(self, state: str, *, check: bool = False, diff: bool = False, **more: Any) -> Result:
        options = {
            "state": state,
            "method": self.method,
            "registry_config": str(self.registry.config_path),
            "state_dir": str(self.state_dir),
            "timeout": "20s",
            **self.options(),
            **more,
        }
        return run_module("maintenance", options, check=check, diff=diff)

    def succeed(self, state: str, *, check: bool = False, **more: Any) -> Result:
        result = self.run(state, check=check, diff=True, **more)
        assert not result.get("failed"), result["msg"]
        return result

    def fail(self, state: str, *, check: bool = False, **more: Any) -> str:
        result = self.run(state, check=check, **more)
        assert result.get("failed"), result
        return str(result["msg"])

    def records(self) -> list[str]:
        return [path.name for path in self.state_dir.glob("maintenance-*.json")]

    def takes_pushes(self) -> bool:
        try:
            push(self.front, "team/app", images.image(os.urandom(4).hex()), "pushed")
        except (PushError, OSError):
            return False
        return True


class ByVariable(Closable):
    """The service reads a file of variables, as a unit with EnvironmentFile does."""

    method = "environment"

    def __init__(self, registry: RegistryProcess, home: Path) -> None:
        super().__init__(registry, home)
        self.variables = home / "default"
        self.variables.write_text("# of the package\nREGISTRY_LOG_LEVEL=error\n")
        self.variables.chmod(0o640)
        os.chown(self.variables, 12345, 54321)
        restart = " ".join(service.command(registry))
        self.script = home / "restart"
        self.script.write_text(f"#!/bin/sh\nset -a\n. {self.variables}\nexec {restart}\n")
        self.script.chmod(0o755)

    def options(self) -> dict[str, Any]:
        return {"environment_file": str(self.variables), "restart_command": [str(self.script)]}


class ByProxy(Closable):
    method = "proxy_flag"

    def __init__(self, registry: RegistryProcess, home: Path, nginx: NginxProcess) -> None:
        super().__init__(registry, home)
        self.front = self.nginx = nginx

    def options(self) -> dict[str, Any]:
        return {**self.nginx.options(), "restart_command": service.command(self.registry)}


class ByStopping(Closable):
    method, mode = "stop", "stopped"

    def options(self) -> dict[str, Any]:
        return {f"{action}_command": service.command(self.registry, action) for action in ("stop", "start")}


class ByTasks(Closable):
    """The tasks start the registry anew with a variable."""

    method = "tasks"

    def closes(self) -> None:
        self._restart({"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":true}'})

    def opens(self) -> None:
        self._restart({})

    def _restart(self, environment: dict[str, str]) -> None:
        self.registry.environment = environment
        service.install(self.registry)
        subprocess.run(service.command(self.registry), check=True)
        wait_for(self.registry.answers, "the registry to answer")


def _state(path: Path) -> tuple[Any, ...]:
    found = path.lstat()
    return (path.read_bytes() if path.is_file() else None, found.st_mode, found.st_uid, found.st_gid)


@pytest.fixture
def new_closable(tmp_path: Path) -> Iterator[NewClosable]:
    with contextlib.ExitStack() as stack:

        def make(kind: type[Closable], version: str = V3, **more: Any) -> Closable:
            require_registry(version)
            registry = RegistryProcess(version, tmp_path / "registry")
            stack.enter_context(service.as_service(registry))
            if kind is not ByProxy:
                return _given_back(stack, kind(registry, tmp_path))
            require(find_nginx(), "nginx is not installed")
            nginx = stack.enter_context(NginxProcess(tmp_path / "nginx", registry.host, **more))
            return _given_back(stack, ByProxy(registry, tmp_path, nginx))

        yield make


def _given_back(stack: contextlib.ExitStack, closable: Closable) -> Closable:
    """Whatever a test leaves, no watchdog outlives it."""
    stack.callback(lambda: closable.records() and closable.run("read_write"))
    return closable


@pytest.fixture(
    params=[(ByVariable, V3), (ByProxy, V3), (ByProxy, V2), (ByStopping, V3), (ByStopping, V2), (ByTasks, V3)],
    ids=lambda chosen: f"{chosen[0].method}-{chosen[1]}",
)
def closable(request: pytest.FixtureRequest, new_closable: NewClosable) -> Closable:
    return new_closable(*request.param)


def test_closed_proven_and_put_back_as_it_was(closable: Closable) -> None:
    push(closable.front, "team/app", images.image("app"), "1")
    kept, found = capture(closable.front, {"team/app": ["1"]}), closable.found()
    by_tasks = closable.method == "tasks"

    preview = closable.succeed("read_only", check=True)
    assert closable.found() == found
    assert closable.takes_pushes()

    closable.closes()
    closed, again = closable.succeed("read_only"), closable.succeed("read_only")

    assert closed["mode_before"] == ("read_only" if by_tasks else "writable")
    assert closed["mode_after"] == again["mode_after"] == closable.mode
    assert closed["drained"] is again["drained"] is True
    assert (closed["changed"], again["changed"]) == (not by_tasks, False)
    assert by_tasks or preview["diff"] == closed["diff"]
    assert not closable.takes_pushes()
    if closable.mode != "stopped":
        assert_pulls(closable.front, kept)

    closable.opens()
    opened, again = closable.succeed("restored"), closable.succeed("restored")

    assert opened["mode_after"] == again["mode_after"] == "writable"
    assert (opened["changed"], again["changed"]) == (not by_tasks, False)
    assert closable.found() == found
    assert closable.records() == []
    assert closable.takes_pushes()
    assert_pulls(closable.front, kept)


# What goes wrong on entering is undone.

BREAK = {
    ByVariable: "restart_command",
    ByProxy: "nginx_reload_command",
    ByStopping: "stop_command",
}


@pytest.mark.parametrize("kind", list(BREAK), ids=lambda kind: kind.method)
def test_a_command_that_fails_on_entering_is_undone(
    new_closable: NewClosable, kind: type[Closable], tmp_path: Path
) -> None:
    closable = new_closable(kind)
    option, found = BREAK[kind], closable.found()
    # Called a second time, to put the registry back, it works.
    once = tmp_path / "state" / "once"
    once.parent.mkdir()
    real = " ".join(closable.options()[option])
    script = f'if mkdir {once}; then echo "no such thing"; exit 4; else exec {real}; fi'

    message = closable.fail("read_only", **{option: ["sh", "-c", script]})

    assert "return code 4: " in message
    assert "no such thing" in message
    assert "put back and is writable again" in message
    assert closable.found() == found
    assert closable.records() == []
    assert closable.takes_pushes()


def test_tasks_that_closed_nothing_are_found_out(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks)
    message = closable.fail("read_only", timeout="1s")
    assert "not read_only within 1 s" in message
    assert closable.records() == []


def test_tasks_that_opened_nothing_are_found_out(new_closable: NewClosable) -> None:
    closable = new_closable(ByTasks)
    closable.closes()
    closable.succeed("read_only")
    message = closable.fail("restored", timeout="1s")
    assert "read_only, not writable" in message
    closable.opens()
    closable.succeed("restored")
    assert closable.records() == []


# The flag file.


@pytest.fixture
def proxied(new_closable: NewClosable) -> ByProxy:
    closable = new_closable(ByProxy)
    assert isinstance(closable, ByProxy)
    return closable


def test_a_proxy_that_does_not_know_the_flag_closes_nothing(new_closable: NewClosable) -> None:
    closable = new_closable(ByProxy, snippet_installed=False)
    found = closable.found()
    assert "not read_only within 1 s" in closable.fail("read_only", timeout="1s")
    assert closable.found() == found
    assert closable.takes_pushes()


def test_the_snippet_is_installed_and_stays(new_closable: NewClosable) -> None:
    closable = new_closable(ByProxy, snippet_installed=False)
    assert isinstance(closable, ByProxy)
    snippet = str(closable.nginx.snippet_path)
    assert closable.succeed("read_only", nginx_snippet=snippet)["mode_after"] == "read_only"
    assert not closable.takes_pushes()
    closable.succeed("restored", nginx_snippet=snippet)
    installed = closable.found()
    assert closable.takes_pushes()
    closable.succeed("read_only", nginx_snippet=snippet)
    closable.succeed("restored", nginx_snippet=snippet)
    assert closable.found() == installed


def test_a_refused_write_says_when_to_come_back(proxied: ByProxy) -> None:
    proxied.nginx.flag_file.parent.mkdir()
    proxied.nginx.flag_file.touch()
    session, url = proxied.front.session(), proxied.front.url
    for method, path in (
        ("POST", "/v2/a/blobs/uploads/"),
        ("PUT", "/v2/a/manifests/1"),
        ("PATCH", "/v2/a/blobs/uploads/x"),
    ):
        answer = session.request(method, f"{url}{path}", data=b"x" * 100_000)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"].isdigit()
        assert answer.headers["Drydock-Maintenance"] == "closed"
        assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
        assert answer.json()["errors"][0]["code"] == "UNAVAILABLE"
    assert session.get(f"{url}/v2/").status_code == 200
    assert "Drydock-Maintenance" not in session.get(f"{url}/v2/").headers
    proxied.nginx.flag_file.unlink()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"registry_url": None}, "the registry's address at nginx"),
        ({"nginx_pid_file": "/nonexistent"}, "nginx_pid_file /nonexistent tells no process"),
        ({"flag_file": "/run/dry dock"}, "an absolute path of letters"),
    ],
)
def test_what_cannot_work_is_refused_before(proxied: ByProxy, options: dict[str, Any], reason: str) -> None:
    found = proxied.found()
    assert reason in proxied.fail("read_only", check=True, **options)
    assert reason in proxied.fail("read_only", **options)
    assert proxied.found() == found


def test_a_way_around_the_proxy_is_refused(proxied: ByProxy) -> None:
    proxied.registry.settings = {"http": {"addr": f"0.0.0.0:{proxied.registry.port}"}}
    proxied.registry.write_config()
    assert "written to around the proxy" in proxied.fail("read_only", check=True)
    assert proxied.succeed("read_only", check=True, backend_is_private=True)["changed"]


def test_pulls_go_on_while_the_registry_restarts(proxied: ByProxy, workspace: Path) -> None:
    """nginx lets a read wait for the registry; with the flag file that is all a client sees of a maintenance."""
    crane = find_crane()
    require(crane, "crane is not installed")
    push(proxied.registry, "team/app", images.image("app"), "1")
    codes: list[int] = []
    done = threading.Event()

    def pull() -> None:
        while not done.is_set():
            command = [str(crane), "pull", "--insecure", f"{proxied.front.host}/team/app:1", str(workspace / "pulled")]
            codes.append(subprocess.run(command, check=False, capture_output=True).returncode)

    puller = threading.Thread(target=pull)
    puller.start()
    try:
        for _number in range(3):
            _restart_under(proxied, codes)
    finally:
        done.set()
        puller.join()
    assert codes == [0] * len(codes)


def _restart_under(proxied: ByProxy, pulls: list[int]) -> None:
    """Have a pull meet the gap, and one more end after it."""
    log, seen = proxied.nginx.home / "error.log", len(pulls)
    before = log.read_text().count("Connection refused")
    subprocess.run(service.command(proxied.registry, "stop"), check=True)
    wait_for(lambda: log.read_text().count("Connection refused") > before, "a pull to meet the gap")
    subprocess.run(service.command(proxied.registry, "start"), check=True)
    wait_for(lambda: len(pulls) > seen + 1, "a pull to end")


# A push that straddles the closing.


def straddling(proxied: ByProxy) -> images.Image:
    """An old registry with tags to sweep, and an image of which all but the manifest has just been pushed."""
    push_aged(proxied.registry, "team/app", {"1": 40.0, "2": 30.0})
    image = images.image("straddling")
    for blob in image.blobs:
        Repository(proxied.front, "team/app").push_blob(blob)
    return image


def sweep(proxied: ByProxy) -> Result:
    result = run_module(
        "cleanup",
        {
            "registry_config": str(proxied.registry.config_path),
            "registry_url": proxied.front.url,
            "policies": [{"name": "none", "keep_n": 1, "tags": ["1", "2"]}],
            "grace_period": "0s",
            "delete_untagged": True,
            "untagged_older_than": "0s",
        },
    )
    assert not result.get("failed"), result["msg"]
    return result


@pytest.mark.parametrize("buffering", [True, False], ids=["buffering", "unbuffered"])
def test_a_push_that_straddles_the_closing_is_kept(new_closable: NewClosable, buffering: bool) -> None:
    proxied = new_closable(ByProxy, buffering=buffering)
    assert isinstance(proxied, ByProxy)
    image = straddling(proxied)
    closed: list[Result] = []

    with SlowPut(proxied.front.host, "team/app", "new", image) as put:
        closing = threading.Thread(target=lambda: closed.append(proxied.run("read_only")))
        closing.start()
        wait_for(proxied.nginx.flag_file.exists, "the flag file")
        assert not proxied.takes_pushes()
        assert closed == []
        assert put.finish() == 201
        closing.join()

    assert closed[0]["drained"] is True, closed[0]
    swept = sweep(proxied)
    assert swept["deleted"]["tags"] == 1
    proxied.succeed("restored")
    assert_pulls(proxied.front, capture(proxied.front, {"team/app": ["2", "new"]}))


@pytest.mark.parametrize("buffering", [True, False], ids=["buffering", "unbuffered"])
def test_a_push_that_does_not_end_in_time_opens_the_registry(new_closable: NewClosable, buffering: bool) -> None:
    proxied = new_closable(ByProxy, buffering=buffering)
    assert isinstance(proxied, ByProxy)
    image, found = straddling(proxied), proxied.found()

    with SlowPut(proxied.front.host, "team/app", "new", image) as put:
        message = proxied.fail("read_only", timeout="2s")
        assert put.finish() == 201

    assert "not drained within 2 s: nginx's old worker" in message
    assert "put back and is writable again" in message
    assert proxied.found() == found
    assert proxied.takes_pushes()
    assert_pulls(proxied.front, capture(proxied.front, {"team/app": ["1", "2", "new"]}))


def test_a_restart_cuts_a_push_off(new_closable: NewClosable) -> None:
    """The old process is gone, and the half of a manifest with it."""
    closable = new_closable(ByVariable)
    image = images.image("straddling")
    for blob in image.blobs:
        Repository(closable.front, "team/app").push_blob(blob)
    with SlowPut(closable.front.host, "team/app", "new", image) as put:
        assert closable.succeed("read_only")["drained"] is True
        assert put.finish() == 0
    assert Repository(closable.front, "team/app").tags() == []
    closable.succeed("restored")


# A pull-through cache.


def test_a_cache_is_closed_by_stopping_it_alone(new_registry: NewRegistry, tmp_path: Path) -> None:
    upstream = new_registry(V3, "upstream")
    push(upstream, "team/app", images.image("app"), "1")
    require_registry(V3)
    cache = RegistryProcess(V3, tmp_path / "registry", proxy=upstream.url)
    with service.as_service(cache):
        stopping = ByStopping(cache, tmp_path)
        assert_pulls(cache, capture(cache, {"team/app": ["1"]}))
        wait_for(lambda: Store(cache.storage).tags("team/app") == ["1"], "the cache to keep the tag")

        for method in ("config_file", "environment", "tasks"):
            options: dict[str, Any] = {"environment_file": str(tmp_path / "default"), "method": method}
            options |= {"restart_command": service.command(cache), "stop_command": None, "start_command": None}
            assert "pull-through cache" in stopping.fail("read_only", **options)

        assert stopping.succeed("read_only")["mode_after"] == "stopped"
        Store(cache.storage).age_tag("team/app", "1", 40 * DAY)
        policy = {"name": "none", "older_than": "30d"}
        config = {"registry_config": str(cache.config_path), "registry_url": cache.url}
        swept = run_module("cleanup", {**config, "policies": [policy], "allow_empty": True, "grace_period": "0s"})
        assert not swept.get("failed"), swept["msg"]
        assert swept["deleted"]["tags"] == 1
        assert stopping.succeed("restored")["mode_after"] == "writable"
        assert_pulls(cache, capture(cache, {"team/app": ["1"]}))
