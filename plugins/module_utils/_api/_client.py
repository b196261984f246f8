# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for the OCI distribution API, v2: what the collection asks of a registry, and nothing about images.

Sources: https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Mapping, Optional
from urllib.parse import quote, urlsplit

from .._durations import parse_duration
from .._errors import InvalidOptionError, RegistryError
from ._auth import Challenge, Credentials, Token, load_docker_credentials, parse_challenges, parse_token
from ._http import ATTEMPTS, Answer, HttpSession, TlsSettings

# All four must be named: a registry answers 404 for an OCI image to a client that does not accept OCI.
MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT_MANIFEST = {"Accept": ", ".join(MANIFEST_TYPES)}
_CLIENT_ID = "drydock"


class RegistryClient:
    """One registry at one URL. Every method raises RegistryError with the request, what came back and what to do."""

    def __init__(self, url: str, credentials: Credentials, tls: TlsSettings, timeout: float) -> None:
        self.url = _checked_url(url)
        self.credentials = credentials
        self.http = HttpSession(tls, timeout)
        self._tokens: dict[str, Token] = {}
        self._challenge: Optional[Challenge] = None

    def check_api(self) -> None:
        """Make sure that a v2 registry answers here and takes our credentials."""
        answer = self.request("GET", "/v2/", scope="")
        if answer.status != 200 or not answer.is_registry:
            raise RegistryError(self.explain(answer))

    def manifest_digest(self, repository: str, reference: str) -> Optional[str]:
        """Digest of what a tag or digest names; None where the registry does not have it."""
        path = f"/v2/{_quoted(repository)}/manifests/{_quoted(reference)}"
        answer = self._read("HEAD", path, repository, _ACCEPT_MANIFEST)
        if answer is None:
            return None
        digest = answer.headers.get("Docker-Content-Digest")
        if digest:
            return digest
        # The header is optional in the specification; then the content is the proof.
        answer = self._read("GET", path, repository, _ACCEPT_MANIFEST)
        return None if answer is None else "sha256:" + hashlib.sha256(answer.content).hexdigest()

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository serves this layer or config."""
        return self._read("HEAD", f"/v2/{_quoted(repository)}/blobs/{_quoted(digest)}", repository, {}) is not None

    def put_nothing(self, repository: str, tag: str) -> Answer:
        """PUT a manifest of no bytes, which none can accept: the answer tells whether writes are taken (_probe.py)."""
        path = f"/v2/{_quoted(repository)}/manifests/{_quoted(tag)}"
        headers = {"Content-Type": MANIFEST_TYPES[-1]}
        return self.request("PUT", path, f"repository:{repository}:pull,push", headers=headers, data=b"", attempts=1)

    def request(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        headers: Optional[Mapping[str, str]] = None,
        data: Optional[bytes] = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send a request; on 401 once more with what the registry asks for, be it Basic or a (new) Bearer token."""

        def send(authorization: Optional[str]) -> Answer:
            shown = {} if authorization is None else {"Authorization": authorization}
            everything = {"User-Agent": _CLIENT_ID, **(headers or {}), **shown}
            return self.http.send(method, self.url + path, everything, data=data, attempts=attempts)

        sent = self._authorization(scope)
        answer = send(sent)
        wanted = self._answer_challenge(answer, scope) if answer.status == 401 else None
        return answer if wanted is None or wanted == sent else send(wanted)

    def explain(self, answer: Answer) -> str:
        """A sentence on an answer that was not expected: what came back and what to do about it."""
        return f"{answer.describe()}: {_advice(answer, self.credentials)}"

    def _read(self, method: str, path: str, repository: str, headers: Mapping[str, str]) -> Optional[Answer]:
        answer = self.request(method, path, f"repository:{repository}:pull", headers=headers)
        if answer.status == 404 and answer.is_registry:
            return None
        if answer.status != 200 or "text/html" in answer.headers.get("Content-Type", ""):
            raise RegistryError(self.explain(answer))
        return answer

    def _answer_challenge(self, answer: Answer, scope: str) -> Optional[str]:
        """What the registry asks for with a 401; a token that it no longer takes is replaced."""
        challenge = self._usable_challenge(answer)
        if challenge is None:
            return None
        self._challenge = challenge
        self._tokens.pop(scope, None)
        return self._authorization(scope)

    def _usable_challenge(self, answer: Answer) -> Optional[Challenge]:
        """Bearer where it is offered, else Basic if there is a user; None where we have nothing to show."""
        offered = {c.scheme: c for c in parse_challenges(answer.headers.get("WWW-Authenticate", ""))}
        bearer, basic = offered.get("bearer"), offered.get("basic")
        if bearer is not None and bearer.parameters.get("realm"):
            return bearer
        return basic if basic is not None and self.credentials.username else None

    def _authorization(self, scope: str) -> Optional[str]:
        """What to send, as far as an earlier answer told; nothing is volunteered to a server that did not ask."""
        if self._challenge is None:
            return None
        if self._challenge.scheme == "basic":
            return self.credentials.basic()
        token = self._tokens.get(scope)
        if token is None or token.expires_at <= time.monotonic():
            token = self._tokens[scope] = self._fetch_token(self._challenge, scope)
        return f"Bearer {token.value}"

    def _fetch_token(self, challenge: Challenge, scope: str) -> Token:
        """Ask the token server for `scope` and no more, for the registry's own challenge may be wider."""
        realm = self._checked_realm(challenge.parameters["realm"])
        query = {"service": challenge.parameters.get("service", ""), "scope": scope}
        query = {name: value for name, value in query.items() if value}
        headers = {"User-Agent": _CLIENT_ID}
        if self.credentials.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": self.credentials.identity_token}
            answer = self.http.send("POST", realm, headers, data={**query, **form, "client_id": _CLIENT_ID})
        else:
            basic = self.credentials.basic()
            answer = self.http.send(
                "GET", realm, {**headers, **({"Authorization": basic} if basic else {})}, params=query
            )
        token = parse_token(answer.json(), time.monotonic()) if answer.status == 200 else None
        if token is None:
            raise RegistryError(f"token server of {self.url}: {self.explain(answer)}")
        return token

    def _checked_realm(self, realm: str) -> str:
        """The credentials are about to go there: not in the clear where the registry itself is encrypted."""
        schemes = ("https",) if self.url.startswith("https://") else ("https", "http")
        parts = urlsplit(realm)
        if parts.scheme not in schemes or not parts.netloc or "@" in parts.netloc:
            raise RegistryError(
                f"{self.url} names {realm!r} as its token server; expected a {' or '.join(schemes)} URL: "
                "correct auth.token.realm in the registry's configuration"
            )
        return realm


