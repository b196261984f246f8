# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "pulls" means: every kept tag and digest over the registry's API, index children, referrers, configs and
layers, every byte held against its digest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping

import requests

from support.images import MANIFEST_TYPES, digest_of
from support.registries import Registry

TIMEOUT = 30
COSIGN_SUFFIXES = ("", ".sig", ".att", ".sbom")


@dataclass
class RepositoryExpectation:
    """tag -> digest, manifest digests, and blob digest -> size."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: set[str] = field(default_factory=set)
    blobs: dict[str, int] = field(default_factory=dict)


Expectation = dict[str, RepositoryExpectation]


class Puller:
    """Reads manifests and blobs of one registry and holds each against its digest."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.session = registry.session()
        self.session.headers["Accept"] = ", ".join(MANIFEST_TYPES)

    def manifest(self, repository: str, reference: str) -> tuple[str, dict[str, Any]] | None:
        """(digest, manifest), or None where the registry has none; AssertionError on anything else."""
        answer = self._get(f"/v2/{repository}/manifests/{reference}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, f"{answer.url} answered {answer.status_code}: {answer.text[:300]}"
        digest = answer.headers["Docker-Content-Digest"]
        if ":" in reference:
            assert digest == reference, f"{answer.url} answered with {digest}"
        manifest = answer.json()
        if manifest.get("schemaVersion") != 1:  # its digest is that of the payload without the signatures
            _assert_bytes(answer, digest)
        return digest, manifest

    def blob(self, repository: str, digest: str) -> int | None:
        """Its size, every byte read and hashed; None where the registry has none."""
        answer = self._get(f"/v2/{repository}/blobs/{digest}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, f"{answer.url} answered {answer.status_code}: {answer.text[:300]}"
        _assert_bytes(answer, digest)
        return len(answer.content)

    def _get(self, path: str) -> requests.Response:
        return self.session.get(self.registry.url + path, timeout=TIMEOUT)


def _assert_bytes(answer: requests.Response, digest: str) -> None:
    algorithm = digest.partition(":")[0]
    assert digest_of(answer.content, algorithm) == digest, f"{answer.url}: the bytes do not match the digest"


def references_of(manifest: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(digests of child manifests, digests of blobs) that a manifest names; `subject` is no reference downwards."""
    children = [one["digest"] for one in manifest.get("manifests") or []]
    blobs = [one["digest"] for one in manifest.get("layers") or []]
    blobs += [one["blobSum"] for one in manifest.get("fsLayers") or []]
    if "config" in manifest:
        blobs.append(manifest["config"]["digest"])
    return children, blobs


def capture(registry: Registry, references: Mapping[str, Iterable[str]]) -> Expectation:
    """Everything reachable now from these tags and digests: {repository: [tag or digest, ...]}.

    Cosign and fallback tags of everything met are followed too; a referrer that only its `subject` ties to an image is
    given by digest (Distribution has no referrers API to find it by). A named reference must exist; what an index
    or manifest names and the registry does not have (a sparse index) is not expected later either.
    """
    puller = Puller(registry)
    expectation: Expectation = {}
    for repository, wanted in references.items():
        one = expectation.setdefault(repository, RepositoryExpectation())
        for reference in wanted:
            digest = _follow(puller, repository, reference, one)
            assert digest, f"{repository}:{reference} is not there to begin with"
    return expectation


def _follow(puller: Puller, repository: str, reference: str, into: RepositoryExpectation) -> str | None:
    found = puller.manifest(repository, reference)
    if found is None:
        return None
    digest, manifest = found
    if ":" not in reference:
        into.tags[reference] = digest
    if digest in into.manifests:
        return digest
    into.manifests.add(digest)
    children, blobs = references_of(manifest)
    for blob in blobs:
        size = puller.blob(repository, blob)
        if size is not None:
            into.blobs[blob] = size
    for child in children:
        _follow(puller, repository, child, into)
    for suffix in COSIGN_SUFFIXES:
        _follow(puller, repository, digest.replace(":", "-") + suffix, into)
    return digest


def assert_pulls(registry: Registry, expectation: Expectation) -> None:
    """Everything in `expectation` pulls: the same tags on the same digests, every manifest, every blob, every byte."""
    lost = list(_losses(registry, expectation))
    assert not lost, "no longer pulls: " + "; ".join(lost)


def _losses(registry: Registry, expectation: Expectation) -> Iterator[str]:
    puller = Puller(registry)
    for repository, one in expectation.items():
        for tag, digest in one.tags.items():
            found = puller.manifest(repository, tag)
            if found is None or found[0] != digest:
                yield f"{repository}:{tag} is {found[0] if found else 'gone'}, was {digest}"
        for digest in sorted(one.manifests):
            if puller.manifest(repository, digest) is None:
                yield f"manifest {repository}@{digest}"
        for digest, size in one.blobs.items():
            if puller.blob(repository, digest) != size:
                yield f"blob {repository}@{digest}"


def assert_whole(registry: Registry, repository: str, references: Iterable[str]) -> None:
    """Every one of these tags or digests pulls with all that it names: nothing dangles."""
    puller = Puller(registry)
    lost = [one for reference in references for one in _dangling(puller, repository, reference)]
    assert not lost, f"dangling in {repository}: " + "; ".join(lost)


def _dangling(puller: Puller, repository: str, reference: str) -> Iterator[str]:
    found = puller.manifest(repository, reference)
    if found is None:
        yield f"manifest {reference}"
        return
    children, blobs = references_of(found[1])
    yield from (f"blob {blob} of {reference}" for blob in blobs if puller.blob(repository, blob) is None)
    for child in children:
        yield from _dangling(puller, repository, child)


def exists(registry: Registry, repository: str, reference: str) -> bool:
    """Whether a tag or a manifest's digest answers."""
    return Puller(registry).manifest(repository, reference) is not None


def blob_exists(registry: Registry, repository: str, digest: str) -> bool:
    return Puller(registry).blob(repository, digest) is not None


def catalogue(registry: Registry) -> list[str]:
    """Repository names as the registry lists them (first 1,000)."""
    answer = registry.session().get(f"{registry.url}/v2/_catalog", params={"n": "1000"}, timeout=TIMEOUT)
    if answer.status_code == 404:
        return []
    answer.raise_for_status()
    names: list[str] = json.loads(answer.content)["repositories"] or []
    return names
