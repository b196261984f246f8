# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for the OCI distribution API, v2: what the collection asks of a registry, and nothing about images.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md.
"""

from __future__ import annotations

import hashlib
from typing import Callable, Iterator, Mapping, NamedTuple
from urllib.parse import urljoin, urlsplit

from .._basics.errors import RegistryError
from .._graph.graph import EMPTY
from .._graph.planted import BLOB, Planted
from .base import ApiClient, quoted
from .http import ATTEMPTS, BODY_LIMIT, Answer, TooLongError
from .paging import FIRST_PAGE, digests_in, names_in, read_pages

# All four must be named: a registry answers 404 for an OCI image to a client that does not accept OCI.
MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# And everything else, so that 404 means that nothing is there.
_ACCEPT_MANIFEST = {"Accept": ", ".join((*MANIFEST_TYPES, "*/*;q=0.1"))}
_ACCEPT_REFERRERS = {"Accept": MANIFEST_TYPES[0]}


class Fetched(NamedTuple):
    """A manifest as the registry sent it; the media type is that of the Content-Type header."""

    digest: str
    media_type: str
    content: bytes


class RegistryClient(ApiClient):
    """A registry that speaks v2."""

    version = "v2"

    def check_api(self) -> None:
        """Make sure that a v2 registry answers here and takes our credentials."""
        answer = self.request("GET", "/v2/", scope="")
        if answer.status != 200 or not answer.is_registry:
            raise RegistryError(self.explain(answer))

    def repositories(self) -> Iterator[str]:
        """Yield every repository that the catalogue names, page by page."""
        pages = self._pages("/v2/_catalog", "registry:catalog:*", names_in("repositories"), may_be_absent=False)
        for page in pages:
            yield from page

    def tags(self, repository: str) -> list[str] | None:
        """Return every tag of the repository, in the registry's order; None where the registry does not know it."""
        path = f"/v2/{quoted(repository)}/tags/list"
        pages = list(self._pages(path, _scope(repository, "pull"), names_in("tags")))
        return [tag for page in pages for tag in page] if pages else None

    def manifest(self, repository: str, reference: str, attempts: int = ATTEMPTS) -> Fetched | None:
        """Return what a tag or digest names, as it was sent; None where the registry does not have it."""
        path = _manifest_path(repository, reference)
        answer = self._read("GET", path, repository, _ACCEPT_MANIFEST, attempts=attempts)
        if answer is None:
            return None
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        named = reference if ":" in reference else _sha256(answer.content)
        return Fetched(answer.headers.get("Docker-Content-Digest") or named, media_type, answer.content)

    def manifest_digest(self, repository: str, reference: str, attempts: int = ATTEMPTS) -> str | None:
        """Return the digest of what a tag or digest names; None where the registry does not have it."""
        path = _manifest_path(repository, reference)
        answer = self._read("HEAD", path, repository, _ACCEPT_MANIFEST, attempts=attempts)
        if answer is None:
            return None
        digest = answer.headers.get("Docker-Content-Digest")
        if digest:
            return digest
        # The header is optional in the specification; then the content is the proof.
        fetched = self.manifest(repository, reference)
        return fetched.digest if fetched else None

    def serves(self, repository: str, tag: str) -> bool:
        """Tell whether the manifest of the tag can be had."""
        return self.manifest(repository, tag) is not None

    def shows(self, planted: Planted) -> bool:
        if planted.kind == BLOB:
            return self.has_blob(planted.repository, planted.name)
        return super().shows(planted)

    def has_blob(self, repository: str, digest: str, attempts: int = ATTEMPTS) -> bool:
        """Tell whether the repository serves this layer or config, and not without bytes, as 2.8.2 and 3.1.1 may."""
        answer = self._read("HEAD", _blob_path(repository, digest), repository, {}, attempts=attempts)
        if answer is None or digest == EMPTY or answer.headers.get("Content-Length") != "0":
            return answer is not None
        try:
            # What is between may have answered HEAD so.
            return bool(self.blob(repository, digest, 1, attempts))
        except TooLongError:
            return True

    def blob(self, repository: str, digest: str, limit: int, attempts: int = ATTEMPTS) -> bytes | None:
        """Return a layer or config, None where it is not there; TooLongError where it is longer than `limit` bytes."""
        answer = self._read("GET", _blob_path(repository, digest), repository, {}, limit=limit, attempts=attempts)
        return None if answer is None else answer.content

    def referrers(self, repository: str, digest: str) -> list[str] | None:
        """Return the digests of the manifests whose subject this is; None where the registry has no referrers API."""
        path = f"/v2/{quoted(repository)}/referrers/{quoted(digest)}"
        scope = _scope(repository, "pull")
        pages = list(self._pages(path, scope, digests_in, headers=_ACCEPT_REFERRERS, first=""))
        return [found for page in pages for found in page] if pages else None

    def delete_manifest(self, repository: str, reference: str, digest: str | None = None) -> Answer:
        def still_ours() -> bool:
            return digest is None or self.manifest_digest(repository, reference) in (None, digest)

        path = _manifest_path(repository, reference)
        return self.request("DELETE", path, _scope(repository, "pull,delete"), may_repeat=still_ours)

    def put_blob(self, repository: str, content: bytes) -> str:
        """Upload a blob in one piece, and return its digest."""
        digest = _sha256(content)
        scope = _scope(repository, "pull,push")
        path = f"/v2/{quoted(repository)}/blobs/uploads/"
        begun = self._expect(self.request("POST", path, scope, data=b""), 202)
        upload, headers = self._upload_path(begun, digest), {"Content-Type": "application/octet-stream"}
        self._expect(self.request("PUT", upload, scope, headers=headers, data=content), 201)
        return digest

    def _upload_path(self, begun: Answer, digest: str) -> str:
        """Return path and query of the Location on our own host, for proxies write wrong ones."""
        parts = urlsplit(urljoin(begun.url, begun.headers.get("Location", "")))
        prefix = urlsplit(self.url).path
        path = parts.path[len(prefix) :] if parts.path.startswith(f"{prefix}/") else parts.path
        return f"{path}?{parts.query}{'&' if parts.query else ''}digest={quoted(digest)}"

    def put_manifest(self, repository: str, tag: str, media_type: str, content: bytes) -> str:
        """Push a manifest by tag, and return its digest. Sent once only: later the tag may be somebody else's."""
        path, headers = _manifest_path(repository, tag), {"Content-Type": media_type}
        scope = _scope(repository, "pull,push")
        self._expect(self.request("PUT", path, scope, headers=headers, data=content, attempts=1), 201)
        return _sha256(content)

    def put_nothing(self, repository: str, tag: str) -> Answer:
        """Send a manifest without bytes, which none can accept: the answer tells if it takes any (_proof/probe.py)."""
        path, headers = _manifest_path(repository, tag), {"Content-Type": MANIFEST_TYPES[-1]}
        return self.request("PUT", path, _scope(repository, "pull,push"), headers=headers, data=b"", attempts=1)

    def took_nothing(self, answer: Answer) -> bool | None:
        """Tell it: a writable registry calls it invalid; a read-only one lacks the method (seen on 2.8.2 and 3.1.1)."""
        if answer.status == 400 and "MANIFEST_INVALID" in answer.error_codes:
            return True
        if answer.status == 405 and _allowed(answer) == ["GET", "HEAD"] and not answer.error_codes:
            return False
        return None

    def _pages(
        self,
        path: str,
        scope: str,
        names_of: Callable[[Answer], list[str]],
        *,
        headers: Mapping[str, str] | None = None,
        first: str = FIRST_PAGE,
        may_be_absent: bool = True,
    ) -> Iterator[list[str]]:
        def ask(query: str) -> Answer | None:
            answer = self.request("GET", f"{path}?{query}" if query else path, scope, headers=headers)
            if answer.status == 400 and query == FIRST_PAGE:
                # More than this registry's maximum: it has a page size of its own.
                answer = self.request("GET", path, scope, headers=headers)
            return self._found(answer) if may_be_absent else self._expect(answer, 200)

        return read_pages(ask, names_of, first)

    def _read(
        self,
        method: str,
        path: str,
        repository: str,
        headers: Mapping[str, str],
        *,
        limit: int = BODY_LIMIT,
        attempts: int = ATTEMPTS,
    ) -> Answer | None:
        scope = _scope(repository, "pull")
        answer = self.request(method, path, scope, headers=headers, limit=limit, attempts=attempts)
        if method == "HEAD" and answer.status == 404 and not answer.is_registry:
            # Only the body of a GET shows whose 404 this is.
            return self._found(self.request("GET", path, scope, headers=headers, limit=limit))
        return self._found(answer)


def _manifest_path(repository: str, reference: str) -> str:
    return f"/v2/{quoted(repository)}/manifests/{quoted(reference)}"


def _blob_path(repository: str, digest: str) -> str:
    return f"/v2/{quoted(repository)}/blobs/{quoted(digest)}"


def _allowed(answer: Answer) -> list[str]:
    return sorted(word.strip().upper() for word in answer.headers.get("Allow", "").split(",") if word.strip())


def _scope(repository: str, actions: str) -> str:
    return f"repository:{repository}:{actions}"


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
