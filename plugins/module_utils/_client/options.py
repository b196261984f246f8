# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of doc fragment `registry` to what a client needs. All of it raises InvalidOptionError."""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import urlsplit

from .._basics.durations import parse_duration
from .._basics.errors import InvalidOptionError
from .auth import Credentials, load_docker_credentials
from .http import TlsSettings

_MOST_CONCURRENCY = 64


def checked_url(url: str) -> str:
    """Return the URL without `/v2/` and slashes at its end; never shows a password that somebody wrote into it."""
    expected = "http:// or https://, a host, an optional port and path, such as https://registry.example.com"
    try:
        parts = urlsplit(url)
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


def credentials_from(params: Mapping[str, Any], url: str) -> Credentials:
    if params.get("docker_config"):
        return load_docker_credentials(params["docker_config"], urlsplit(url).netloc)
    return Credentials(params.get("registry_username"), params.get("registry_password"))


def tls_from(params: Mapping[str, Any]) -> TlsSettings:
    return TlsSettings(
        verify=bool(params.get("validate_certs", True)),
        ca_path=params.get("ca_path"),
        client_cert=params.get("client_cert"),
        client_key=params.get("client_key"),
    )


def timeout_from(params: Mapping[str, Any]) -> float:
    """Seconds to wait for the registry to connect or to send data."""
    text = params.get("api_timeout") or "30s"
    seconds = parse_duration(text, "api_timeout")
    if seconds <= 0:
        raise InvalidOptionError("api_timeout", text, "a duration longer than 0s")
    return seconds


def concurrency_from(params: Mapping[str, Any]) -> int:
    """How many requests run at once."""
    concurrency = int(params.get("api_concurrency", 8))
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InvalidOptionError("api_concurrency", concurrency, f"a number from 1 to {_MOST_CONCURRENCY}")
    return concurrency
