# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk below the configuration or the state of a registry: what can not be closed safely is not closed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Iterator

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease import boot
from support.forked import run_forked
from support.registries import PATIENCE, V3, NewRegistry, RegistryProcess
from support.service import as_service
from support.small_disk import SmallDisk
from support.sweeping import push_aged, refused

KIB = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk.img", tmp_path / "disk") as disk:
        yield disk


class Root:
    """A registry whose configuration file and state lie on a disk of their own, as /etc and /var/lib do."""

    def __init__(self, registry: RegistryProcess, disk: SmallDisk, restart_command: list[str]) -> None:
        self.registry = registry
        self.disk = disk
        self.restart_command = restart_command
        self.config = disk.path / "config.yml"
        self.config.write_bytes(registry.config_path.read_bytes())
        self.state_dir = disk.path / "state"
        registry.config_path.unlink()
        registry.config_path.symlink_to(self.config)

    def maintenance(self, state: str, check: bool = False) -> dict[str, Any]:
        options = {
            "state": state,
            "registry_config": str(self.registry.config_path),
            "restart_command": self.restart_command,
            "state_dir": str(self.state_dir),
            "timeout": PATIENCE,
        }
        return run_forked("maintenance", options, check=check)[1]

    def found(self) -> tuple[bytes, int, str]:
        """What must be as it was: the file, and the process."""
        pid = (self.registry.home / "registry.pid").read_text()
        return self.config.read_bytes(), self.config.stat().st_mode, pid


@pytest.fixture
def root(disk: SmallDisk, new_registry: NewRegistry) -> Iterator[Root]:
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 30})
    registry.stop()
    with as_service(registry) as restart_command:
        yield Root(registry, disk, restart_command)


@pytest.mark.parametrize(("what", "left"), [("state", 0), ("state", 8 * KIB), ("state", 32 * KIB), ("config", 0)])
def test_a_registry_is_not_closed_where_that_finds_no_room(root: Root, tmp_path: Path, what: str, left: int) -> None:
    """With little room its record fits, and the watchdog does not. A preview knows it."""
    if what == "config":
        root.state_dir = tmp_path / "state"
    found = root.found()
    root.disk.fill(root.disk.path, left)
    preview = refused(root.maintenance("read_only", check=True), "is full", "needed", "nothing was changed")
    assert str(root.disk.path if what == "config" else root.state_dir) in preview
    message = refused(root.maintenance("read_only"), "nothing was changed")
    if left or what == "config":
        assert re.sub(r"\d+", "N", message) == re.sub(r"\d+", "N", preview)
    else:  # there is not even room for the directory
        assert str(root.state_dir) in message
        assert "No space left on device" in message
    assert root.found() == found
    assert {path.name for path in root.disk.path.rglob("*")} <= {"config.yml", "filling", "state"}
    assert not root.state_dir.exists() or not os.listdir(root.state_dir)
    assert not (root.registry.storage / "docker/registry/drydock.lock").exists()


def test_a_registry_is_opened_on_a_disk_that_became_full(root: Root) -> None:
    """Putting back takes no room: what was found is in the record, and its file is large enough."""
    content, mode, _pid = root.found()
    closed = root.maintenance("read_only")
    assert (closed.get("msg"), closed.get("mode_after")) == (None, "read_only")
    root.disk.fill(root.disk.path)
    opened = root.maintenance("restored")
    assert (opened.get("msg"), opened.get("mode_after")) == (None, "writable")
    assert root.found()[:2] == (content, mode)
    assert sorted(os.listdir(root.disk.path)) == ["config.yml", "filling"]


def test_nothing_half_written_runs_at_the_next_boot(
    disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crontabs = disk.path / "cron.d"
    crontabs.mkdir()
    monkeypatch.setattr(boot, "has_systemd", lambda: False)
    monkeypatch.setattr(boot, "SCRIPTS", str(tmp_path / "none"))
    monkeypatch.setattr(boot, "CRONTABS", str(crontabs))
    disk.fill(disk.path)
    assert "No space left on device" in str(boot.BootHook("drydock", ["true"]).install())
    assert not list(crontabs.iterdir())
