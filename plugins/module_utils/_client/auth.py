# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are to the registry: user and password, Docker's `config.json`, and what a 401 asks for.

Nothing here speaks HTTP; the client does. No secret appears in a representation or in an error message.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from .._basics.errors import InvalidOptionError

# A credential helper that answers this as the user name hands out an identity token instead of a password.
_TOKEN_USER = "<token>"  # noqa: S105 - a marker, no password
_HELPER_TIMEOUT = 30
_DEFAULT_LIFETIME = 60.0
_DOCKER_HUB = "index.docker.io"
_CHALLENGE_START = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)\s+(?=[A-Za-z0-9_.-]+\s*=)")
_CHALLENGE_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Credentials:
    """A user with a password, or an identity token for the token server, or nobody."""

    def __init__(
        self, username: str | None = None, password: str | None = None, identity_token: str | None = None
    ) -> None:
        self.username = username
        self.password = password
        self.identity_token = identity_token

    def __repr__(self) -> str:
        return f"Credentials({self.describe()})"

    def describe(self) -> str:
        """Return for error messages whose credentials were used, never what they are."""
        if self.identity_token:
            return "an identity token"
        return f"user {self.username}" if self.username else "a client without credentials"

    def basic(self) -> str | None:
        """Return the value of a Basic Authorization header (RFC 7617, UTF-8); None without a user."""
        if not self.username:
            return None
        pair = f"{self.username}:{self.password or ''}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


class Challenge(NamedTuple):
    """One challenge of a `WWW-Authenticate` header; scheme and parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


class Token(NamedTuple):
    """A Bearer token and the moment (monotonic seconds) from which it is not used any more."""

    value: str
    expires_at: float

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"


def parse_challenges(header: str) -> list[Challenge]:
    """Split a `WWW-Authenticate` header, which may hold several challenges, each with quoted parameters."""
    challenges: list[Challenge] = []
    position = 0
    while True:
        start = _CHALLENGE_START.match(header, position)
        if start is None:
            return challenges
        parameters, position = _parse_parameters(header, start.end())
        challenges.append(Challenge(start.group(1).lower(), parameters))


def _parse_parameters(header: str, position: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    while True:
        found = _CHALLENGE_PARAMETER.match(header, position)
        if found is None:
            return parameters, position
        name, quoted, plain = found.groups()
        parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        position = found.end()


def parse_token(answer: Any, now: float) -> Token | None:
    """Read a token server's JSON; None if it holds no token. The last tenth of its life is left unused."""
    if not isinstance(answer, dict):
        return None
    value = answer.get("token") or answer.get("access_token")
    lifetime = answer.get("expires_in")
    seconds = float(lifetime) if isinstance(lifetime, (int, float)) and lifetime > 0 else _DEFAULT_LIFETIME
    return Token(value, now + seconds * 0.9) if isinstance(value, str) and value else None


def load_docker_credentials(path: str, host: str) -> Credentials:
    """Find the credentials for `host` (`name[:port]`) in a Docker `config.json`.

    In Docker's order: a helper named for the host, the general store, the file itself. A host that is not found has no
    credentials, as with Docker. Raises InvalidOptionError for a file or a helper that can't be used.
    """
    config = _read_docker_config(path)
    helpers = {_hostname(key): helper for key, helper in _mapping(config, "credHelpers").items()}
    helper = helpers.get(host) or config.get("credsStore")
    if helper:
        found = _ask_helper(str(helper), _server_address(config, host))
        if found is not None:
            return found
    return _credentials_of_entry(path, host, _find_entry(config, host))


def _read_docker_config(path: str) -> dict[str, Any]:
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidOptionError("docker_config", path, f"a readable file ({error.strerror})") from error
    except ValueError:
        raise InvalidOptionError("docker_config", path, "a Docker config.json, but this is no JSON") from None
    if not isinstance(config, dict):
        raise InvalidOptionError("docker_config", path, "a Docker config.json, a JSON object")
    return config


def _mapping(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _hostname(key: str) -> str:
    """Return the host: `https://index.docker.io/v1/` names the same server as `index.docker.io`."""
    return re.sub(r"^https?://", "", key).split("/", 1)[0]


def _find_entry(config: Mapping[str, Any], host: str) -> dict[str, Any]:
    entries = _mapping(config, "auths")
    exact = entries.get(host)
    if exact is None:
        exact = next((entry for key, entry in entries.items() if _hostname(key) == host), {})
    return exact if isinstance(exact, dict) else {}


def _server_address(config: Mapping[str, Any], host: str) -> str:
    """Return the key under which `docker login` stored the host, for a helper looks it up literally."""
    keys = [key for key in _mapping(config, "auths") if _hostname(key) == host]
    return keys[0] if keys else (f"https://{host}/v1/" if host == _DOCKER_HUB else host)


def _credentials_of_entry(path: str, host: str, entry: Mapping[str, Any]) -> Credentials:
    token = entry.get("identitytoken") or None
    username, password = entry.get("username"), entry.get("password")
    if entry.get("auth"):
        username, password = _decode_auth(path, host, str(entry["auth"]))
    return Credentials(username or None, password, token)


def _decode_auth(path: str, host: str, auth: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode("utf-8").partition(":")
    except ValueError:
        username = colon = password = ""
    if not colon:
        raise InvalidOptionError("docker_config", path, f"base64 of user:password in auths[{host!r}].auth")
    return username, password.rstrip("\0")


def _ask_helper(helper: str, server: str) -> Credentials | None:
    """Run `docker-credential-<helper> get`; None where it has nothing for this server."""
    command = f"docker-credential-{helper}"
    if re.fullmatch(r"[A-Za-z0-9._-]+", helper) is None or shutil.which(command) is None:
        raise InvalidOptionError("docker_config", helper, f"a credential helper {command} on the PATH of the target")
    try:
        # Not AnsibleModule.run_command: it has no time limit, and a helper may wait for somebody to type.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [command, "get"], input=server.encode(), capture_output=True, timeout=_HELPER_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise InvalidOptionError(
            "docker_config", helper, f"{command} to run and answer in {_HELPER_TIMEOUT} s"
        ) from None
    # Helpers print what is wrong to standard output, where secrets may be too: only the known sentence is looked at.
    if done.returncode != 0:
        if b"not found" in done.stdout.lower():
            return None
        raise InvalidOptionError("docker_config", helper, f"{command} get to succeed for {server} ({done.returncode})")
    return _credentials_of_helper(command, done.stdout)


def _credentials_of_helper(command: str, output: bytes) -> Credentials:
    try:
        answer = json.loads(output)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise InvalidOptionError("docker_config", command, "JSON with Username and Secret from the helper") from None
    if username == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(username, secret)
