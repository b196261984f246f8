# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts that fail, hang or restart nothing: seen, undone or finished by the next call."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

from support import images
from support.pushing import push
from support.registries import free_port
from support.restarting import ONE_VERSION, Service, file_state


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
    stops = f"kill -9 {service.pid}; echo no room for it; exit 3"

    message = service.fail("read_only", restart_command=["sh", "-c", stops])

    assert message.count("no room for it") == 1
    assert "Putting the registry back failed in the same way. Now" in message
    assert "is as it was before, and the registry is stopped. Mend the cause, then run the playbook" in message
    assert file_state(service.config) == found
    assert len(service.records()) == 1
    assert service.succeed("restored")["mode_after"] == "writable"
    assert service.records() == []


@ONE_VERSION
def test_what_could_not_be_restarted_at_all_was_never_closed(service: Service) -> None:
    found, pid = file_state(service.config), service.pid

    result = service.refused("read_only", restart_command=["sh", "-c", "echo no such unit; exit 5"])

    assert result["msg"] == (
        "restart_command sh failed with return code 5: no such unit. The registry was never closed, it is writable as "
        "before, and nothing was deleted. Mend the cause, then run this again"
    )
    assert not result["changed"]
    assert (file_state(service.config), service.pid) == (found, pid)
    assert service.has_left_nothing()
    assert service.takes_pushes()


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
    assert service.records(), "a restart that did not end may still come"
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
