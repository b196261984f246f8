# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest's PUT that stops half-way for as long as a test wants: the push that straddles a closing.

A process of its own holds it, for a drain does not wait for what its own process has open.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.images import Image

TIMEOUT = 60.0


class SlowPut:
    """Is at work in the server and has sent half of the body when it is made, and sends the rest with `finish`.

    `host` is `ADDRESS:PORT`; with `unix_socket` the request goes there.
    """

    def __init__(self, host: str, repository: str, tag: str, image: Image, unix_socket: Path | None = None) -> None:
        body = image.manifest.data
        head = (
            f"PUT /v2/{repository}/manifests/{tag} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            f"Content-Type: {image.manifest.media_type}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        half = len(body) // 2
        request = {
            "address": str(unix_socket) if unix_socket else host,
            "is_unix": unix_socket is not None,
            "head": head,
            "first": body[:half].decode(),
            "rest": body[half:].decode(),
        }
        command = [sys.executable, str(Path(__file__).resolve()), json.dumps(request)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "held"

    def finish(self) -> int:
        """Send the rest; returns the status of the answer, 0 where nobody listens any more."""
        stdin: IO[str] | None = self._process.stdin
        assert stdin is not None
        stdin.write("go\n")
        stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        stdout: IO[str] | None = self._process.stdout
        assert stdout is not None
        return stdout.readline().strip()

    def __enter__(self) -> SlowPut:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def _connect(request: dict[str, Any]) -> socket.socket:
    if not request["is_unix"]:
        address, _colon, port = request["address"].rpartition(":")
        return socket.create_connection((address, int(port)), timeout=TIMEOUT)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT)
    connection.connect(request["address"])
    return connection


def _wait_until_asked(connection: socket.socket) -> None:
    """Wait for `100 Continue`: whoever sends that has let the request in, and reads its body."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, answer
        answer += byte
    assert answer.split()[1] == b"100", answer


def _status(connection: socket.socket, rest: str) -> int:
    try:
        connection.sendall(rest.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    return answer.status


def main() -> None:
    request = json.loads(sys.argv[1])
    with _connect(request) as connection:
        connection.sendall(request["head"].encode())
        _wait_until_asked(connection)
        connection.sendall(request["first"].encode())
        _say("held")
        sys.stdin.readline()
        status = _status(connection, request["rest"])
    _say(str(status))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
