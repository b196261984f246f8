# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushing to a real registry: over its API where skopeo can't make the thing, with skopeo for the ordinary."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import requests

from support import images
from support.images import Content, Image, digest_of, write_oci_layout
from support.registries import Registry

TIMEOUT = 30


class PushError(RuntimeError):
    """The registry did not take what was pushed."""


def _expect(answer: requests.Response, *statuses: int) -> requests.Response:
    if answer.status_code not in statuses:
        request = answer.request
        message = f"{request.method} {request.url} answered {answer.status_code}: {answer.text[:500]}"
        raise PushError(message)
    return answer


def takes_pushes(registry: Registry) -> bool:
    """Whether a new image can be pushed now; if so, it is there as `team/app:pushed`."""
    try:
        push(registry, "team/app", images.image(os.urandom(4).hex()), "pushed")
    except PushError:
        return False
    return True


class Repository:
    """One repository of a running registry, by name."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry = registry
        self.name = name
        self.session = registry.session()

    @property
    def base(self) -> str:
        return f"{self.registry.url}/v2/{self.name}"

    def push(self, image: Image, *tags: str) -> str:
        """Push with everything it names; untagged where no tag is given. Returns the digest."""
        for child in image.children:
            self.push(child)
        for blob in image.blobs:
            self.push_blob(blob)
        for reference in tags or (image.digest,):
            self.push_manifest(image.manifest, reference)
        return image.digest

    def push_blob(self, blob: Content) -> None:
        """One upload in one piece; also where the registry has the blob already (as a re-push without HEAD)."""
        location = self.start_upload()
        body = self.session.put(
            location,
            params={"digest": blob.digest},
            data=blob.data,
            headers={"Content-Type": "application/octet-stream"},
            timeout=TIMEOUT,
        )
        _expect(body, 201)

    def mount_blob(self, blob: Content, source: str) -> None:
        """Mount from another repository, as clients do for shared layers."""
        wanted = {"mount": blob.digest, "from": source}
        _expect(self.session.post(f"{self.base}/blobs/uploads/", params=wanted, timeout=TIMEOUT), 201)

    def start_upload(self) -> str:
        """The address of a new upload."""
        answer = _expect(self.session.post(f"{self.base}/blobs/uploads/", timeout=TIMEOUT), 202)
        location = answer.headers["Location"]
        return location if urlsplit(location).netloc else self.registry.url + location

    def abandon_upload(self, data: bytes = b"half of a layer") -> str:
        """Begin an upload, send some bytes, go away. Returns its uuid."""
        answer = self.session.patch(
            self.start_upload(), data=data, headers={"Content-Type": "application/octet-stream"}, timeout=TIMEOUT
        )
        return _expect(answer, 202).headers["Docker-Upload-UUID"]

    def push_manifest(self, manifest: Content, reference: str) -> None:
        answer = self.session.put(
            f"{self.base}/manifests/{reference}",
            data=manifest.data,
            headers={"Content-Type": manifest.media_type},
            timeout=TIMEOUT,
        )
        _expect(answer, 201)

    def delete_manifest(self, digest: str) -> None:
        """Over the API, which must have deletion enabled."""
        _expect(self.session.delete(f"{self.base}/manifests/{digest}", timeout=TIMEOUT), 202)

    def tags(self) -> list[str]:
        """Every tag the registry lists, page by page."""
        url, found = f"{self.base}/tags/list", list[str]()
        while url:
            answer = self.session.get(url, timeout=TIMEOUT)
            if answer.status_code == 404:
                return []
            found += _expect(answer, 200).json()["tags"] or []
            following = answer.links.get("next", {}).get("url", "")
            url = following if urlsplit(following).netloc or not following else self.registry.url + following
        return found


def push(registry: Registry, repository: str, image: Image, *tags: str) -> str:
    """`Repository.push` in one call."""
    return Repository(registry, repository).push(image, *tags)


def skopeo(*arguments: str) -> str:
    """What skopeo prints; PushError with its message when it fails."""
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"skopeo {' '.join(arguments)} failed: {done.stderr.strip()}"
        raise PushError(message)
    return done.stdout


def _skopeo_copy(source: str, destination: str, *options: str) -> None:
    # No signature policy is installed on every machine; these images are the tests' own.
    skopeo("--insecure-policy", "copy", "--all", *options, source, destination)


def skopeo_push(registry: Registry, repository: str, tag: str, image: Image, workspace: Path) -> None:
    """Push with skopeo from an OCI layout made in `workspace`; the digest stays as it is."""
    layout = write_oci_layout(workspace / image.digest.split(":")[1][:12], {tag: image})
    target = f"docker://{registry.host}/{repository}:{tag}"
    _skopeo_copy(f"oci:{layout}:{tag}", target, "--preserve-digests", "--dest-tls-verify=false")


def skopeo_pull(registry: Registry, repository: str, reference: str, destination: Path) -> str:
    """Pull every platform with skopeo into `destination` (`dir:`); returns the digest of what came."""
    separator = "@" if reference.startswith("sha") and ":" in reference else ":"
    source = f"docker://{registry.host}/{repository}{separator}{reference}"
    destination.mkdir(parents=True, exist_ok=True)
    _skopeo_copy(source, f"dir:{destination}", "--src-tls-verify=false")
    return digest_of((destination / "manifest.json").read_bytes())
