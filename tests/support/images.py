# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small real images, made on the spot: layers, configs, manifests, indexes, referrers. Nothing is pushed here."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
COSIGN_PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MANIFEST_TYPES = (DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX)


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@dataclass(frozen=True)
class Content:
    """Bytes with a media type; `algorithm` is the one they are pushed and referred to by."""

    media_type: str
    data: bytes
    algorithm: str = "sha256"

    @property
    def digest(self) -> str:
        return digest_of(self.data, self.algorithm)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        return {"mediaType": self.media_type, "size": len(self.data), "digest": self.digest, **more}


@dataclass(frozen=True)
class Image:
    """A manifest with the blobs it names (config first); an index has children instead."""

    manifest: Content
    blobs: tuple[Content, ...] = ()
    children: tuple[Image, ...] = ()
    platform: Mapping[str, str] | None = None

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def config(self) -> Content:
        return self.blobs[0]

    @property
    def layers(self) -> tuple[Content, ...]:
        return self.blobs[1:]

    @property
    def bytes(self) -> int:
        """Stored bytes of this manifest and what it names, each blob once."""
        own = {self.manifest.digest: len(self.manifest.data)}
        own.update((blob.digest, len(blob.data)) for blob in self.blobs)
        return sum(own.values()) + sum(child.bytes for child in self.children)

    def descriptor(self) -> dict[str, Any]:
        return self.manifest.descriptor(**({"platform": dict(self.platform)} if self.platform else {}))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def layer(seed: str, size: int = 200, *, media_type: str = OCI_LAYER, algorithm: str = "sha256") -> Content:
    """A gzip layer with one file; the same seed and size give the same bytes, and `size` bytes do not compress."""
    noise = b"".join(hashlib.sha256(f"{seed}/{number}".encode()).digest() for number in range(size // 32 + 1))[:size]
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w") as tar:
        member = tarfile.TarInfo(f"{seed}.bin".replace("/", "_"))
        member.size = len(noise)
        tar.addfile(member, io.BytesIO(noise))
    return Content(media_type, gzip.compress(tar_bytes.getvalue(), mtime=0), algorithm)


def config(
    layers: Iterable[Content], created: str | None, platform: Mapping[str, str] | None, media_type: str, seed: str
) -> Content:
    """An image config; `created` is RFC 3339 or None (left out)."""
    where = dict(platform or {"architecture": "amd64", "os": "linux"})
    body: dict[str, Any] = {
        **where,
        "config": {"Labels": {"seed": seed}},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(one.data)) for one in layers]},
    }
    if created is not None:
        body["created"] = created
    return Content(media_type, _json(body))


def image(
    seed: str,
    layers: Sequence[Content] | None = None,
    *,
    created: str | None = "2026-01-02T03:04:05Z",
    docker: bool = False,
    platform: Mapping[str, str] | None = None,
    subject: Image | None = None,
    artifact_type: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """An ordinary image of this seed: Docker v2 or OCI, its layers its own unless given."""
    layer_type, config_type = (DOCKER_LAYER, DOCKER_CONFIG) if docker else (OCI_LAYER, OCI_CONFIG)
    own = tuple(layers) if layers is not None else (layer(seed, media_type=layer_type),)
    image_config = config(own, created, platform, config_type, seed)
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": image_config.descriptor(),
        "layers": [one.descriptor() for one in own],
    }
    if subject is not None:
        body["subject"] = subject.manifest.descriptor()
    if artifact_type is not None:
        body["artifactType"] = artifact_type
    if annotations is not None:
        body["annotations"] = dict(annotations)
    return Image(Content(body["mediaType"], _json(body)), (image_config, *own), platform=platform)


def with_config_type(image: Image, media_type: str) -> Image:
    """The same as an artifact whose configuration is of this type."""
    own = Content(media_type, image.config.data)
    body = {**json.loads(image.manifest.data), "config": own.descriptor()}
    return Image(Content(image.manifest.media_type, _json(body)), (own, *image.layers))


AMD64 = {"architecture": "amd64", "os": "linux"}
ARM64 = {"architecture": "arm64", "os": "linux"}


def index(children: Sequence[Image], *, docker: bool = False, annotations: Mapping[str, str] | None = None) -> Image:
    """An index (or Docker manifest list) of these images."""
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if docker else OCI_INDEX,
        "manifests": [child.descriptor() for child in children],
    }
    if annotations is not None:
        body["annotations"] = dict(annotations)
    return Image(Content(body["mediaType"], _json(body)), children=tuple(children))


def multi_platform(seed: str, *, docker: bool = False, created: str | None = "2026-01-02T03:04:05Z") -> Image:
    """An index of an amd64 and an arm64 image."""
    platforms = (AMD64, ARM64)
    children = [image(f"{seed}-{p['architecture']}", docker=docker, platform=p, created=created) for p in platforms]
    return index(children, docker=docker)


def signature(subject: Image, seed: str = "signature") -> Image:
    """What cosign stores as `sha256-<hex>.sig`: an image whose layer is the signed payload."""
    claim = {"critical": {"image": {"docker-manifest-digest": subject.digest}, "type": seed}, "optional": None}
    payload = Content(COSIGN_PAYLOAD, _json(claim))
    image_config = Content(OCI_CONFIG, _json({"architecture": "", "os": "", "created": "0001-01-01T00:00:00Z"}))
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": image_config.descriptor(),
        "layers": [payload.descriptor(annotations={"dev.cosignproject.cosign/signature": "dGVzdA=="})],
    }
    return Image(Content(OCI_MANIFEST, _json(body)), (image_config, payload))


def referrer(subject: Image, seed: str, artifact_type: str = "application/vnd.example.sbom.v1+json") -> Image:
    """An artifact with a `subject`, as `oras attach` makes it: empty config, one blob."""
    empty = Content(OCI_EMPTY, b"{}")
    payload = Content(artifact_type, _json({"sbom": seed}))
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": empty.descriptor(),
        "layers": [payload.descriptor()],
        "subject": subject.manifest.descriptor(),
    }
    return Image(Content(OCI_MANIFEST, _json(body)), (empty, payload))


def fallback_tag(subject: Image, suffix: str = "") -> str:
    """`sha256-<hex>`, and with suffix `.sig`, `.att`, `.sbom` cosign's tags."""
    return subject.digest.replace(":", "-") + suffix


def write_oci_layout(directory: Path, tagged: Mapping[str, Image]) -> Path:
    """An OCI image layout on disk, for skopeo's `oci:DIRECTORY:TAG`."""
    entries = []
    for tag, one in tagged.items():
        _write_image(directory, one)
        entries.append({**one.descriptor(), "annotations": {"org.opencontainers.image.ref.name": tag}})
    (directory / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (directory / "index.json").write_bytes(_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}))
    return directory


def _write_image(directory: Path, one: Image) -> None:
    for content in (one.manifest, *one.blobs):
        algorithm, name = content.digest.split(":")
        path = directory / "blobs" / algorithm / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)
    for child in one.children:
        _write_image(directory, child)
