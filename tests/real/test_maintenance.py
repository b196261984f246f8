# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing real registries by their configuration file, and putting back what was found, whatever happens between."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import yaml
from real.conftest import require, require_registry

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.exclusive import exclusively
from support import images, watchdogs
from support.credentials import TlsFiles
from support.forked import run_forked
from support.playbook import COLLECTION, Result, run_environment, run_module, run_playbook
from support.pushing import PushError, push
from support.registries import V3, NewRegistry, RegistryProcess, free_port, wait_for
from support.scripted import Fault, NewScripted, Request, json_fault
from support.store import assert_untouched, contents, snapshot
from support.verify import assert_pulls, capture

SECRET = "a-secret-of-the-file"
KEYS = {
    *{"changed", "state", "method", "mode_before", "mode_after"},
    *{"entered_at", "left_at", "window_seconds", "drained", "restarted", "lease_until"},
}

# For what does not depend on how the registry closes.
ONE_VERSION = pytest.mark.parametrize("version", [V3])

# What an init script does: end the process of the pid file, start a new one in the background.
SERVICE = """\
import os, signal, subprocess, sys, time
pid_file, log, *command = sys.argv[1:]
def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False
if os.path.exists(pid_file):
    pid = int(open(pid_file).read())
    if alive(pid):
        os.kill(pid, signal.SIGTERM)
    while alive(pid):
        time.sleep(0.01)
with open(log, "ab") as out:
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
with open(pid_file, "w") as file:
    file.write(str(started.pid))
"""


class Service:
    """A registry that is restarted by a command, as a service manager does it."""

    def __init__(self, registry: RegistryProcess, prefix: list[str] | None = None) -> None:
        self.registry = registry
        registry.settings = {"http": {"secret": SECRET}}
        registry.write_config()
        self.config = registry.config_path
        self.config.chmod(0o640)
        # Outside of what is compared: a registry logs the probe as any other request.
        self.log = registry.home.with_name("service.log")
        self.pid_file = registry.home / "registry.pid"
        self.state_dir = registry.home.with_name("state")
        self.script = registry.home / "service.py"
        self.script.write_text(SERVICE)
        environment = {"OTEL_TRACES_EXPORTER": "none", **registry.environment}
        start = ["env", *(f"{name}={value}" for name, value in environment.items()), *(prefix or [])]
        start += [str(registry.binary), "serve", str(self.config)]
        self.restart = [sys.executable, str(self.script), str(self.pid_file), str(self.log), *start]

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def start(self) -> None:
        subprocess.run(self.restart, check=True)
        wait_for(self.registry.answers, f"the registry at {self.registry.url}, see {self.log}")

    def stop(self) -> None:
        if self.pid_file.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid_file.unlink()

    def options(self, state: str, **more: Any) -> dict[str, Any]:
        options = {
            "state": state,
            "registry_config": str(self.config),
            "restart_command": self.restart,
            "state_dir": str(self.state_dir),
            "timeout": "20s",
            **more,
        }
        return {name: value for name, value in options.items() if value is not None}

    def run(self, state: str, *, check: bool = False, diff: bool = False, prefix: Any = (), **more: Any) -> Result:
        options = self.options(state, **more)
        if prefix:
            return run_module("maintenance", options, check=check, diff=diff, prefix=prefix)
        return run_forked("maintenance", options, check=check, diff=diff)[1]

    def succeed(self, state: str, *, check: bool = False, prefix: Any = (), **more: Any) -> Result:
        result = self.run(state, check=check, prefix=prefix, **more)
        assert not result.get("failed"), result["msg"]
        assert result.keys() - {"invocation", "warnings", "diff"} == KEYS
        return result

    def refused(self, state: str, *, check: bool = False, **more: Any) -> Result:
        result = self.run(state, check=check, **more)
        assert result.get("failed"), result
        assert isinstance(result["changed"], bool)
        assert SECRET not in json.dumps(result)
        return result

    def fail(self, state: str, *, check: bool = False, **more: Any) -> str:
        return str(self.refused(state, check=check, **more)["msg"])

    def records(self) -> list[str]:
        return [path.name for path in self.state_dir.glob("maintenance-*.json")]

    @property
    def lock(self) -> Path:
        return self.registry.storage / "docker/registry/drydock.lock"

    def has_left_nothing(self) -> bool:
        """No lock, no record, no watchdog and no boot hook."""
        files = list(self.state_dir.iterdir()) if self.state_dir.exists() else []
        return not (
            self.lock.exists() or files or watchdogs.processes(self.state_dir) or watchdogs.boot_hooks(self.state_dir)
        )

    def takes_pushes(self) -> bool:
        try:
            push(self.registry, "team/app", images.image(os.urandom(4).hex()), "pushed")
        except PushError:
            return False
        return True


