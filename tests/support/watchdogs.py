# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lease leaves on a host: its watchdog's process, its boot hook, its files; and how a test gets rid of them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ansible_collections.drydock.registry.plugins.module_utils._errors import MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance._lease import Lease

_HOOKS = ("/etc/init.d", "/etc/cron.d", "/etc/systemd/system")


def processes(state_dir: Path) -> list[int]:
    """The watchdogs over what `state_dir` records."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"\0{state_dir}/maintenance-".encode() in cmdline.read_bytes():
                found.append(int(cmdline.parent.name))
    return found


def boot_hooks(state_dir: Path) -> list[Path]:
    """The files that start a watchdog of `state_dir` when the host boots."""
    hooks = [path for place in _HOOKS for path in Path(place).glob("drydock-restore-*")]
    return [hook for hook in hooks if f"{state_dir}/maintenance-" in hook.read_text()]


def end(state_dir: Path) -> None:
    """Leave no watchdog of `state_dir` behind, whatever the test did; what it watches over stays as it is."""
    for record in state_dir.glob("maintenance-*.json"):
        with contextlib.suppress(ValueError, KeyError, MaintenanceError):
            Lease(str(state_dir)).disarm(json.loads(record.read_text())["subject"])
