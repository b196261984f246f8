# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flag file at a real nginx: writes are refused, reads go on, and a push held across the closing is waited for."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from real.conftest import require

from support import images, service
from support.closable import ByProxy, NewClosable
from support.crane import find_crane
from support.forked import run_forked
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import free_port, wait_for
from support.slow_put import SlowPut
from support.sweeping import push_aged
from support.verify import assert_pulls, capture


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


@pytest.mark.parametrize("earlier", [None, "# by hand\n"])
def test_a_snippet_that_nginx_does_not_take_goes_again(new_closable: NewClosable, earlier: str | None) -> None:
    closable = new_closable(ByProxy, snippet_installed=False)
    assert isinstance(closable, ByProxy)
    snippet = closable.nginx.snippet_path
    if earlier:
        snippet.write_text(earlier)
    found = closable.found()
    refuses = ["sh", "-c", f"grep -q auth_request {snippet} && echo unknown directive; exit 1"]
    message = closable.fail("read_only", nginx_snippet=str(snippet), nginx_reload_command=refuses)
    assert "unknown directive; nothing was changed" in message
    assert closable.found() == found
    assert closable.takes_pushes()


def test_each_server_block_can_include_the_snippet(proxied: ByProxy) -> None:
    server = f"server {{ listen 127.0.0.1:%d; include {proxied.nginx.snippet_path}; }}\n"
    more = "".join(server % free_port() for _number in range(2))
    proxied.nginx.config_path.write_text(
        proxied.nginx.config_path.read_text().rstrip().removesuffix("}") + more + "}\n"
    )
    subprocess.run([*proxied.nginx.command, "-t"], check=True)


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


def sweep(proxied: ByProxy, **more: Any) -> Result:
    _status, result = run_forked(
        "cleanup",
        {
            "registry_config": str(proxied.registry.config_path),
            "registry_url": proxied.front.url,
            "policies": [{"name": "none", "keep_n": 1, "tags": ["1", "2"]}],
            "grace_period": "0s",
            "delete_untagged": True,
            "untagged_older_than": "0s",
            **more,
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


def test_after_a_sweep_it_restarts_before_the_flag_goes(proxied: ByProxy) -> None:
    """What the registry remembers of its blobs must not be believed by a push."""
    proxied.succeed("read_only")
    assert not proxied.succeed("read_only")["restarted"]
    (proxied.registry.storage / "docker/registry/drydock.lock/touched.json").write_text("{}")
    flag, restart = str(proxied.nginx.flag_file), service.command(proxied.registry)

    result = proxied.succeed("restored", restart_command=["sh", "-c", 'test -e "$0" && exec "$@"', flag, *restart])

    assert (result["restarted"], result["mode_after"]) == (True, "writable")
    assert proxied.takes_pushes()


def test_a_sweep_of_a_later_run_is_not_forgotten_either(proxied: ByProxy) -> None:
    """A play closes, another one that knows the first to be over sweeps, a third one opens."""
    push_aged(proxied.registry, "team/app", {"1": 40.0, "2": 30.0})
    runs = [{"id": f"ctl:{pid}:7", "who": f"play {pid}", "member": "reg"} for pid in (1, 2, 3)]
    proxied.succeed("read_only", _run=runs[0])
    assert sweep(proxied, _run=runs[1], _gone_runs=["ctl:1:7"])["deleted"]["tags"] == 1

    assert proxied.succeed("restored", _run=runs[2], _gone_runs=["ctl:1:7"])["restarted"]
    assert not (proxied.registry.storage / "docker/registry/drydock.lock").exists()


def test_read_write_opens_while_nginx_is_down(proxied: ByProxy) -> None:
    """So that nginx takes writes from its start on; that it does is seen by the next call."""
    proxied.succeed("read_only")
    proxied.nginx.stop()

    message = proxied.fail("read_write", timeout="1s")

    assert "was put back, but the registry is stopped, not writable" in message
    assert not proxied.nginx.flag_file.exists()
    proxied.nginx.start()
    assert proxied.takes_pushes()
    assert proxied.succeed("read_write")["mode_after"] == "writable"
    assert proxied.records() == []


def test_options_that_were_changed_since_the_closing(proxied: ByProxy) -> None:
    """They tell of another registry, which was not closed. That must not look as if all were well."""
    proxied.succeed("read_only")

    result = proxied.succeed("restored", flag_file=str(proxied.home / "another"))

    assert (result["changed"], result["mode_after"]) == (False, "read_only")
    assert f"{proxied.nginx.flag_file} was, by the method proxy_flag" in str(result["warnings"])
    result = proxied.succeed("restored")
    assert (result["mode_after"], result.get("warnings")) == ("writable", None)


def test_without_its_lock_it_counts_as_swept(proxied: ByProxy) -> None:
    """Somebody has taken it over when it seemed dead, or the storage is not mounted yet."""
    proxied.succeed("read_only")
    shutil.rmtree(proxied.registry.storage / "docker/registry/drydock.lock")
    assert proxied.succeed("restored", check=True)["changed"]
    assert proxied.succeed("restored")["restarted"]
    assert not proxied.succeed("restored")["changed"]
