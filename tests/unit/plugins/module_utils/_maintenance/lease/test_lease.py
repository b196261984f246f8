# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told about the end of a lease."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance import watchdog
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease import lease as _lease
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.lease import Lease, timer_command
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import Record
from ansible_collections.drydock.registry.plugins.module_utils._proof.probe import Mode


def record(expires_at: float) -> Record:
    return Record("config_file", "/config.yml", Mode.WRITABLE, 0.0, expires_at, None, {})


def test_the_timer() -> None:
    command = timer_command("drydock-lease-1", 1_800_000_000.25, 3600.0, ["/usr/bin/python3", "/a$b.zip", "due"])
    assert command[:2] == ["systemd-run", "--unit=drydock-lease-1"]
    assert "--on-active=3600.000s" in command
    assert "--on-calendar=@1800000001" in command
    assert command[-3:] == ["/usr/bin/python3", "/a$$b.zip", "due"]


class Systemd:
    """What systemctl and systemd-run make of units: none can be made whose timer or service is loaded still."""

    def __init__(self) -> None:
        self.loaded = set[str]()

    def __call__(self, tool: str, *arguments: str) -> None:
        if tool == "systemctl":
            assert arguments[0] == "stop"
            if arguments[1] not in self.loaded:
                raise MaintenanceError(f"Unit {arguments[1]} not loaded.")
            self.loaded.remove(arguments[1])
            return
        unit = arguments[0].partition("=")[2]
        if self.loaded & {f"{unit}.timer", f"{unit}.service"}:
            raise MaintenanceError(f"Unit {unit} was already loaded or has a fragment file.")
        self.loaded.add(f"{unit}.timer")


def test_a_lease_is_renewed_whose_service_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer has elapsed, and the service tries and tries again."""
    systemd, closed = Systemd(), record(2_000_000_000.0)
    monkeypatch.setattr(_lease, "run_tool", systemd)
    monkeypatch.setattr(_lease, "has_systemd", lambda: True)
    monkeypatch.setattr(_lease, "run_command", lambda *_arguments: "")
    monkeypatch.setattr(_lease, "BootHook", lambda *_arguments: SimpleNamespace(install=lambda: None))
    lease = Lease(str(tmp_path), watchdog.__name__)
    lease.arm(closed)
    (timer,) = systemd.loaded
    systemd.loaded = {timer.replace(".timer", ".service")}

    lease.arm(closed)

    assert systemd.loaded == {timer}
