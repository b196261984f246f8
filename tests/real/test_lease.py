# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that nobody puts back puts itself back: without a controller, without Ansible, after a reboot."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import requests
from real.conftest import require, require_registry

from ansible_collections.drydock.registry.plugins.module_utils._maintenance import watchdog as _watchdog
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.boot import unit_text
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.one_at_a_time import one_at_a_time
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import (
    Record,
    record_from_json,
)
from support import images, service, watchdogs
from support.fleet import Host
from support.forked import run_forked
from support.playbook import COLLECTION, StartedPlaybook, run_environment
from support.pushing import push
from support.registries import V3, RegistryProcess, wait_for
from support.verify import assert_pulls, capture

LEASE = "5s"
# A lease, a restart, and a machine that does much else at the same time.
PATIENCE = 60.0
TAGS = [str(number) for number in range(5)]

# The module cleanup, which stands still when it is about to move its second object out of the way.
STANDS_STILL = f"""\
import itertools, os, runpy, signal
moved, rename = itertools.count(1), os.rename
def stopping(source, target, **options):
    if "/drydock/" in str(target) and next(moved) == 2:
        os.kill(os.getpid(), signal.SIGSTOP)
    return rename(source, target, **options)
os.rename = stopping
runpy.run_module("{COLLECTION}.plugins.modules.cleanup", run_name="__main__")
"""


class LeasedHost(Host):
    """A host whose registry is closed for LEASE."""

    @property
    def lock(self) -> Path:
        return self.registry.storage / "docker/registry/drydock.lock"

    def closing(self, **changed: Any) -> dict[str, Any]:
        options = {"state": "read_only", "lease": LEASE, "registry_config": str(self.registry.config_path)}
        return self.maintenance(**{**options, **changed})

    def close_it(self, **changed: Any) -> None:
        result = run_forked("maintenance", self.closing(**changed))[1]
        assert not result.get("failed"), result

    def told(self, state: str, check: bool = False) -> str:
        """What the next use of the module says of a lease that ended by itself."""
        result = run_forked("maintenance", self.closing(state=state, lease="1h"), check=check)[1]
        assert not result.get("failed"), result
        found = [json.dumps(one) for one in result.get("warnings", [])]
        return "".join(one for one in found if "by itself" in one)

    def record(self) -> Record:
        (path,) = self.state_dir.glob("maintenance-*.json")
        return record_from_json(path.read_bytes(), str(path))

    def wait_until_open(self) -> None:
        wait_for(self.answers_writable, "a registry that takes writes", PATIENCE)
        wait_for(lambda: not self.traces(), f"an end of {self.traces()}", PATIENCE)

    def answers_writable(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):  # it is being restarted
            return self.is_writable()
        return False

    def traces(self) -> list[str]:
        """All that a closing leaves on the host while it lasts."""
        kept = self.state_dir.iterdir() if self.state_dir.exists() else []
        # What the next run is told is no trace of the closing.
        files = [path for path in (*kept, self.lock) if path.exists() and not path.name.startswith("ended-")]
        found = [*files, *watchdogs.processes(self.state_dir), *watchdogs.boot_hooks(self.state_dir)]
        return list(map(str, found))


NewHost = Callable[..., LeasedHost]


@pytest.fixture
def new_host(tmp_path: Path) -> Iterator[NewHost]:
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> LeasedHost:
            require_registry(V3)
            registry = RegistryProcess(V3, tmp_path / "registry", **options)
            command = stack.enter_context(service.as_service(registry))
            # Without the environment of a playbook's run, by which the test finds what it kills.
            restart = ["env", "-i", f"PATH={os.environ['PATH']}", *command]
            host = LeasedHost(registry, restart, tmp_path)
            for tag in TAGS:
                push(registry, "team/app", images.image(tag), tag)
            return host

        yield make


@pytest.fixture
def host(new_host: NewHost) -> LeasedHost:
    return new_host()


def test_a_playbook_that_is_killed(host: LeasedHost) -> None:
    """With the connection's processes, and Ansible's temporary directory."""
    kept, found = capture(host.registry, {"team/app": TAGS}), host.configuration()
    tasks = [
        {"drydock.registry.maintenance": host.closing()},
        {"name": "work", "ansible.builtin.command": "sleep 600"},
    ]
    with StartedPlaybook([{"hosts": "all", "gather_facts": False, "tasks": tasks}]) as run:
        run.wait_for_task("work")
        assert not host.is_writable()
        (watchdog,) = watchdogs.processes(host.state_dir)
        run.vanish()

    assert service.runs(watchdog)
    host.wait_until_open()

    assert host.configuration() == found
    assert_pulls(host.registry, kept)
    push(host.registry, "team/app", images.image("new"), "new")
    assert re.search(r"by itself at \S+, for the lease was over: \w+ on \S+, ansible-playbook", host.told("restored"))


