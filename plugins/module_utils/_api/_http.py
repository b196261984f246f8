# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One place for HTTP: sending a request, trying again where the server asks for it, and errors that name the URL.

Below the registry's API (`_client.py`) and its token server alike. `requests` is imported where a session begins: a run
that needs no API needs no `requests`, nor the 12 MiB and 60 ms that importing it takes.
"""

from __future__ import annotations

import email.utils
import errno
import importlib
import json
import os
import time
import traceback
from types import ModuleType
from typing import Any, Mapping, NamedTuple, Optional, Union

from .._errors import InvalidOptionError, MissingLibraryError, RegistryError

ATTEMPTS = 5
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE = 60.0
_REPEATABLE = frozenset({"GET", "HEAD"})


class UnreachableError(RegistryError):
    """Nothing answered; `refused` tells a closed port from everything else."""

    def __init__(self, message: str, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class TlsSettings(NamedTuple):
    """How the server is verified and how we show who we are; all paths are on the target."""

    verify: bool = True
    ca_path: Optional[str] = None
    client_cert: Optional[str] = None
    client_key: Optional[str] = None


class Answer:
    """What came back: status, headers (names in any case) and the body, read completely."""

    def __init__(self, method: str, url: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.method = method
        self.url = url
        self.status = status
        self.headers = headers
        self.content = content

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def error_codes(self) -> tuple[str, ...]:
        """The `errors[].code` of the OCI distribution specification, empty where the body has none."""
        body = self.json()
        errors = body.get("errors") if isinstance(body, dict) else None
        return tuple(str(e.get("code")) for e in errors if isinstance(e, dict)) if isinstance(errors, list) else ()

    @property
    def is_registry(self) -> bool:
        """Whether this looks like a registry's answer rather than a proxy's or a web site's page."""
        kind = self.headers.get("Content-Type", "").lower()
        return "Docker-Distribution-Api-Version" in self.headers or ("json" in kind and "html" not in kind)

    def describe(self) -> str:
        """`GET http://... answered 404 (text/html)` with the error codes, without the body."""
        what = ", ".join(self.error_codes) or self.headers.get("Content-Type", "") or "no content type"
        return f"{self.method} {self.url} answered {self.status} ({what})"


class HttpSession:
    """A kept-alive connection with TLS settings, a time limit and repetition where the server asks for it."""

    def __init__(self, tls: TlsSettings, timeout: float) -> None:
        self._requests = _import_requests()
        _check_files(tls)
        self.timeout = timeout
        self._session = self._requests.Session()
        # Given with every request, for REQUESTS_CA_BUNDLE would override what only the session holds.
        self._verify: Union[bool, str] = (tls.ca_path or True) if tls.verify else False
        if tls.client_cert:
            self._session.cert = (tls.client_cert, tls.client_key) if tls.client_key else tls.client_cert

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        data: Union[bytes, Mapping[str, str], None] = None,
        params: Optional[Mapping[str, str]] = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send a request, again on 429 and 5xx. GET and HEAD follow redirects and outlive a cut connection."""
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                answer = self._send_once(method, url, headers, data, params)
            except UnreachableError as error:
                if last or error.refused or method not in _REPEATABLE:
                    raise
                time.sleep(_pause({}, attempt))
                continue
            if last or answer.status not in _TRY_AGAIN:
                return answer
            time.sleep(_pause(answer.headers, attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send_once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Union[bytes, Mapping[str, str], None],
        params: Optional[Mapping[str, str]],
    ) -> Answer:
        try:
            response = self._session.request(
                method,
                url,
                headers=dict(headers),
                data=data,
                params=params,
                auth=_no_netrc,
                verify=self._verify,
                timeout=self.timeout,
                allow_redirects=method in _REPEATABLE,
            )
        except self._requests.exceptions.SSLError as error:
            raise RegistryError(_describe_tls(method, url, error)) from None
        except self._requests.exceptions.RequestException as error:
            raise self._unreachable(method, url, error) from None
        return Answer(method, url, response.status_code, response.headers, response.content)

    def _unreachable(self, method: str, url: str, error: Exception) -> UnreachableError:
        behind_proxy = isinstance(error, self._requests.exceptions.ProxyError)
        refused = not behind_proxy and _has_errno(error, errno.ECONNREFUSED)
        who = "the proxy of the environment" if behind_proxy else "the registry"
        return UnreachableError(
            f"{method} {url}: {who} can't be reached: {_innermost(error)}; is registry_url right?", refused
        )

    def passes_proxy(self, url: str) -> bool:
        """Whether the environment sends this URL through a proxy, so that a refusal may be the proxy's."""
        return bool(self._requests.utils.get_environ_proxies(url))


def _import_requests() -> ModuleType:
    try:
        return importlib.import_module("requests")
    except ImportError:
        raise MissingLibraryError("requests", traceback.format_exc()) from None


def _no_netrc(request: Any) -> Any:
    """Given as `auth` so that requests does not look for credentials in ~/.netrc behind the user's back."""
    return request


def _check_files(tls: TlsSettings) -> None:
    options: dict[str, Optional[str]] = {
        "ca_path": tls.ca_path if tls.verify else None,
        "client_cert": tls.client_cert,
        "client_key": tls.client_key,
    }
    for option, path in options.items():
        if path and not os.access(path, os.R_OK):
            raise InvalidOptionError(option, path, "a readable file on the target")


def _pause(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds to wait: what Retry-After asks for (seconds or a date), else 1, 2, 4, ... capped."""
    asked = headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdigit() else _seconds_until(asked)
    return min(_LONGEST_PAUSE, max(0.0, seconds) if seconds is not None else float(2 ** (attempt - 1)))


def _seconds_until(date: str) -> Optional[float]:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    except (TypeError, ValueError, IndexError):
        return None


def _describe_tls(method: str, url: str, error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        reason = text.split("CERTIFICATE_VERIFY_FAILED] ", 1)[-1].split(" (_ssl", 1)[0]
        advice = "give the CA that signed it as ca_path, or the name it was made for in registry_url"
        return f"{method} {url}: {reason}; {advice}"
    return f"{method} {url}: TLS failed: {_innermost(error)}; does the registry speak TLS here, and want a client_cert?"


def _chain(error: Optional[BaseException]) -> Any:
    """The exception, its causes and contexts, and what urllib3 hides in `reason` and `args`."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        hidden = [getattr(current, "reason", None), *getattr(current, "args", ())]
        waiting += [current.__cause__, current.__context__, *(h for h in hidden if isinstance(h, BaseException))]


def _has_errno(error: Exception, number: int) -> bool:
    return any(isinstance(link, OSError) and link.errno == number for link in _chain(error))


def _innermost(error: Exception) -> str:
    """The operating system's own words, without the addresses of Python objects around them."""
    for link in _chain(error):
        if isinstance(link, OSError) and link.strerror:
            return str(link.strerror)
    return type(error).__name__
