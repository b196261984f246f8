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
from queue import LifoQueue
from threading import Lock
from types import ModuleType
from typing import Any, Callable, Mapping, NamedTuple

from .._basics.errors import InvalidOptionError, MissingLibraryError, RegistryError
from .http_errors import describe_tls, has_errno, innermost

ATTEMPTS = 5
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE = 60.0
_READS = frozenset({"GET", "HEAD"})
# What can be said twice without doing more than saying it once (RFC 9110, 9.2.2). A manifest's PUT could be too, but a
# tag may have become somebody else's in between.
_REPEATABLE = _READS | {"DELETE"}
# The longest answer to be expected is 2.8's list of tags, which has no pages: 64 MiB are half a million of long names.
BODY_LIMIT = 64 * 1024 * 1024
_PIECE = 64 * 1024


class UnreachableError(RegistryError):
    """Nothing answered; `refused` tells a closed port from everything else."""

    def __init__(self, message: str, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class TooLongError(RegistryError):
    """The body of an answer has more bytes than were asked for."""


class UnexpectedAnswerError(RegistryError):
    """An answer with another status than was expected."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer

    @property
    def may_be_about_one_thing(self) -> bool:
        """Tell whether the server may be at a loss about what it was asked for, and all is well with us and itself."""
        return self.answer.status == 400 or self.answer.status >= 500

    @property
    def what(self) -> str:
        """Return what was asked, and what came back."""
        return self.answer.describe()


class BrokenOffError(UnreachableError):
    """An answer that ends before its announced length: seen of Distribution where a file was cut short on its disk."""

    may_be_about_one_thing = True

    @property
    def what(self) -> str:
        """Return what was asked, and what came back."""
        return str(self)


class TlsSettings(NamedTuple):
    """How the server is verified and how we show who we are; all paths are on the target."""

    verify: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


class Answer:
    """What came back: status, headers (names in any case) and the body, read completely.

    `is_repeated` says that the same request was sent before and may have been carried out, though it was not said so.
    """

    def __init__(self, method: str, url: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.is_repeated = False
        self.method = method
        self.url = url
        self.status = status
        self.headers = headers
        self.content = content

    def json(self) -> Any:
        """Return the body as JSON; None where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def error_codes(self) -> tuple[str, ...]:
        """Return the `errors[].code` of the OCI distribution specification, empty where the body has none."""
        body = self.json()
        errors = body.get("errors") if isinstance(body, dict) else None
        return tuple(str(e.get("code")) for e in errors if isinstance(e, dict)) if isinstance(errors, list) else ()

    @property
    def is_registry(self) -> bool:
        """Tell whether this looks like a registry's answer rather than a proxy's or a web site's page.

        Some (seen: go-containerregistry's) send the specification's errors as text/plain, without any header of theirs.
        """
        kind = self.headers.get("Content-Type", "").lower()
        if "Docker-Distribution-Api-Version" in self.headers or bool(self.error_codes):
            return True
        return "json" in kind and "html" not in kind

    @property
    def is_page(self) -> bool:
        """Tell whether this is a web page, such as a proxy's login form: no registry said it, whatever its status."""
        return "text/html" in self.headers.get("Content-Type", "").lower()

    def describe(self) -> str:
        """Return `GET http://... answered 404 (text/html)` with the error codes, without the body."""
        what = ", ".join(self.error_codes) or self.headers.get("Content-Type", "") or "no content type"
        return f"{self.method} {self.url} answered {self.status} ({what})"


class HttpSession:
    """Kept-alive connections, at most `connections` in use at once, for any number of threads.

    Requests are repeated where the server asks for it; a Retry-After holds back every thread, not only the one told.
    """

    def __init__(self, tls: TlsSettings, timeout: float, connections: int = 1) -> None:
        self._requests = import_requests()
        _check_files(tls)
        self.timeout = timeout
        # Given with every request, for REQUESTS_CA_BUNDLE would override what only the session holds.
        self._verify: bool | str = (tls.ca_path or True) if tls.verify else False
        self._pause = _Pause()
        # A requests.Session is not made for two threads at once: each request borrows one, the last used first,
        # for its connection is most likely to be open still. They are closed when the last reference to them goes.
        self._idle: LifoQueue[Any] = LifoQueue()
        for _number in range(connections):
            self._idle.put(self._new_session(tls))

    def _new_session(self, tls: TlsSettings) -> Any:
        session = self._requests.Session()
        if tls.client_cert:
            session.cert = (tls.client_cert, tls.client_key) if tls.client_key else tls.client_cert
        return session

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        data: bytes | Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        limit: int = BODY_LIMIT,
        attempts: int = ATTEMPTS,
        may_repeat: Callable[[], bool] | None = None,
    ) -> Answer:
        """Send a request, again on 429 and 5xx; GET, HEAD and DELETE also outlive a cut connection.

        `may_repeat` is asked before each repetition. GET and HEAD follow redirects. A body of more than `limit` bytes
        is a RegistryError, and is not read to its end.
        """
        # A body that does not come compressed can't outgrow its limit while it is unpacked.
        wanted = {"headers": {"Accept-Encoding": "identity", **headers}, "data": data, "params": query}
        is_repeated = False
        for attempt in range(1, attempts + 1):
            self._pause.wait()
            outcome = self._try(method, url, wanted, limit)
            if attempt == attempts or not _is_worth_repeating(method, outcome):
                break
            is_repeated = is_repeated or isinstance(outcome, UnreachableError) or outcome.status != 429
            self._rest(outcome, attempt)
            if may_repeat is not None and not may_repeat():
                break
        if isinstance(outcome, UnreachableError):
            raise outcome
        outcome.is_repeated = is_repeated
        return outcome

    def _rest(self, outcome: Answer | UnreachableError, attempt: int) -> None:
        asked = _retry_after(outcome) if isinstance(outcome, Answer) else None
        if asked is None:
            time.sleep(min(_LONGEST_PAUSE, float(2 ** (attempt - 1))))
        else:
            self._pause.begin(min(_LONGEST_PAUSE, asked))
            self._pause.wait()

    def _try(self, method: str, url: str, wanted: Mapping[str, Any], limit: int) -> Answer | UnreachableError:
        session, response = self._idle.get(), None
        try:
            response = session.request(
                method,
                url,
                **wanted,
                auth=_no_netrc,
                verify=self._verify,
                timeout=self.timeout,
                allow_redirects=method in _READS,
                stream=True,
            )
            with response:
                body = _read_body(response, limit)
        except self._requests.exceptions.SSLError as error:
            raise RegistryError(describe_tls(method, url, error)) from None
        except (self._requests.exceptions.RequestException, _CutShortError) as error:
            return self._unreachable(method, url, error, has_begun=response is not None)
        finally:
            self._idle.put(session)
        if body is None:
            raise TooLongError(f"{method} {url} sends more than {limit} bytes; is registry_url right?")
        return Answer(method, url, response.status_code, response.headers, body)

    def _unreachable(self, method: str, url: str, error: Exception, *, has_begun: bool) -> UnreachableError:
        behind_proxy = isinstance(error, self._requests.exceptions.ProxyError)
        refused = not behind_proxy and has_errno(error, errno.ECONNREFUSED)
        who = "the proxy of the environment" if behind_proxy else "the registry"
        message = f"{method} {url}: {who} can't be reached: {innermost(error)}; is registry_url right?"
        return BrokenOffError(message, refused) if has_begun else UnreachableError(message, refused)

    def passes_proxy(self, url: str) -> bool:
        """Tell whether the environment sends this URL through a proxy, so that a refusal may be the proxy's."""
        return bool(self._requests.utils.get_environ_proxies(url))