@pytest.mark.parametrize("state", ["read_only", "read_write", "restored"])
def test_the_next_run_is_told_once(host: LeasedHost, state: str) -> None:
    """A preview as well, which does not count; and no secret or other file is left for it."""
    host.close_it()
    host.wait_until_open()
    (word,) = host.state_dir.iterdir()
    assert (word.stat().st_mode & 0o777, word.name[:6]) == (0o600, "ended-")

    told = [host.told(state, check=True), host.told(state, check=True), host.told(state), host.told(state)]

    assert told[0] == told[1] == told[2]
    assert "a module run by hand had closed it at" in told[0]
    assert "for 5s at most, and that run had not opened it" in told[0]
    assert told[3] == ""
    assert not word.exists()
    assert state == "read_only" or not host.state_dir.exists()


def test_no_secret_is_kept_that_is_not_needed(new_host: NewHost) -> None:
    """So the watchdog sees only that the registry answers, and puts back all the same."""
    user, password, secret = "cleaner", "correct horse", "battery staple"
    host = new_host(htpasswd=(user, password))
    found = host.configuration()

    names = ("REGISTRY_HTTP_SECRET", "REGISTRY_STORAGE_AZURE_ACCOUNTKEY", "REGISTRY_LOG_LEVEL")
    variables = dict.fromkeys(names, secret)
    storage = {"filesystem": {"rootdirectory": str(host.registry.storage)}, "delete": {"enabled": secret}}

    host.close_it(registry_username=user, registry_password=password, registry_environment=variables, storage=storage)

    assert not host.is_writable()
    kept = b"".join(path.read_bytes() for path in host.state_dir.iterdir())
    assert password.encode() not in kept
    assert secret.encode() not in kept
    host.wait_until_open()
    assert host.configuration() == found


def test_the_watchdog_holds_nothing_of_the_run(host: LeasedHost) -> None:
    """So that a run ends while it goes on, and its directories can go."""
    host.close_it(lease="1h")

    (watchdog,) = watchdogs.processes(host.state_dir)
    proc = Path(f"/proc/{watchdog}")
    assert {os.readlink(one) for one in (proc / "fd").iterdir()} == {os.devnull}
    assert os.readlink(proc / "cwd") == "/"
    assert os.getsid(watchdog) != os.getsid(0)
    assert (proc / "environ").read_bytes() == b""
    (program,) = host.state_dir.glob("*.zip")
    assert program.stat().st_mode & 0o777 == 0o600


