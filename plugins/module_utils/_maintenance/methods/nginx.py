# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nginx in front of a registry: the snippet that refuses writes while a flag file exists, and its workers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Mapping, NamedTuple, Sequence

from ..._basics.errors import InvalidOptionError, MaintenanceError
from ..._registry.processes import Process, children, is_running, process_of
from ..drain.drain import Writer
from ..service.command import run_command
from .file import new_file, read_file, write_file

RELOAD_SECONDS = 30.0
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._@+/-]+\Z")

# Nothing in it is for the http level, so that each server block can include it. Writes are refused before any location
# is looked up, whatever locations there are. A read that meets the registry in the middle of a restart (nginx's own
# 502, nothing was sent yet) is tried again after 2 s, four times: only auth_delay waits in plain nginx.
_SNIPPET = """\
# Written by drydock.registry.maintenance. Include it in each server block that leads to the registry.
# Needs nginx 1.18 or newer with its auth_request module.

# While the flag file exists, everything but reading is refused.
open_file_cache off;
set $drydock_closed "";
if (-f "%(flag_file)s") {
    set $drydock_closed "closed";
}
if ($request_method !~ "^(GET|HEAD|OPTIONS)$") {
    set $drydock_closed "${drydock_closed} write";
}
if ($drydock_closed = "closed write") {
    rewrite ^ /.drydock/closed last;
}
location = /.drydock/closed {
    internal;
    default_type application/json;
    add_header Retry-After 30 always;
    add_header Drydock-Maintenance closed always;
    add_header Docker-Distribution-Api-Version registry/2.0 always;
    return 503 '{"errors":[{"code":"UNAVAILABLE","message":"closed to writes for maintenance","detail":null}]}';
}

# A read that comes while the registry restarts waits for it, up to 8 seconds. A location that has an error_page of its
# own takes no part in this.
recursive_error_pages on;
error_page 502 = @drydock_wait;
location @drydock_wait {
    if ($request_method !~ "^(GET|HEAD)$") {
        return 502;
    }
    if ($upstream_status ~ "( : .*){4}") {
        return 502;
    }
    satisfy all;
    auth_delay 2s;
    auth_request /.drydock/wait;
    error_page 401 = $uri$is_args$args;
}
location = /.drydock/wait {
    internal;
    return 401 "wait";
}
"""


def snippet(flag_file: str) -> str:
    """Return the snippet for this flag file. Raises InvalidOptionError for a path that would have to be quoted."""
    if not _PLAIN_PATH.match(flag_file):
        raise InvalidOptionError("flag_file", flag_file, "an absolute path of letters, digits and . _ @ + - only")
    return _SNIPPET % {"flag_file": flag_file}


class Nginx(NamedTuple):
    """How nginx is told to reload, where its master's process id stands, and where its snippet is to be (or None)."""

    reload_command: Sequence[str]
    pid_file: str
    snippet_path: str | None = None

    def has_snippet(self, flag_file: str) -> bool:
        """Tell whether nothing is to be installed."""
        if self.snippet_path is None:
            return True
        try:
            return Path(self.snippet_path).read_bytes() == snippet(flag_file).encode()
        except OSError:
            return False

    def sizes(self, flag_file: str) -> Mapping[str, int]:
        """Return the bytes that `install_snippet` writes, by the path."""
        if self.has_snippet(flag_file) or self.snippet_path is None:
            return {}
        return {os.path.realpath(self.snippet_path): len(snippet(flag_file))}

    def install_snippet(self, flag_file: str) -> None:
        """Write the snippet and have nginx read it; what it does not take goes again. Its directory must be there."""
        if self.has_snippet(flag_file) or self.snippet_path is None:
            return
        path = os.path.realpath(self.snippet_path)
        before = read_file(path) if os.path.exists(path) else None
        write_file(path, (before or new_file())._replace(content=snippet(flag_file).encode()), in_place=False)
        try:
            self.reload()
        except MaintenanceError:
            # It would keep nginx from its next start.
            if before is None:
                os.unlink(path)
            else:
                write_file(path, before, in_place=False)
            raise

    def reload(self) -> None:
        """Start new workers; the old ones take no new connection and end when their requests have."""
        run_command(self.reload_command, RELOAD_SECONDS, "nginx_reload_command")

    def workers(self) -> list[Process]:
        """Return the worker processes of now. Raises MaintenanceError where they can't be seen from this host."""
        found = children(self._master())
        if not found:
            raise MaintenanceError(f"the nginx of {self.pid_file} has no worker processes that could be seen to end")
        return found

    def _master(self) -> int:
        try:
            pid = int(Path(self.pid_file).read_text())
        except (OSError, ValueError) as error:
            raise MaintenanceError(f"nginx_pid_file {self.pid_file} tells no process: {error}; {_ADVICE}") from error
        if process_of(pid) is None or b"nginx" not in _command_line(pid):
            raise MaintenanceError(
                f"nginx_pid_file {self.pid_file} names process {pid}, which is no nginx of this host; {_ADVICE}"
            )
        return pid


class OldWorkers(Writer):
    """A worker may hold a write that was begun earlier and that the registry has seen nothing of: it buffers bodies.

    What it still reads for its clients, a long download, keeps it too; from outside the two look the same.
    """

    def __init__(self, nginx: Nginx) -> None:
        self._nginx = nginx
        self._workers: list[Process] = []

    @property
    def can_be_seen(self) -> bool:
        return True

    def closed(self) -> None:
        self._workers = self._nginx.workers()
        self._nginx.reload()

    def left(self) -> str | None:
        numbers = [str(worker.pid) for worker in self._workers if is_running(worker)]
        if not numbers:
            return None
        return (
            f"nginx's old worker {', '.join(numbers)} still has requests from before the closing (a write, or a long "
            "download); wait longer (timeout), or let nginx end them (worker_shutdown_timeout)"
        )


_ADVICE = (
    "without its workers it can't be known whether a write begun earlier still goes on. Give the file that holds the "
    "process id of nginx's master as this host numbers it (for a container: docker inspect -f '{{.State.Pid}}')"
)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
