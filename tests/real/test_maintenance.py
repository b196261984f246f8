# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing real registries by their configuration file, and putting back what was found, whatever happens between."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from real.conftest import require

from support import images
from support.credentials import TlsFiles
from support.playbook import COLLECTION, run_environment
from support.pushing import push
from support.restarting import ONE_VERSION, NewService, Service, file_state
from support.store import assert_untouched, contents, snapshot


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
from {COLLECTION}.plugins.module_utils._maintenance.methods import file as _file
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