NewService = Callable[..., Service]


@pytest.fixture
def new_service(version: str, tmp_path: Path) -> Iterator[NewService]:
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
    return new_service()


def file_state(path: Path) -> tuple[bytes, int, int, int]:
    found = path.stat()
    return path.read_bytes(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


@ONE_VERSION
def test_a_playbook_closes_and_restores(service: Service) -> None:
    image = images.image("app")
    push(service.registry, "team/app", image, "1")
    kept = capture(service.registry, {"team/app": ["1"]})
    os.chown(service.config, 12345, 54321)
    found = file_state(service.config)

    def task(state: str, **more: Any) -> dict[str, Any]:
        return {"drydock.registry.maintenance": service.options(state), **more}

    def play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks)}]

    run = run_playbook(
        play(task("read_only", check_mode=True), task("read_only"), task("read_only")), diff=True
    ).check()
    preview, closed, again = run.of("drydock.registry.maintenance")

    assert preview["diff"] == closed["diff"]
    assert closed["diff"] == {
        "before": "storage.maintenance.readonly.enabled: false\n",
        "after": "storage.maintenance.readonly.enabled: true\n",
    }
    assert SECRET not in run.output
    assert [one["changed"] for one in (preview, closed, again)] == [True, True, False]
    assert [one["mode_before"] for one in (preview, closed, again)] == ["writable", "writable", "read_only"]
    assert [one["mode_after"] for one in (preview, closed, again)] == ["read_only"] * 3
    assert [one["drained"] for one in (preview, closed, again)] == [None, True, True]
    assert closed["entered_at"] is not None
    assert closed["entered_at"] == again["entered_at"]
    assert closed["window_seconds"] is None
    assert closed["left_at"] is None
    assert file_state(service.config)[1:] == found[1:]
    assert not service.takes_pushes()
    assert_pulls(service.registry, kept)

    run = run_playbook(play(task("restored", check_mode=True), task("restored"), task("restored")), diff=True).check()
    preview, opened, again = run.of("drydock.registry.maintenance")

    assert preview["diff"] == opened["diff"]
    assert opened["diff"] == {"before": closed["diff"]["after"], "after": closed["diff"]["before"]}
    assert [one["changed"] for one in (preview, opened, again)] == [True, True, False]
    assert [one["mode_before"] for one in (preview, opened, again)] == ["read_only", "read_only", "writable"]
    assert [one["mode_after"] for one in (preview, opened, again)] == ["writable"] * 3
    assert opened["entered_at"] == closed["entered_at"] <= opened["left_at"]
    assert opened["window_seconds"] > 0
    assert file_state(service.config) == found
    assert service.records() == []
    assert service.takes_pushes()
    assert_pulls(service.registry, kept)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("state", ["read_only", "restored", "read_write"])
def test_check_mode_touches_nothing(service: Service, state: str, closed: bool) -> None:
    push(service.registry, "team/app", images.image("app"), "1")
    if closed:
        service.succeed("read_only")
    pid, before = service.pid, snapshot(service.registry.home)

    result = service.succeed(state, check=True)

    assert result["changed"] is (closed is (state != "read_only"))
    assert service.pid == pid
    assert_untouched(service.registry.home, before)


