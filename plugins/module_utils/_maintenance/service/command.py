# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the commands that restart, stop and start a registry.

Not by AnsibleModule.run_command: the watchdog runs them too, long after the module has ended. And that has no time
limit, waits for whatever keeps the output open, and starts nothing that is to go on.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from typing import Any, Sequence

from ..._basics.errors import InvalidOptionError, MaintenanceError

_SHOWN = 500


class NotEndedError(MaintenanceError):
    """A command did not end in time, so what it asked for may still come to pass."""


def parse_command(command: Any, option: str) -> list[str]:
    """Return the words of a list, or of a string that is split as a shell would split it but is not run by one."""
    expected = "a command, as a list of strings or as one string, such as systemctl restart docker-registry"
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError:
        words = None
    if not isinstance(words, list) or not words or not all(isinstance(word, (str, int)) for word in words):
        raise InvalidOptionError(option, command, expected)
    return [str(word) for word in words]


def has_program(name: str) -> bool:
    """Tell whether a command could be run whose first word this is: a path, or a name to be found in PATH."""
    return shutil.which(name) is not None


def require_program(command: Sequence[str], option: str) -> None:
    """Raise MaintenanceError where the command of that option is bound to fail."""
    if not has_program(command[0]):
        raise MaintenanceError(
            f"{option}: there is no program {command[0]} in PATH that could be run; nothing was changed"
        )


def run_command(command: Sequence[str], timeout: float, what: str) -> str:
    """Return what it printed; MaintenanceError when it fails or takes longer than `timeout` seconds.

    `what` names the command in errors.
    """
    code, said = run_to_end(command, timeout, what)
    if code != 0:
        raise MaintenanceError(f"{what} failed with return code {code}: {said[-_SHOWN:] or 'no output'}")
    return said


def run_to_end(command: Sequence[str], timeout: float, what: str) -> tuple[int, str]:
    """Return code and what it printed; MaintenanceError when it takes longer than `timeout` seconds.

    The output goes to a file without a name: a registry that is started in the
    background keeps it open, and a pipe would never end.
    """
    with tempfile.TemporaryFile() as output:
        try:
            code = _run(command, timeout, output)
        except OSError as error:
            raise MaintenanceError(f"{what} can't be run: {error.strerror}") from error
        except subprocess.TimeoutExpired:
            raise NotEndedError(f"{what} did not end within {timeout:g} s") from None
        output.seek(0)
        return code, output.read().decode("utf-8", "replace").strip()


def start_detached(command: Sequence[str]) -> None:
    """Start it in a session of its own, where it goes on when this process has ended. Raises MaintenanceError."""
    null = subprocess.DEVNULL
    try:
        subprocess.Popen(  # pylint: disable=ansible-bad-function
            list(command), stdin=null, stdout=null, stderr=null, start_new_session=True, cwd="/"
        )
    except OSError as error:
        raise MaintenanceError(f"{command[0]} can't be run: {error.strerror}") from error


def _run(command: Sequence[str], timeout: float, output: Any) -> int:
    process = subprocess.Popen(  # pylint: disable=ansible-bad-function
        list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        # With what it started: a service manager's client that hangs must not restart the registry some time later.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
