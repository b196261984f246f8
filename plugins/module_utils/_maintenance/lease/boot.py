# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting the watchdog after a reboot: by systemd, by an init script, or by cron.

A reboot ends every sweep and every watchdog, and may leave the registry closed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path
from typing import Sequence

from ..._basics.durable import replacing
from ..._basics.errors import MaintenanceError
from ..._registry.processes import process_of
from ..service.command import run_command
from ..service.presence import SYSTEMD_DIRECTORY

UNITS = "/etc/systemd/system"
SCRIPTS = "/etc/init.d"
CRONTABS = "/etc/cron.d"
SECONDS = 60.0

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_ADMINISTRATORS = "/usr/local/sbin:/usr/sbin:/sbin"
_DESCRIPTION = "Put a container registry back that drydock had closed before a reboot"


def has_systemd() -> bool:
    """Tell whether systemd runs this host (sd_booted(3)), and takes orders from us."""
    return os.path.isdir(SYSTEMD_DIRECTORY) and os.geteuid() == 0


def this_boot() -> str:
    """Return a name for the time since the host's last start; a container that was started anew counts, too."""
    first = process_of(1)
    return f"{Path(_BOOT_ID).read_text().strip()}.{first.started if first else ''}"


class BootHook:
    """What runs `command` once after each start of the host; `name` is that of the unit, the script or the crontab."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.unit = os.path.join(UNITS, f"{name}.service")
        self.script = os.path.join(SCRIPTS, name)
        self.crontab = os.path.join(CRONTABS, name)
        self.name = name
        self.command = list(command)

    def install(self) -> str | None:
        """Install it; return what keeps a reboot from starting the command, None where nothing does."""
        try:
            return self._install()
        except (OSError, MaintenanceError) as error:
            return str(error)

    def _install(self) -> str | None:
        if has_systemd():
            _write(self.unit, unit_text(self.command), 0o644)
            run_tool("systemctl", "daemon-reload")
            run_tool("systemctl", "enable", f"{self.name}.service")
        elif os.path.isdir(SCRIPTS) and _find("update-rc.d"):
            _write(self.script, script_text(self.name, self.command), 0o755)
            run_tool("update-rc.d", self.name, "defaults")
        elif os.path.isdir(SCRIPTS) and _find("chkconfig"):
            _write(self.script, script_text(self.name, self.command), 0o755)
            run_tool("chkconfig", "--add", self.name)
        elif os.path.isdir(CRONTABS):
            _write(self.crontab, crontab_text(self.command), 0o644)
        else:
            return "there is no systemd, update-rc.d, chkconfig or cron"
        return None

    def remove(self) -> None:
        """Remove it; nothing happens where it is not installed. Raises MaintenanceError."""
        if os.path.exists(self.unit):
            run_tool("systemctl", "disable", f"{self.name}.service")
            _unlink(self.unit)
            run_tool("systemctl", "daemon-reload")
        if os.path.exists(self.script):
            if _find("update-rc.d"):
                run_tool("update-rc.d", "-f", self.name, "remove")
            else:
                run_tool("chkconfig", "--del", self.name)
            _unlink(self.script)
        _unlink(self.crontab)


def run_tool(name: str, *arguments: str) -> None:
    """Run a tool of the administrator. Raises MaintenanceError."""
    run_command([_find(name) or name, *arguments], SECONDS, f"{name} {' '.join(arguments)}")


def unit_text(command: Sequence[str]) -> str:
    """Return the unit (systemd.service(5)); it is no part of the boot, so that it may take as long as it needs."""
    return f"""\
[Unit]
Description={_DESCRIPTION}
After=multi-user.target network-online.target
Wants=network-online.target

[Service]
ExecStart={" ".join(map(_unit_word, command))}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""


def script_text(name: str, command: Sequence[str]) -> str:
    """Return the init script, with a header for insserv (LSB) and one for chkconfig."""
    return f"""\
#!/bin/sh
# chkconfig: 2345 99 01
# description: {_DESCRIPTION}
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $remote_fs $network $syslog
# Required-Stop:
# Should-Start:      docker docker-registry nginx
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: {_DESCRIPTION}
### END INIT INFO
[ "$1" = start ] || exit 0
{shlex.join(command)} </dev/null >/dev/null 2>&1 &
"""


def crontab_text(command: Sequence[str]) -> str:
    """Return the line for cron (crontab(5)), where a percent sign would end the command."""
    line = shlex.join(command).replace("%", "\\%")
    return f"# {_DESCRIPTION}\n@reboot root {line} >/dev/null 2>&1\n"


def _unit_word(word: str) -> str:
    for special, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        word = word.replace(special, escaped)
    return f'"{word}"'


def _find(tool: str) -> str | None:
    """Return where it is installed; a login without a shell has no administrator's PATH."""
    return shutil.which(tool, path=os.pathsep.join([os.environ.get("PATH", os.defpath), _ADMINISTRATORS]))


def _write(path: str, text: str, mode: int) -> None:
    with replacing(path) as file:
        os.fchmod(file.fileno(), mode)
        file.write(text.encode())


def _unlink(path: str) -> None:
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise MaintenanceError(f"{path} can't be removed: {error.strerror}") from error