def client_from_params(params: Mapping[str, Any], url: str) -> RegistryClient:
    """Build a client from the options of doc fragment `registry`; `url` is registry_url or what was derived for it."""
    url = _checked_url(url)
    if params.get("docker_config"):
        credentials = load_docker_credentials(params["docker_config"], urlsplit(url).netloc)
    else:
        credentials = Credentials(params.get("registry_username"), params.get("registry_password"))
    tls = TlsSettings(
        verify=bool(params.get("validate_certs", True)),
        ca_path=params.get("ca_path"),
        client_cert=params.get("client_cert"),
        client_key=params.get("client_key"),
    )
    return RegistryClient(url, credentials, tls, _timeout(params))


def _timeout(params: Mapping[str, Any]) -> float:
    text = params.get("api_timeout") or "30s"
    seconds = parse_duration(text, "api_timeout")
    if seconds <= 0:
        raise InvalidOptionError("api_timeout", text, "a duration longer than 0s")
    return seconds


def _checked_url(url: str) -> str:
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


def _quoted(name: str) -> str:
    return quote(name, safe="/:")


def _advice(answer: Answer, credentials: Credentials) -> str:
    if answer.status == 401:
        return f"the credentials ({credentials.describe()}) are not accepted; see registry_username, docker_config"
    if answer.status == 403:
        return f"{credentials.describe()} may not do this; use an account that may, or look at a proxy in front"
    if 300 <= answer.status < 400:
        return "it sends us elsewhere; give that address as registry_url"
    if answer.status == 429 or answer.status >= 500:
        return "the server is busy or broken; see its log and try again"
    if not answer.is_registry:
        return "this is no registry's answer; registry_url must be the address in front of /v2/"
    return "the registry does not do this; see its log"
