# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry that is not restarted is still busy with: the connections it had when it was closed.

A handler of Go's HTTP server keeps its connection's descriptor until it returns, also when the client has gone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Collection, Iterator, NamedTuple, Sequence

from ..._registry.processes import Process, is_running
from .drain import Writer

# The states of proc(5)'s net/tcp, which are those of the kernel's tcp_states.h, and of net/unix.
_ESTABLISHED, _CLOSE_WAIT, _LISTENING = "01", "08", "0A"
_UNIX_CONNECTED = "03"
_MAPPED = "0000000000000000FFFF0000"
_SHOWN = 3


class _Socket(NamedTuple):
    inode: str
    local: str
    peer: str
    state: str


class Connections(Writer):
    """Connections to `processes` from before the closing, and later ones whose client went away before the answer.

    `ignored_ports` are those where no images are pushed, as the one of the metrics.
    """

    def __init__(self, processes: Sequence[Process], ignored_ports: Collection[int] = ()) -> None:
        self._processes = processes
        self._ignored_ports = ignored_ports
        self._earlier: frozenset[str] = frozenset()

    @property
    def can_be_seen(self) -> bool:
        running = [process for process in self._processes if is_running(process)]
        return bool(self._processes) and all(os.access(f"/proc/{process.pid}/fd", os.R_OK) for process in running)

    def closed(self) -> None:
        self._earlier = frozenset(connection.inode for connection in self._now())

    def left(self) -> str | None:
        busy = [one for one in self._now() if one.inode in self._earlier or one.state == _CLOSE_WAIT]
        if not busy:
            return None
        peers = ", ".join(_readable(one.peer) for one in busy[:_SHOWN]) + (", ..." if len(busy) > _SHOWN else "")
        return (
            f"{len(busy)} connections to the registry from before the closing are still open (of {peers}), and a write "
            "may be going on there; reload the proxy that keeps them, or restart the registry as a part of the closing"
        )

    def _now(self) -> list[_Socket]:
        ours = {one.local for one in _sockets(os.getpid())}
        return [
            connection
            for process in self._processes
            if is_running(process)
            for connection in _accepted(process.pid, self._ignored_ports)
            if connection.peer not in ours
        ]


def _accepted(pid: int, ignored_ports: Collection[int]) -> Iterator[_Socket]:
    """Yield the connections that a process was asked for, not those that it made itself."""
    sockets = list(_sockets(pid))
    listening = {_port(one.local) for one in sockets if one.state == _LISTENING}.difference(ignored_ports)
    for one in sockets:
        if one.state in (_ESTABLISHED, _CLOSE_WAIT) and _port(one.local) in listening:
            yield one
    yield from _accepted_locally(pid)


def _sockets(pid: int) -> Iterator[_Socket]:
    """Yield the TCP sockets of a process, as its own network namespace has them."""
    inodes = _inodes(pid)
    for table in ("tcp", "tcp6"):
        for fields in _rows(pid, table):
            if fields[9] in inodes:
                yield _Socket(fields[9], _plain(fields[1]), _plain(fields[2]), fields[3])


def _accepted_locally(pid: int) -> Iterator[_Socket]:
    """Yield those to a Unix socket: they bear the path of the socket that was listened on."""
    inodes = _inodes(pid)
    for fields in _rows(pid, "unix"):
        if len(fields) > 7 and fields[6] in inodes and fields[5] == _UNIX_CONNECTED:
            yield _Socket(fields[6], fields[7], fields[7], _ESTABLISHED)


def _inodes(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                kind, _colon, inode = os.readlink(f"/proc/{pid}/fd/{name}").partition(":")
                if kind == "socket":
                    found.add(inode.strip("[]"))
    return found


def _rows(pid: int, table: str) -> Iterator[list[str]]:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="utf-8", errors="replace").splitlines()
        yield from (line.split() for line in lines[1:])


def _plain(address: str) -> str:
    """Return an IPv4 address in one form, whether the socket is one of IPv6 or not."""
    return address[len(_MAPPED) :] if address.startswith(_MAPPED) else address


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _readable(address: str) -> str:
    """Return `127.0.0.1:5000` for `0100007F:1388`; what is no IPv4 address stays as it is."""
    host, colon, port = address.rpartition(":")
    if not colon or len(host) != 8:
        return address
    return f"{'.'.join(str(byte) for byte in reversed(bytes.fromhex(host)))}:{int(port, 16)}"
