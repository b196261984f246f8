# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a registry: the options of doc fragment `registry` as one value that a client is made from."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from .._basics.api_version import AUTO
from .._basics.durations import parse_duration
from .._basics.errors import InvalidOptionError
from .auth import Credentials, load_docker_credentials
from .http import TlsSettings

_MOST_CONCURRENCY = 64


class ClientOptions(NamedTuple):
    """Where a registry answers and how it is talked to, checked; only the URLs are once a client is made.

    `url` is None where another source may tell it, `further` are more addresses of the same registry; `account` is who
    asks where no `docker_config` says it. `timeout` is in seconds, for the registry to connect or to send data;
    `concurrency` is how many requests run at once.
    """

    url: str | None = None
    further: tuple[str, ...] = ()
    account: Credentials = Credentials()
    docker_config: str | None = None
    tls: TlsSettings = TlsSettings()
    timeout: float = 30.0
    concurrency: int = 8
    api_version: str = AUTO

    @property
    def has_password(self) -> bool:
        """Tell whether no user is named, or one with the password, which no record keeps."""
        return not self.account.username or self.account.password is not None

    def credentials(self, url: str) -> Credentials:
        """Return who asks there. Raises InvalidOptionError for a file of Docker's that can't be used."""
        if self.docker_config:
            return load_docker_credentials(self.docker_config, urlsplit(url).netloc)
        return self.account


def read_client_options(options: Mapping[str, Any]) -> ClientOptions:
    """Return the options as a value; those that are missing are as nobody gave them. Raises InvalidOptionError."""
    return ClientOptions(
        url=options.get("registry_url"),
        further=tuple(options.get("registry_endpoints") or ()),
        account=Credentials(options.get("registry_username"), options.get("registry_password")),
        docker_config=options.get("docker_config"),
        tls=TlsSettings(
            verify=bool(options.get("validate_certs", True)),
            ca_path=options.get("ca_path"),
            client_cert=options.get("client_cert"),
            client_key=options.get("client_key"),
        ),
        timeout=_read_timeout(options.get("api_timeout") or "30s"),
        concurrency=_read_concurrency(int(options.get("api_concurrency", 8))),
        api_version=options.get("api_version") or AUTO,
    )


def _read_timeout(text: str) -> float:
    seconds = parse_duration(text, "api_timeout")
    if seconds <= 0:
        raise InvalidOptionError("api_timeout", text, "a duration longer than 0s")
    return seconds


def _read_concurrency(concurrency: int) -> int:
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InvalidOptionError("api_concurrency", concurrency, f"a number from 1 to {_MOST_CONCURRENCY}")
    return concurrency


def checked_url(url: str | None) -> str:
    """Return the URL without `/v2/` and slashes at its end; never shows a password that somebody wrote into it."""
    expected = "http:// or https://, a host, an optional port and path, such as https://registry.example.com"
    try:
        parts = urlsplit(url or "")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InvalidOptionError("registry_url", url, expected) from None
    if "@" in parts.netloc:
        what = "a URL without user and password; registry_username and registry_password are for that"
        raise InvalidOptionError("registry_url", parts.scheme + "://***@" + parts.netloc.rpartition("@")[2], what)
    if not usable or parts.query or parts.fragment:
        raise InvalidOptionError("registry_url", url, expected)
    path = parts.path.rstrip("/")
    path = path[: -len("/v2")] if path.endswith("/v2") else path
    return f"{parts.scheme}://{parts.netloc}{path}"
