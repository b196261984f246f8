# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each request shows to the registry: nothing until it asks, then Basic, or a Bearer token for this very scope.

Source: https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock
from typing import Callable, Sequence
from urllib.parse import urlsplit

from .._basics.errors import RegistryError
from .advice import explain
from .auth import Challenge, Credentials, Token, parse_challenges, parse_token
from .http import Answer, HttpSession

CLIENT_ID = "drydock"
# More than the scopes in use at once, and no more than some 100 KiB of tokens, be there ever so many repositories.
_TOKENS_KEPT = 128


class Login:
    """What one user shows to one registry; for several threads."""

    #: How the Authorization header calls a token.
    token_scheme = "Bearer"  # noqa: S105 - the name of a scheme

    def __init__(self, http: HttpSession, url: str, credentials: Credentials) -> None:
        self.http = http
        self.url = url
        self.credentials = credentials
        #: What the last 401 asked for, also what we have nothing to show for.
        self.offered: Sequence[Challenge] = ()
        self._challenge: Challenge | None = None
        self._tokens = _Tokens(self._fetch_token, self.token_scheme)

    def authorization(self, scope: str) -> str | None:
        """Return the Authorization header for a request, as far as an earlier answer asked for one."""
        return self._respond(self._challenge, scope, refused=None)

    def answer_challenge(self, answer: Answer, scope: str, sent: str | None) -> str | None:
        """Return what a 401 asks for instead of what was `sent`; None where we have nothing else to show."""
        challenge = self._usable_challenge(answer)
        if challenge is None:
            return None
        self._challenge = challenge
        wanted = self._respond(challenge, scope, refused=sent)
        return None if wanted == sent else wanted

    def _respond(self, challenge: Challenge | None, scope: str, refused: str | None) -> str | None:
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return self.credentials.basic()
        return self._tokens.header(challenge, scope, refused)

    def _usable_challenge(self, answer: Answer) -> Challenge | None:
        """Return Bearer where it is offered, else Basic if there is a user; None where we have nothing to show."""
        self.offered = parse_challenges(answer.headers.get("WWW-Authenticate", ""))
        offered = {c.scheme: c for c in self.offered}
        bearer, basic = offered.get("bearer"), offered.get("basic")
        if bearer is not None and bearer.parameters.get("realm"):
            return bearer
        return basic if basic is not None and self.credentials.username else None

    def _fetch_token(self, challenge: Challenge, scope: str) -> Token:
        """Ask the token server for `scope` and no more, for the registry's own challenge may be wider."""
        realm = self._checked_realm(challenge.parameters["realm"])
        query = {"service": challenge.parameters.get("service", ""), "scope": scope}
        query = {name: value for name, value in query.items() if value}
        headers = {"User-Agent": CLIENT_ID}
        if self.credentials.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": self.credentials.identity_token}
            answer = self.http.send("POST", realm, headers, data={**query, **form, "client_id": CLIENT_ID})
        else:
            basic = self.credentials.basic()
            shown = {"Authorization": basic} if basic else {}
            answer = self.http.send("GET", realm, {**headers, **shown}, query=query)
        token = parse_token(answer.json(), time.monotonic()) if answer.status == 200 else None
        if token is None:
            raise RegistryError(f"token server of {self.url}: {explain(answer, self.credentials)}")
        return token

    def _checked_realm(self, realm: str) -> str:
        """Return where the credentials may go: not in the clear where the registry itself is encrypted."""
        schemes = ("https",) if self.url.startswith("https://") else ("https", "http")
        parts = urlsplit(realm)
        if parts.scheme not in schemes or not parts.netloc or "@" in parts.netloc:
            raise RegistryError(
                f"{self.url} names {realm!r} as its token server; expected a {' or '.join(schemes)} URL: "
                "correct auth.token.realm in the registry's configuration"
            )
        return realm


class _Tokens:
    """Tokens by scope, those used last. One thread fetches a token, the others that want it wait."""

    def __init__(self, fetch: Callable[[Challenge, str], Token], scheme: str) -> None:
        self._fetch = fetch
        self._scheme = scheme
        self._lock = Lock()
        self._slots: OrderedDict[str, _Slot] = OrderedDict()

    def header(self, challenge: Challenge, scope: str, refused: str | None) -> str:
        """Return the header with a token that has not expired and is not the `refused` one."""
        slot = self._slot(scope)
        with slot.lock:
            if slot.expires_at <= time.monotonic() or slot.header == refused:
                token = self._fetch(challenge, scope)
                slot.header, slot.expires_at = f"{self._scheme} {token.value}", token.expires_at
            return slot.header

    def _slot(self, scope: str) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(scope, _Slot())
            self._slots.move_to_end(scope)
            if len(self._slots) > _TOKENS_KEPT:
                self._slots.popitem(last=False)
        return slot


class _Slot:
    """The token of one scope, and the lock under which it is fetched."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.header = ""
        self.expires_at = 0.0
