# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers as a test tells it to, alone or in front of a real registry whose answers it else passes on.

For what a real registry can't be made to do: a 500 at a chosen moment, a cut connection, pages without end.

    def script(request: Request) -> Fault | None:
        return BUSY if request.method == "DELETE" and proxy.count("DELETE") == 1 else None

    with Scripted(script, registry) as proxy: ...
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Mapping

import requests

from support.registries import Registry

TIMEOUT = 30
# What is about one connection, and not about the answer.
_OF_CONNECTION = ("connection", "keep-alive", "transfer-encoding")


@dataclass(frozen=True)
class Request:
    """What came: `path` with its query, header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Fault:
    """An answer in place of the registry's; with `status` 0 none, the connection is cut.

    A body that does not end where its Content-Length says is cut there. With `passed_on` the registry gets the request
    all the same, and only its answer is lost.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    passed_on: bool = False


Script = Callable[[Request], "Fault | None"]
"""Called for every request, by many threads at once; None lets it through."""

CUT = Fault()
CUT_AFTERWARDS = Fault(passed_on=True)
BUSY = Fault(429, {"Retry-After": "0"})
BROKEN = Fault(500, {"Retry-After": "0"})
HTML = Fault(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html><body>Please log in</body></html>")


def json_fault(value: Any, status: int = 200, **headers: str) -> Fault:
    """An answer of JSON; `Link=...` and the like are more headers."""
    return Fault(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


def in_turn(*faults: Fault | None) -> Script:
    """Play one after the other, whatever is asked, and the last one for ever."""
    waiting = list(faults)
    lock = threading.Lock()

    def script(_request: Request) -> Fault | None:
        with lock:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


def let_through(_request: Request) -> None:
    """A script that only watches."""


class Scripted:
    """The server. It knows every request that came, how many were under way at once, and over how many connections."""

    def __init__(self, script: Script = let_through, registry: Registry | None = None) -> None:
        self.script = script
        self.registry = registry
        self.requests: list[Request] = []
        self.connections = 0
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def seen(self) -> list[str]:
        """Every request, as `GET /v2/`."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def count(self, method: str, part: str = "") -> int:
        """How many requests of this method had `part` in their path, the one being answered among them."""
        return sum(request.method == method and part in request.path for request in self.requests)

    def bare_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session

    def session(self) -> requests.Session:
        """As the registry's own, for pushes that come through here."""
        return self.registry.session() if self.registry else self.bare_session()

    def pass_on(self, request: Request) -> Fault:
        """The registry's own answer."""
        if self.registry is None:
            return Fault(404, {"Content-Type": "text/plain"}, b"nothing is scripted here")
        headers = {name: value for name, value in request.headers.items() if name not in _OF_CONNECTION}
        with self.registry.bare_session() as session:
            session.headers.clear()
            answer = session.request(
                request.method,
                self.registry.url + request.path,
                headers=headers,
                data=request.body,
                allow_redirects=False,
                timeout=TIMEOUT,
            )
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_CONNECTION}
        return Fault(answer.status_code, kept, answer.content)

    @contextlib.contextmanager
    def watching(self, request: Request) -> Iterator[None]:
        with self.lock:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1

    def __enter__(self) -> Scripted:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


NewScripted = Callable[..., Scripted]
"""What the fixture `scripted` is: makes a running server of a script, in front of a registry if one is given."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, scripted: Scripted) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripted = scripted


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else a body waits for the client to acknowledge the head, which it does 40 ms later.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.scripted.lock:
            self.server.scripted.connections += 1

    def answer(self) -> None:
        scripted = self.server.scripted
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        with scripted.watching(request):
            fault = scripted.script(request)
            if fault is None or fault.passed_on:
                passed = scripted.pass_on(request)
                fault = fault or passed
        # Only now, for the client may ask its next thing as soon as it has the answer.
        self.play(fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - names that http.server calls

    def play(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.status:
            with contextlib.suppress(ConnectionError):
                self.send(fault)
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, fault: Fault) -> None:
        length = {"Content-Length": str(len(fault.body))} if isinstance(fault.body, bytes) else {}
        headers = {**length, **fault.headers}
        self.send_response(fault.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for piece in [fault.body] if isinstance(fault.body, bytes) else fault.body:
                self.wfile.write(piece)
        is_whole = self.command == "HEAD" or headers.get("Content-Length") == length.get("Content-Length", "")
        self.close_connection = not is_whole

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output quiet."""