@ONE_VERSION
def test_the_record_is_for_root_only(service: Service) -> None:
    service.succeed("read_only")

    (name,) = service.records()
    assert stat.S_IMODE(service.state_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((service.state_dir / name).stat().st_mode) == 0o600


@ONE_VERSION
def test_extended_attributes_come_back(service: Service) -> None:
    context = b"system_u:object_r:etc_t:s0\0"
    try:
        os.setxattr(service.config, "security.selinux", context)
    except OSError as error:
        require(False, f"security.selinux can't be set here: {error}")

    service.succeed("read_only")
    assert os.getxattr(service.config, "security.selinux") == context
    service.succeed("restored")
    assert os.getxattr(service.config, "security.selinux") == context


def test_a_file_changed_meanwhile_keeps_the_change(service: Service) -> None:
    original = service.config.read_bytes()
    service.succeed("read_only")
    service.config.write_bytes(service.config.read_bytes() + b"# changed by hand\n")

    assert service.succeed("restored")["mode_after"] == "writable"

    assert service.config.read_bytes() == original + b"# changed by hand\n"


def test_a_file_written_anew_loses_only_the_key(service: Service) -> None:
    service.succeed("read_only")
    content = yaml.safe_load(service.config.read_bytes())
    content["log"] = {"level": "error"}
    service.config.write_text(yaml.safe_dump(content, default_flow_style=True))

    assert service.succeed("restored")["mode_after"] == "writable"

    content["storage"]["maintenance"]["readonly"]["enabled"] = False
    assert yaml.safe_load(service.config.read_bytes()) == content


def test_a_file_written_anew_without_the_key_is_left_alone(service: Service) -> None:
    service.succeed("read_only")
    service.config.write_text(yaml.safe_dump(service.registry.config()))
    theirs = file_state(service.config)

    result = service.succeed("restored")

    assert (result["changed"], result["mode_after"]) == (True, "writable")
    assert file_state(service.config) == theirs


def test_restored_leaves_a_registry_that_was_read_only_before(new_service: NewService) -> None:
    service = new_service(read_only=True)
    before = contents(service.registry.home)

    assert not service.succeed("read_only")["changed"]
    assert not service.succeed("restored")["changed"]

    assert contents(service.registry.home) == before
    assert not service.takes_pushes()


def test_read_write_opens_whatever_was_found(new_service: NewService) -> None:
    service = new_service(read_only=True)

    result = service.succeed("read_write")

    assert (result["changed"], result["mode_before"], result["mode_after"]) == (True, "read_only", "writable")
    assert service.takes_pushes()
    assert not service.succeed("read_write")["changed"]


def test_read_write_after_read_only_puts_the_file_back(service: Service) -> None:
    found = file_state(service.config)
    service.succeed("read_only")
    service.succeed("read_write")
    assert file_state(service.config) == found
    assert service.records() == []


def test_a_stopped_registry_is_closed_and_stays_stopped(new_service: NewService) -> None:
    service = new_service(running=False)
    before = contents(service.registry.home)

    for state in ("read_only", "restored"):
        result = service.succeed(state)
        assert (result["changed"], result["mode_before"], result["mode_after"]) == (False, "stopped", "stopped")

    assert contents(service.registry.home) == before


def test_behind_tls_and_a_password(new_service: NewService, tls: TlsFiles) -> None:
    user, password = "cleaner", "correct horse"
    service = new_service(tls=tls, client_certificates=True, htpasswd=(user, password))
    connection: dict[str, Any] = {
        "registry_username": user,
        "registry_password": password,
        "ca_path": str(tls.ca),
        "client_cert": str(tls.client_cert),
        "client_key": str(tls.client_key),
    }
    assert "nothing was changed" in service.fail("read_only", **{**connection, "registry_password": "wrong"})
    assert "nothing was changed" in service.fail("read_only", **{**connection, "ca_path": None})
    assert service.succeed("read_only", **connection)["mode_after"] == "read_only"
    assert service.succeed("restored", **connection)["mode_after"] == "writable"


# What goes wrong.


@pytest.mark.parametrize("check", [False, True])
def test_an_override_of_the_environment_is_named(new_service: NewService, check: bool) -> None:
    environment = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":false}'}
    service = new_service(environment=environment)
    before = snapshot(service.registry.home)

    message = service.fail("read_only", check=check, registry_environment=environment)

    assert "registry_environment overrides it" in message
    assert_untouched(service.registry.home, before)


def test_an_override_that_closes_the_registry_is_enough(new_service: NewService) -> None:
    environment = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":true}'}
    service = new_service(environment=environment)

    assert not service.succeed("read_only", registry_environment=environment)["changed"]
    assert "environment overrides the file" in service.fail("read_only")
    assert "registry_environment overrides it" in service.fail("read_write", registry_environment=environment)


@ONE_VERSION
@pytest.mark.parametrize("check", [False, True])
def test_restart_command_is_missed_before_anything_is_touched(service: Service, check: bool) -> None:
    before = snapshot(service.registry.home)
    assert "restart_command" in service.fail("read_only", check=check, restart_command=None)
    assert "restart_command" in service.fail("read_only", check=check, restart_command="unbalanced 'quote")
    assert_untouched(service.registry.home, before)


def test_a_url_that_proves_nothing(service: Service) -> None:
    before = snapshot(service.registry.home)
    url = f"http://127.0.0.1:{free_port()}"

    message = service.fail("read_only", registry_url=url)

    assert f"process {service.pid} runs with {service.config}" in message
    assert_untouched(service.registry.home, before)


def test_a_file_that_was_edited_without_a_restart_is_doubt(service: Service) -> None:
    service.registry.read_only = True
    service.registry.write_config()
    before = snapshot(service.registry.home)

    assert "says read_only, but the registry is writable" in service.fail("read_only")

    assert_untouched(service.registry.home, before)


def test_a_restart_that_fails_on_entering_is_undone(service: Service, tmp_path: Path) -> None:
    """The service manager refuses to start the registry with the changed file."""
    found = file_state(service.config)
    picky = tmp_path / "picky"
    picky.write_text(
        f'#!/bin/sh\nif grep -q readonly {service.config}; then echo "no such unit"; exit 4; fi\nexec "$@"\n'
    )
    picky.chmod(0o755)

    message = service.fail("read_only", restart_command=[str(picky), *service.restart])

    assert "return code 4: no such unit" in message
    assert "put back and is writable again" in message
    assert file_state(service.config) == found
    assert service.records() == []
    assert service.takes_pushes()


@ONE_VERSION
def test_a_restart_that_restarts_nothing_is_seen(service: Service) -> None:
    found = file_state(service.config)

    message = service.fail("read_only", restart_command="true", timeout="1s")

    assert "not read_only within 1 s" in message
    assert "put back and is writable again" in message
    assert file_state(service.config) == found
    assert service.records() == []


@ONE_VERSION
def test_putting_back_that_fails_too_leaves_a_record(service: Service) -> None:
    found = file_state(service.config)

    message = service.fail("read_only", restart_command=["sh", "-c", "exit 3"])

    assert "putting the registry back failed too" in message
    assert "is as it was before, the registry is writable" in message
    assert file_state(service.config) == found
    assert len(service.records()) == 1
    assert not service.succeed("restored")["changed"]
    assert service.records() == []


def test_a_restart_that_fails_on_leaving_is_finished_by_the_next_call(service: Service) -> None:
    found = file_state(service.config)
    service.succeed("read_only")

    message = service.fail("restored", restart_command=["sh", "-c", "exit 3"])

    assert "was put back, but the registry is read_only, not writable" in message
    assert file_state(service.config) == found
    assert len(service.records()) == 1
    result = service.succeed("restored")
    assert (result["changed"], result["mode_before"], result["mode_after"]) == (True, "read_only", "writable")
    assert result["window_seconds"] > 0
    assert not service.succeed("restored")["changed"]


@ONE_VERSION
def test_a_restart_command_that_hangs_is_ended(service: Service) -> None:
    message = service.fail("read_only", restart_command="sleep 600", timeout="1s")
    assert "sleep did not end within 1 s" in message
    assert service.takes_pushes()


def test_an_old_process_that_goes_on_is_not_drained(service: Service) -> None:
    found = file_state(service.config)
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none", "REGISTRY_HTTP_ADDR": f"127.0.0.1:{free_port()}"}
    command = [str(service.registry.binary), "serve", "config.yml"]
    with subprocess.Popen(command, env=environment, cwd=service.registry.home, stderr=subprocess.DEVNULL) as other:
        try:
            message = service.fail("read_only", timeout="2s")
        finally:
            other.kill()

    assert f"not drained within 2 s: the old registry process {other.pid} still runs" in message
    assert "put back and is writable again" in message
    assert file_state(service.config) == found
    assert service.takes_pushes()


@ONE_VERSION
def test_uploads_that_still_change_are_not_drained(service: Service) -> None:
    push(service.registry, "team/app", images.image("app"), "1")
    upload = service.registry.storage / "docker/registry/v2/repositories/team/app/_uploads/some-uuid/data"
    upload.parent.mkdir(parents=True)
    done = threading.Event()

    def write() -> None:
        with upload.open("ab", buffering=0) as file:
            while not done.wait(0.05):
                file.write(b"more")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        message = service.fail("read_only", timeout="2s")
    finally:
        done.set()
        writer.join()

    assert "not drained within 2 s: uploads" in message
    assert service.takes_pushes()
    assert service.succeed("read_only")["drained"] is True


@ONE_VERSION
def test_a_file_that_cannot_be_edited_safely_is_left_alone(service: Service) -> None:
    content = service.config.read_text().replace("storage:\n", "storage:\n  <<: {maintenance: {uploadpurging: {}}}\n")
    service.config.write_text(content)
    before = snapshot(service.registry.home)

    assert "by hand" in service.fail("read_only", check=True)
    assert "by hand" in service.fail("read_only")

    assert_untouched(service.registry.home, before)


def garble(record: Path) -> None:
    record.write_text("{")


def let_others_write(record: Path) -> None:
    record.chmod(0o666)


@ONE_VERSION
@pytest.mark.parametrize("damage", [garble, let_others_write, Path.unlink])
def test_a_record_that_is_of_no_use(service: Service, damage: Callable[[Path], None]) -> None:
    """The watchdog has a copy, so that the registry is put back as it was."""
    found = file_state(service.config)
    service.succeed("read_only")
    damage(service.state_dir / service.records()[0])

    assert service.succeed("restored")["changed"]

    assert file_state(service.config) == found
    assert service.has_left_nothing()


def write_as_format(path: Path, number: int | None) -> None:
    """Have both copies of the record say that they are of this format; None for no word of it."""
    program = path.with_suffix(".zip")
    with zipfile.ZipFile(program) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(path.read_bytes())
    assert record.pop("format") == json.loads(files["record.json"])["format"]
    files["record.json"] = json.dumps(record if number is None else {**record, "format": number}).encode()
    path.write_bytes(files["record.json"])
    with zipfile.ZipFile(program, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@ONE_VERSION
def test_a_record_of_a_version_that_is_not_known(service: Service) -> None:
    """Doubt keeps the registry as it is; read_write opens it, as with a record that is damaged."""
    service.succeed("read_only")
    write_as_format(service.state_dir / service.records()[0], 99)
    before = snapshot(service.registry.home)

    for state in ("restored", "read_only"):
        for check in (False, True):
            message = service.fail(state, check=check)
            assert "was written by a newer drydock.registry: its format is 99" in message
            assert "use that version, or state: read_write opens the registry without it" in message
    assert_untouched(service.registry.home, before)

    assert "its format is 99" in str(service.succeed("read_write")["warnings"])
    assert service.takes_pushes()
    assert service.has_left_nothing()


@ONE_VERSION
def test_a_record_from_before_formats_had_a_number(service: Service) -> None:
    found = file_state(service.config)
    service.succeed("read_only")
    write_as_format(service.state_dir / service.records()[0], None)

    assert not service.succeed("restored").get("warnings")

    assert file_state(service.config) == found
    assert service.has_left_nothing()


@ONE_VERSION
def test_a_directory_that_others_can_write_is_not_trusted(service: Service) -> None:
    """Only read_write opens the registry, without anything of what lies there."""
    service.succeed("read_only")
    service.state_dir.chmod(0o770)

    assert "not trusted; state: read_write opens" in service.fail("restored")

    result = service.succeed("read_write")
    assert (result["changed"], result["mode_after"]) == (True, "writable")
    assert "not trusted" in str(result["warnings"])
    assert service.takes_pushes()
    assert service.has_left_nothing()
    assert not service.succeed("read_write")["changed"]


# Containers: the file is a mount, or is read by its inode in a mount namespace of its own.


def unshared(script: str) -> list[str]:
    """A command prefix that runs in a mount namespace of its own after `script`."""
    require(shutil.which("unshare"), "unshare is not installed")
    probe = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    require(probe.returncode == 0, "mount namespaces can't be made here")
    return ["unshare", "-m", "sh", "-c", f'{script} && exec "$@"', "--"]


@ONE_VERSION
def test_a_mount_point_is_written_in_place(service: Service) -> None:
    found, inode = file_state(service.config), service.config.stat().st_ino
    prefix = unshared(f"mount --bind {service.config} {service.config}")

    assert service.succeed("read_only", prefix=prefix)["mode_after"] == "read_only"
    assert service.config.stat().st_ino == inode
    assert service.succeed("restored", prefix=prefix)["mode_after"] == "writable"

    assert file_state(service.config) == found
    assert [path.name for path in service.config.parent.glob(".*")] == []


@ONE_VERSION
def test_a_file_that_cannot_be_written_changes_nothing(service: Service) -> None:
    found, pid = file_state(service.config), service.pid
    prefix = unshared(f"mount --bind {service.config} {service.config} && mount -o remount,ro,bind {service.config}")

    message = service.run("read_only", prefix=prefix)["msg"]

    assert f"{service.config} can't be written: Read-only file system; nothing was changed" in message
    assert (file_state(service.config), service.pid, service.records()) == (found, pid, [])


FILL_UP = f"""\
import contextlib, pathlib, sys
from {COLLECTION}.plugins.module_utils._maintenance.record import file as _file
path = pathlib.Path(sys.argv[1])
path.write_text("enabled: no")
found = _file.read_file(str(path))
_file.write_file(str(path), found._replace(content=b"enabled: true"), in_place=False)
with contextlib.suppress(OSError), path.with_name("rest").open("wb", 0) as rest:
    while True:
        rest.write(bytes(4096))
_file.write_file(str(path), found, in_place=False)
assert _file.read_file(str(path)) == found
"""


def test_a_full_disk_does_not_keep_what_was_found_away(tmp_path: Path) -> None:
    small = unshared(f"mount -t tmpfs -o size=64k none {tmp_path}")
    script = [*small, sys.executable, "-c", FILL_UP, str(tmp_path / "config.yml")]
    subprocess.run(script, check=True, env=run_environment(PYTHONPATH=os.pathsep.join(sys.path)))


def test_a_container_goes_on_seeing_its_file(new_service: NewService, tmp_path: Path) -> None:
    """The process lives in other mounts and knows the file by another name there."""
    inside = tmp_path / "inside.yml"
    inside.touch()
    home = tmp_path / "registry"
    service = new_service(running=False)
    prefix = unshared(f"mount --bind {home / 'config.yml'} {inside}")
    binary = str(service.registry.binary)
    at = service.restart.index(binary)
    service.restart = [*service.restart[:at], *prefix, binary, "serve", str(inside)]
    service.start()
    found, inode = file_state(service.config), service.config.stat().st_ino

    result = service.succeed("read_only")

    assert (result["mode_after"], result["drained"]) == ("read_only", True)
    assert service.config.stat().st_ino == inode
    service.succeed("restored")
    assert file_state(service.config) == found


# Held by one run, for as long as its lease.

OTHER_RUN = {"id": "ctl2:4711:12345", "who": "root on ctl2, process 4711", "member": "a"}


@ONE_VERSION
def test_a_closed_registry_is_held_and_leased(service: Service) -> None:
    closed = service.succeed("read_only", lease="2h")

    assert service.lock.is_dir()
    record = json.loads((service.state_dir / service.records()[0]).read_text())
    assert record["method"] == "config_file"
    assert record["mode_before"] == "writable"
    assert record["expires_at"] - record["entered_at"] == pytest.approx(7200, abs=60)
    assert record["options"]["restart_command"] == service.restart
    assert "registry_password" not in record["options"]
    assert len(watchdogs.processes(service.state_dir)) == 1

    longer = service.succeed("read_only", lease="3h")

    assert (longer["changed"], longer["restarted"]) == (False, False)
    assert longer["lease_until"] > closed["lease_until"] > closed["entered_at"]
    assert len(watchdogs.processes(service.state_dir)) == 1
    opened = service.succeed("restored")
    assert (opened["restarted"], opened["lease_until"]) == (True, None)
    assert service.has_left_nothing()


@ONE_VERSION
def test_what_was_killed_when_all_but_the_record_was_put_back_is_closed_anew(service: Service) -> None:
    service.succeed("read_only")
    path = service.state_dir / service.records()[0]
    left = path.read_bytes()
    service.succeed("restored")
    changed = service.config.read_bytes() + b"# by hand\n"
    service.config.write_bytes(changed)
    service.state_dir.mkdir(mode=0o700)
    path.write_bytes(left)
    path.chmod(0o600)

    assert service.succeed("read_only")["mode_before"] == "writable"

    assert json.loads(path.read_text())["entered_at"] > json.loads(left)["entered_at"]
    service.succeed("restored")
    assert service.config.read_bytes() == changed
    assert service.has_left_nothing()


@ONE_VERSION
@pytest.mark.parametrize("read_only", [False, True])
def test_another_run_is_kept_out(new_service: NewService, read_only: bool) -> None:
    service = new_service(read_only=read_only)
    service.succeed("read_only", _run=OTHER_RUN)
    pid = service.pid

    for state, check in (("read_only", True), ("read_only", False), ("restored", True), ("restored", False)):
        result = service.refused(state, check=check)
        assert (result["held_by_run"], result["changed"]) == ("ctl2:4711:12345", False)
        assert "held by root on ctl2, process 4711" in result["msg"]

    assert service.pid == pid
    assert not service.takes_pushes()
    result = service.succeed("restored", _run=OTHER_RUN)
    assert (result["changed"], result["mode_after"]) == (not read_only, "read_only" if read_only else "writable")
    assert service.has_left_nothing()


@ONE_VERSION
def test_a_run_that_is_just_closing_is_not_waited_for(service: Service) -> None:
    service.succeed("read_only", _run=OTHER_RUN)
    with exclusively(str(service.state_dir)):  # as a task that waits for the registry does
        result = service.refused("restored")
    assert result["held_by_run"] == "ctl2:4711:12345"
    assert service.succeed("restored", _run=OTHER_RUN)["changed"]


@ONE_VERSION
def test_no_secret_of_the_environment_is_told(service: Service) -> None:
    environment = {"REGISTRY_HTTP_SECRET": "correct horse", "REGISTRY_LOG_LEVEL": "info"}
    result = service.succeed("read_only", check=True, registry_environment=environment)
    assert "correct horse" not in json.dumps(result)
    assert result["invocation"]["module_args"]["registry_environment"]["REGISTRY_LOG_LEVEL"] == "info"


@ONE_VERSION
@pytest.mark.parametrize(
    ("state", "more"),
    [("restored", {"stop_sweep": True}), ("restored", {"_gone_runs": ["ctl2:4711:12345"]}), ("read_write", {})],
)
def test_what_ends_the_hold_of_another_run(service: Service, state: str, more: dict[str, Any]) -> None:
    service.succeed("read_only", _run=OTHER_RUN)

    assert service.succeed(state, **more)["mode_after"] == "writable"

    assert service.has_left_nothing()
    assert service.takes_pushes()


@ONE_VERSION
def test_a_dead_run_is_taken_over(service: Service) -> None:
    found = file_state(service.config)
    service.succeed("read_only", _run=OTHER_RUN)

    result = service.succeed("read_only", _gone_runs=["ctl2:4711:12345"])

    assert not result["changed"]
    assert "taken over from root on ctl2" in json.dumps(result["warnings"])
    assert service.succeed("restored")["changed"]
    assert file_state(service.config) == found


@ONE_VERSION
@pytest.mark.parametrize("read_only", [False, True])
def test_after_a_sweep_the_registry_forgets_by_a_restart(new_service: NewService, read_only: bool) -> None:
    service = new_service(read_only=read_only)
    service.succeed("read_only")
    (service.lock / "touched.json").write_text("{}")
    pid = service.pid

    result = service.succeed("restored")

    assert (result["changed"], result["restarted"]) == (True, True)
    assert result["mode_after"] == ("read_only" if read_only else "writable")
    assert service.pid != pid


@ONE_VERSION
@pytest.mark.parametrize("lease", ["0s", "4s", "soon"])
def test_a_lease_that_is_no_use(service: Service, lease: str) -> None:
    assert "lease:" in service.fail("read_only", lease=lease)
    assert service.has_left_nothing()


# Every endpoint, and what it serves.


@pytest.fixture
def mirror(service: Service, new_registry: NewRegistry) -> RegistryProcess:
    """Another registry with the same image."""
    registry = new_registry(service.registry.version, "mirror")
    for one in (service.registry, registry):
        push(one, "team/app", images.image("app"), "1")
    return registry


@ONE_VERSION
def test_endpoints_that_differ_prove_nothing(service: Service, new_registry: NewRegistry) -> None:
    other = new_registry(service.registry.version, "other", read_only=True)
    before = snapshot(service.registry.home)

    message = service.fail("read_only", registry_endpoints=[other.url])

    assert f"the endpoints differ: {service.registry.url} accepts writes, but {other.url} refuses writes" in message
    assert_untouched(service.registry.home, before)


@ONE_VERSION
def test_an_endpoint_that_stays_writable(service: Service, new_registry: NewRegistry) -> None:
    found = file_state(service.config)
    other = new_registry(service.registry.version, "other", storage=service.registry.storage)

    result = service.refused("read_only", registry_endpoints=[other.url], timeout="1s")

    assert f"{other.url} accepts writes" in result["msg"]
    assert "put back and is writable again" in result["msg"]
    assert (result["changed"], result["restarted"]) == (False, True)
    assert file_state(service.config) == found
    assert service.has_left_nothing()


@ONE_VERSION
def test_an_endpoint_that_serves_another_storage(service: Service, mirror: RegistryProcess) -> None:
    """Both are closed, with the same tags."""
    for one in (service.registry, mirror):
        one.read_only = True
        one.write_config()
    service.start()
    mirror.restart()

    message = service.fail("read_only", registry_endpoints=[mirror.url])

    assert f"{mirror.url} does not serve this storage" in message
    assert service.has_left_nothing()
    assert not service.succeed("read_only")["changed"]


@ONE_VERSION
def test_the_proof_leaves_no_directory_in_a_storage_that_has_hardly_any(service: Service) -> None:
    """Root's directories would keep a registry that runs as another user from writing there."""
    tree = service.registry.storage / "docker/registry/v2"
    (tree / "repositories/team/app/_uploads").mkdir(parents=True)
    service.succeed("read_only")
    assert {path.name for path in tree.rglob("*")} == {"repositories", "team", "app", "_uploads"}
    assert service.succeed("restored")["mode_after"] == "writable"


@ONE_VERSION
def test_an_image_that_cannot_be_read_any_more(service: Service, scripted: NewScripted) -> None:
    """The registry opens, but serves nothing: the record stays, and the next call sees to it."""
    push(service.registry, "team/app", images.image("app"), "1")
    is_broken = threading.Event()

    def script(request: Request) -> Fault | None:
        unknown = json_fault({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
        return unknown if is_broken.is_set() and request.method == "GET" and "/manifests/" in request.path else None

    url = scripted(script, service.registry).url
    service.succeed("read_only", registry_url=url)
    is_broken.set()

    result = service.refused("restored", registry_url=url, timeout="1s")

    assert f"not readable within 1 s: {url} does not have team/app:1" in result["msg"]
    assert (result["changed"], len(service.records())) == (True, 1)
    is_broken.clear()
    assert service.succeed("restored", registry_url=url)["mode_after"] == "writable"
    assert service.has_left_nothing()


# The modules that a controller has for a service, as programs on the host.


def program(path: Path, service: Service, **result: Any) -> str:
    command = f"import json, subprocess\nsubprocess.run({service.restart!r}, check=True)\n"
    path.write_text(f"{command}print(json.dumps({result!r}))\n")
    return str(path)


@ONE_VERSION
def test_a_module_restarts_the_service_now_and_later(service: Service, tmp_path: Path) -> None:
    restart = program(tmp_path / "restart.py", service, changed=True)
    options: dict[str, Any] = {"restart_command": None, "service": {"docker": "there-is-none"}}

    closed = service.succeed("read_only", **options, _service_programs={"restart": restart})

    assert closed["restarted"]
    (kept,) = service.state_dir.glob("*-restart.py")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    Path(restart).unlink()
    assert service.succeed("restored", **options)["mode_after"] == "writable"
    assert service.has_left_nothing()


@ONE_VERSION
def test_a_module_that_fails_says_why(service: Service, tmp_path: Path) -> None:
    restart = program(tmp_path / "restart.py", service, failed=True, msg="no such container")
    options: dict[str, Any] = {"restart_command": None, "service": {"docker": "there-is-none"}}

    message = service.fail("read_only", **options, _service_programs={"restart": restart})

    assert "the docker module failed: no such container" in message
