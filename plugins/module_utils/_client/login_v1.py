# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Showing who we are to an old v1 registry: Basic to a proxy before it, or a token of its index.

Such a registry answers 401 with `WWW-Authenticate: Token`. Its index gives a token for one repository and one kind of
access with the answer to a request for the repository's images, if that has Basic credentials and `X-Docker-Token:
true` (Docker Registry and Index Spec, "2. Pull" and "4. Delete"; docker-registry 0.9.1, toolkit.py and index.py). The
index is asked at the registry's own address.
"""

from __future__ import annotations

import time

from .._basics.errors import RegistryError
from .advice import explain
from .auth import Challenge, Token
from .base import quoted
from .http import Answer
from .login import CLIENT_ID, Login

_METHODS = {"read": "GET", "delete": "DELETE"}
# A token of the index may be good for a single use; then the 401 that follows brings the next one.
_SECONDS = 60.0


def scope_of(repository: str, access: str) -> str:
    """Return the scope of a request; `access` is `read` or `delete`."""
    return f"{access}:{repository}"


class V1Login(Login):
    """What one user shows to one v1 registry."""

    token_scheme = "Token"  # noqa: S105 - the name of a scheme

    def _usable_challenge(self, answer: Answer) -> Challenge | None:
        offered = answer.headers.get("WWW-Authenticate", "").strip().lower()
        if offered == "token" or offered.startswith("token "):
            return Challenge("token", {}) if self.credentials.username else None
        return super()._usable_challenge(answer)

    def _fetch_token(self, challenge: Challenge, scope: str) -> Token:
        if challenge.scheme != "token":
            return super()._fetch_token(challenge, scope)
        access, _colon, repository = scope.partition(":")
        headers = {"User-Agent": CLIENT_ID, "X-Docker-Token": "true", "Authorization": self.credentials.basic() or ""}
        url = f"{self.url}/v1/repositories/{quoted(repository)}/images"
        answer = self.http.send(_METHODS[access], url, headers)
        value = answer.headers.get("X-Docker-Token", "")
        if not 200 <= answer.status < 300 or not value:
            raise RegistryError(f"index of {self.url}: {explain(answer, self.credentials)}")
        # Some say it with the scheme before it (docker-registry 0.9.1, index.py).
        return Token(value[len("Token ") :] if value.startswith("Token ") else value, time.monotonic() + _SECONDS)
