# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lease leaves on a host: its watchdog's process, its boot hook, its files; and how a test gets rid of them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.boot import (
    BootHook,
    has_systemd,
    run_tool,
)

_HOOKS = ("/etc/init.d", "/etc/cron.d", "/etc/systemd/system")


def processes(directory: Path, verb: str = "") -> list[int]:
    """The watchdogs over what a state directory in there records, or those that were started with this verb.

    One that has just been started is two for a moment: it leaves its parent.
    """
    named = re.compile(rb"\0%s/([^\0]*/)?maintenance-\w+\.zip\0%s" % (re.escape(bytes(directory)), verb.encode()))
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if named.search(cmdline.read_bytes()):
                found.append(int(cmdline.parent.name))
    return found


def boot_hooks(directory: Path) -> list[Path]:
    """The files that start a watchdog when the host boots, for a state directory in there."""
    found = []
    for hook in (path for place in _HOOKS for path in Path(place).glob("drydock-restore-*")):
        with contextlib.suppress(FileNotFoundError):  # of a test that runs beside this one
            if f"{directory}/" in hook.read_text():
                found.append(hook)
    return found


def end(directory: Path) -> None:
    """Leave no watchdog behind, whatever the test did; what it watches over stays as it is."""
    for pid in processes(directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for hook in boot_hooks(directory):
        if has_systemd():
            run_tool("systemctl", "stop", f"{hook.stem.replace('restore', 'lease')}.timer")
        BootHook(hook.stem, []).remove()