class _Pause:
    """The moment before which no thread sends anything: one was told to wait, and speaks for all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def wait(self) -> None:
        # A pause may grow while it is waited for.
        while (seconds := self._until - time.monotonic()) > 0:
            time.sleep(seconds)


class _CutShortError(OSError):
    """A body ended before its Content-Length, which urllib3 1.26 does not mind."""


def _read_body(response: Any, limit: int) -> bytes | None:
    """Return the whole body; None, and not read to its end, where it is longer than `limit` bytes."""
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > limit:
            return None
    announced = response.headers.get("Content-Length", "")
    if response.request.method != "HEAD" and announced.isdigit() and response.raw.tell() < int(announced):
        raise _CutShortError(errno.ECONNRESET, f"the answer was cut short after {len(body)} of {announced} bytes")
    return bytes(body)


def _is_worth_repeating(method: str, outcome: Answer | UnreachableError) -> bool:
    if isinstance(outcome, UnreachableError):
        return method in _REPEATABLE and not outcome.refused
    return outcome.status in _TRY_AGAIN


def import_requests() -> ModuleType:
    """Return the library. Raises MissingLibraryError."""
    try:
        return importlib.import_module("requests")
    except ImportError:
        raise MissingLibraryError("requests", traceback.format_exc()) from None


def _no_netrc(request: Any) -> Any:
    """Change nothing; as `auth` it keeps requests from looking for credentials in ~/.netrc behind the user's back."""
    return request


def _check_files(tls: TlsSettings) -> None:
    options: dict[str, str | None] = {
        "ca_path": tls.ca_path if tls.verify else None,
        "client_cert": tls.client_cert,
        "client_key": tls.client_key,
    }
    for option, path in options.items():
        if path and not os.access(path, os.R_OK):
            raise InvalidOptionError(option, path, "a readable file on the target")


def _retry_after(answer: Answer) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or as a date; None where it asks for nothing."""
    asked = answer.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None
