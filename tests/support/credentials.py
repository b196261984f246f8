# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lets a client in: an own CA with server and client certificates, a token server that signs real tokens."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import requests
from requests.auth import AuthBase


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What `openssl ARGUMENTS` prints; the machine's openssl keeps the tests free of another Python library."""
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: an own CA, a server certificate for loopback, a client certificate."""

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path

    def as_config(self, client_certificates: bool) -> dict[str, Any]:
        """The registry's `http.tls` section; with `client_certificates` only holders of one are let in."""
        section: dict[str, Any] = {"certificate": str(self.server_cert), "key": str(self.server_key)}
        if client_certificates:
            section["clientcas"] = [str(self.ca)]
        return section


def make_ca(directory: Path, name: str = "drydock test CA") -> tuple[Path, Path]:
    """A new CA: (certificate, key)."""
    directory.mkdir(parents=True, exist_ok=True)
    cert, key = directory / "ca.pem", directory / "ca.key"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(key), "-out", str(cert)),
    )
    return cert, key


def make_certificate(directory: Path, name: str, ca: tuple[Path, Path], extensions: str) -> tuple[Path, Path]:
    """A certificate signed by `ca`: (certificate, key)."""
    cert, key, extension_file = directory / f"{name}.pem", directory / f"{name}.key", directory / f"{name}.ext"
    extension_file.write_text(extensions)
    request = openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", str(key))
    openssl(
        *("x509", "-req", "-days", "2", "-CA", str(ca[0]), "-CAkey", str(ca[1]), "-CAcreateserial"),
        *("-extfile", str(extension_file), "-out", str(cert)),
        stdin=request,
    )
    return cert, key


def make_tls(directory: Path) -> TlsFiles:
    """Everything a registry and its clients need for TLS on 127.0.0.1 and localhost."""
    ca = make_ca(directory)
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
    server = make_certificate(directory, "server", ca, names + "extendedKeyUsage=serverAuth\n")
    client = make_certificate(directory, "client", ca, "extendedKeyUsage=clientAuth\n")
    return TlsFiles(ca[0], server[0], server[1], client[0], client[1])


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class TokenAuth:
    """Who may come in, and for how long a token is good (seconds).

    `expires_in` is what the client is told; the token says so too, unless it is really good for another time. The
    registry adds 60 seconds of its own.
    """

    username: str = "drydock"
    password: str = "correct horse"
    expires_in: float = 300
    good_for: int | None = None
    denied_actions: tuple[str, ...] = ()
    service: str = "drydock-test"
    issuer: str = "drydock-test-issuer"


@dataclass
class TokenServer:
    """A token realm on loopback. `requests_seen` lists every asked scope, so that tests can see how wide they were.

    `issued` are the tokens that were given for them.
    """

    auth: TokenAuth
    directory: Path
    requests_seen: list[list[str]] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cert, self._key = make_ca(self.directory, "drydock token signer")
        der = openssl("x509", "-in", str(self._cert), "-outform", "DER")
        self._header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def as_config(self) -> dict[str, str]:
        """The registry's `auth.token` section."""
        return {
            "realm": self.realm,
            "service": self.auth.service,
            "issuer": self.auth.issuer,
            "rootcertbundle": str(self._cert),
        }

    def client_auth(self) -> AuthBase:
        return _BearerAuth(self.auth)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, scopes: list[str]) -> str:
        """A signed token for `scopes` ("repository:a/b:pull,push"), without the actions that are denied."""
        now = int(time.time())
        claims = {
            "iss": self.auth.issuer,
            "sub": self.auth.username,
            "aud": self.auth.service,
            "nbf": now - 10,
            "iat": now,
            "exp": now + (self.auth.good_for or int(self.auth.expires_in)),
            "jti": uuid.uuid4().hex,
            "access": [self._access(scope) for scope in scopes],
        }
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (self._header, claims))
        signature = openssl("dgst", "-sha256", "-sign", str(self._key), stdin=signed.encode())
        return f"{signed}.{b64url(signature)}"

    def _access(self, scope: str) -> dict[str, Any]:
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        allowed = [action for action in actions.split(",") if action not in self.auth.denied_actions]
        return {"type": kind, "name": name, "actions": allowed}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        realm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                expected = f"{realm.auth.username}:{realm.auth.password}"
                basic = "Basic " + base64.b64encode(expected.encode()).decode()
                if self.headers.get("Authorization") != basic:
                    self.send_error(401)
                    return
                asked = parse_qs(urlsplit(self.path).query).get("scope", [])
                scopes = [scope for scopes in asked for scope in scopes.split()]
                realm.requests_seen.append(scopes)
                realm.issued.append(realm.token(scopes))
                body = json.dumps({"token": realm.issued[-1], "expires_in": realm.auth.expires_in}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the tests' output quiet."""

        return Handler


class _BearerAuth(AuthBase):
    """The tests' own way in (not the collection's): on 401 fetch a token for the scope asked for and repeat."""

    def __init__(self, auth: TokenAuth) -> None:
        self.auth = auth

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        hooks: Any = request
        hooks.register_hook("response", self._again)
        return request

    def _again(self, answer: requests.Response, **options: Any) -> requests.Response:
        challenge = answer.headers.get("WWW-Authenticate", "")
        if answer.status_code != 401 or not challenge.startswith("Bearer "):
            return answer
        fields = parse_keqv_list(parse_http_list(challenge[len("Bearer ") :]))
        credentials = (self.auth.username, self.auth.password)
        wanted = {"service": fields["service"], "scope": fields.get("scope", "")}
        token = requests.get(fields["realm"], params=wanted, auth=credentials, timeout=10).json()["token"]
        answer.close()
        request = answer.request.copy()
        request.headers["Authorization"] = f"Bearer {token}"
        again: requests.Response = answer.connection.send(request, **options)
        return again