def test_the_program_needs_nothing_else(host: LeasedHost) -> None:
    host.close_it(lease="1h")
    (program,) = host.state_dir.glob("*.zip")

    command = ["env", "-i", sys.executable, "-I", str(program), "check"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    code = f"import sys; sys.path.insert(0, {str(program)!r}); import ansible_collections as a; print(a.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(program))


def test_leaving_ends_the_watchdog(host: LeasedHost) -> None:
    host.close_it(lease="1h")
    assert watchdogs.processes(host.state_dir)

    result = run_forked("maintenance", host.closing(state="restored"))[1]

    assert (result.get("failed"), result.get("mode_after")) == (None, "writable"), result
    assert host.traces() == []


def test_a_lease_that_is_renewed(host: LeasedHost) -> None:
    """The first watchdog would open the registry much too early."""
    host.close_it(lease="1h")
    (first,) = watchdogs.processes(host.state_dir)

    host.close_it()

    assert not service.runs(first)
    host.wait_until_open()


def test_a_sweep_is_dead_before_the_registry_opens(host: LeasedHost) -> None:
    """It stands still, so it neither sees the end of its lease nor ends when it is asked to."""
    witness, sweeper_file = host.home / "witness", host.home / "sweeper"
    look = f"test ! -e {sweeper_file} || grep State: /proc/$(cat {sweeper_file})/status || echo gone"
    host.close_it(lease="10s", timeout="5s", restart_command=host.script("look.sh", f"({look}) >> {witness}"))
    options = {"registry_config": str(host.registry.config_path), "grace_period": "0s", "policies": [{"keep_n": 1}]}
    with cleanup(options) as sweeper:
        sweeper_file.write_text(str(sweeper.pid))
        wait_for(lambda: state_of(sweeper) == "T", "a sweep that stands still")
        assert (host.lock / "touched.json").exists()

        host.wait_until_open()

        assert sweeper.wait() == -signal.SIGKILL
    assert "its sweep had not ended, and was stopped. The next run finishes" in host.told("restored")
    (state,) = witness.read_text().splitlines()
    assert re.fullmatch("gone|State:\tZ.*", state)
    kept = host.registry.session().get(f"{host.registry.url}/v2/team/app/tags/list", timeout=10).json()["tags"]
    assert_pulls(host.registry, capture(host.registry, {"team/app": kept}))


def test_a_restart_that_fails_is_tried_again(host: LeasedHost) -> None:
    attempts = host.home / "attempts"
    fails_once = f"test -e {host.home}/armed || exec {shlex.join(host.restart_command)}; echo >> {attempts}"
    restart = host.script("picky.sh", fails_once, f"test $(wc -l < {attempts}) -gt 1 || exit 4")
    host.close_it(restart_command=restart)
    (host.home / "armed").touch()

    host.wait_until_open()

    assert len(attempts.read_text().splitlines()) == 2


def test_a_lease_ends_whatever_became_of_its_record(host: LeasedHost) -> None:
    """Which others may have written, as far as their rights go; what the watchdog has with it they can't."""
    found = host.configuration()
    host.close_it()
    (path,) = host.state_dir.glob("maintenance-*.json")
    path.write_text("{")
    host.state_dir.chmod(0o770)

    host.wait_until_open()

    assert host.configuration() == found


def test_a_newer_version_at_work_is_waited_for(host: LeasedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its lock means is not known, so nothing is opened over it; once it has gone the registry is put back."""
    monkeypatch.setattr(_watchdog, "pauses", lambda: [0.0])
    host.close_it(lease="1h")
    watchdog = _watchdog.Watchdog(str(host.state_dir), host.record())
    holder = host.lock / "holder.json"
    ours = json.loads(holder.read_text())
    holder.write_text(json.dumps({**ours, "format": ours["format"] + 1}))

    watchdog.put_back()

    assert not host.is_writable()
    assert json.loads(holder.read_text())["format"] == ours["format"] + 1

    shutil.rmtree(host.lock)
    watchdog.put_back()

    assert host.is_writable()
    assert host.traces() == []


def test_a_task_that_stands_still_is_ended(
    host: LeasedHost, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """It holds what the watchdog needs, and would for ever."""
    monkeypatch.setattr(_watchdog, "one_at_a_time", functools.partial(one_at_a_time, patience=0.1))
    monkeypatch.setattr(_watchdog, "pauses", lambda: [0.0])
    host.close_it(lease="1h")
    task = os.fork()
    if task == 0:
        with one_at_a_time(str(host.state_dir)):
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(task, os.WUNTRACED)
    request.addfinalizer(functools.partial(kill, task))

    _watchdog.Watchdog(str(host.state_dir), host.record()).put_back()

    assert os.waitpid(task, os.WNOHANG) == (task, signal.SIGKILL)
    assert host.is_writable()
    assert host.traces() == []


def test_a_reboot(host: LeasedHost) -> None:
    """Everything dies; the registry comes back closed, as its file says; then the boot hook runs."""
    require(
        os.geteuid() == 0 and shutil.which("update-rc.d"), "a boot hook by an init script needs root and update-rc.d"
    )
    host.close_it(lease="1h")
    (hook,) = watchdogs.boot_hooks(host.state_dir)
    assert [link.resolve() for link in Path("/etc/rc2.d").glob(f"S??{hook.name}")] == [hook]
    for watchdog in watchdogs.processes(host.state_dir):
        os.kill(watchdog, signal.SIGKILL)
    host.restart()
    assert not host.is_writable()
    subprocess.run([str(hook), "start"], check=True)
    wait_for(lambda: not watchdogs.processes(host.state_dir), "the hook's end")
    assert not host.is_writable()

    hook.write_text(re.sub(r" boot \S+", " boot an-earlier-one", hook.read_text()))
    subprocess.run([str(hook), "start"], check=True)

    host.wait_until_open()
    assert not list(Path("/etc/rc2.d").glob(f"S??{hook.name}"))
    assert "by itself at" in host.told("restored", check=True)
    assert "after it was started anew: a module run by hand had closed it" in host.told("restored")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    require(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    unit = tmp_path / "drydock-restore-test.service"
    unit.write_text(unit_text([sys.executable, "-E", '/state "of" 100% $HOME\'s.zip', "boot", "mark"]))

    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@contextlib.contextmanager
def cleanup(options: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """The module, as STANDS_STILL runs it."""
    command = [sys.executable, "-c", STANDS_STILL]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=run_environment()) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


def kill(pid: int) -> None:
    if service.runs(pid):
        os.kill(pid, signal.SIGKILL)


def state_of(process: subprocess.Popen[str]) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
