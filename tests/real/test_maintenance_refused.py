# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a registry from being closed is told before anything is touched."""

from __future__ import annotations

import json
import os
import shlex
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest

from support.registries import free_port
from support.restarting import ONE_VERSION, NewService, Service, file_state
from support.store import assert_untouched, snapshot

NONE = "drydock-there-is-none"
STOP = {"method": "stop", "stop_command": "true", "start_command": "true"}
NO_CONTAINER = f'echo "Error response from daemon: No such container: {NONE}" >&2; exit 1'


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


@ONE_VERSION
@pytest.mark.parametrize(
    ("options", "programs", "reason"),
    [
        ({"service": {"systemd": NONE}}, {}, "service.systemd: systemd "),
        ({"service": {"systemd": "registry"}}, {"systemctl": "echo LoadState=masked"}, "registry is masked"),
        ({"service": {"init": NONE}, "_service_programs": {"restart": "/x"}}, {}, "no init script /etc/init.d/"),
        ({"service": {"docker": NONE}}, {"docker": NO_CONTAINER}, f"service.docker: Docker has no container {NONE}"),
        ({"service": {"podman": NONE}}, {"podman": NO_CONTAINER}, f"service.podman: Podman has no container {NONE}"),
        ({"service": {"compose": {"project_src": "/", "service": NONE}}}, {"docker": "exit 0"}, "a project_name?"),
        ({"service": {"kubernetes": {"deployment": NONE}}}, {"kubectl": "echo '(NotFound)'; exit 1"}, "no deployment/"),
        ({"restart_command": NONE}, {}, f"restart_command: there is no program {NONE} in PATH"),
        ({"restart_command": f"systemctl restart {NONE}"}, {}, "restart_command: systemd "),
        ({**STOP, "start_command": NONE}, {}, f"start_command: there is no program {NONE}"),
        ({**STOP, "stop_command": f"docker stop {NONE}"}, {"docker": NO_CONTAINER}, "stop_command: Docker has no"),
        ({"method": "tasks", "restore_command": NONE}, {}, f"restore_command: there is no program {NONE}"),
    ],
)  # fmt: skip
def test_what_can_not_be_acted_on_is_never_closed(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    programs: dict[str, str],
    reason: str,
) -> None:
    """And a preview knows it: it asks the service manager, and touches nothing."""
    for name, script in programs.items():
        put(tmp_path / name, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found, pid = file_state(service.config), service.pid
    chosen = {"restart_command": None, **options}

    messages = [service.fail("read_only", check=check, **chosen) for check in (True, False)]

    assert messages[0] == messages[1]
    assert reason in messages[0]
    assert "nothing was changed" in messages[0]
    assert (file_state(service.config), service.pid) == (found, pid)
    assert service.has_left_nothing()
    assert service.takes_pushes()


@ONE_VERSION
def test_a_service_that_could_not_be_asked_for_is_warned_of(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be there all the same, and so it is: a preview and a run agree on it."""
    ask = "case $1 in container) echo permission denied; exit 1;; *) exec"
    put(tmp_path / "docker", f"{ask} {shlex.join(service.restart)};; esac")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    options: dict[str, Any] = {"restart_command": None, "service": {"docker": "registry"}}

    for check in (True, False):
        said = json.dumps(service.succeed("read_only", check=check, **options)["warnings"])
        assert "not certain that the registry can be closed and opened: service.docker: Docker does not" in said
        assert "permission denied" in said
    assert service.succeed("restored", **options)["mode_after"] == "writable"


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


def put(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
