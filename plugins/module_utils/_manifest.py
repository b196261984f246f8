# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a manifest's bytes to what it refers to. Pure.

Media types: OCI image spec 1.1 ("image manifest", "image index") and Docker's schema 2.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ._errors import DoubtError
from ._graph import Manifest

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_IMAGES = (OCI_MANIFEST, DOCKER_MANIFEST)
_INDEXES = (OCI_INDEX, DOCKER_LIST)
_TYPES = {media_type: media_type for media_type in _IMAGES + _INDEXES}
_ANY_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_DAY = 86400.0


def parse_manifest(digest: str, content: bytes, digests: Dict[str, str]) -> Manifest:
    """Return what the manifest refers to. `digests` grows: every digest of all manifests once, to share memory.

    Content of an unknown media type or shape, schema 1 among them, yields `is_known=False` with every digest found in
    it. Raises DoubtError where the content is not what its digest says, or is not JSON.
    """
    _check_digest(digest, content)
    try:
        data = json.loads(content.decode())
    except ValueError as error:
        raise DoubtError(f"manifest {digest} is not JSON ({error}); nothing was changed") from error
    try:
        return _read_known(data, len(content), digests) or _read_unknown(data, content)
    except (KeyError, TypeError, AttributeError):
        return _read_unknown(data, content)


def nested_indexes(content: bytes) -> List[str]:
    """Return the digests of those children of an index that are, or may be, indexes themselves."""
    descriptors = json.loads(content).get("manifests") or []
    return [found["digest"] for found in descriptors if found.get("mediaType") not in _IMAGES]


class ImageConfig(NamedTuple):
    """What an image configuration tells; None is unknown.

    `created` is in seconds since the epoch, `platform` is `os/architecture`, or `os/architecture/variant`.
    """

    created: Optional[float] = None
    platform: Optional[str] = None


def parse_config(content: bytes) -> ImageConfig:
    """Return the date and the platform in an image configuration, as far as they are there and readable.

    Build tools stamp reproducible images 1970-01-01 (REGISTRY_FACTS.md, "API behaviour"): such a date is unknown. So is
    the platform `unknown/unknown`, which BuildKit gives to attestations.
    """
    try:
        data = json.loads(content)
    except ValueError:
        return ImageConfig()
    return ImageConfig(_created(data), _platform(data)) if isinstance(data, dict) else ImageConfig()


def parse_sizes(content: bytes) -> Dict[str, int]:
    """Return the sizes that a manifest gives for its configuration and layers, in bytes by digest.

    A layer with `urls` is left out: it lies elsewhere (OCI image spec, "Non-Distributable Layers"). Content that is not
    understood yields nothing.
    """
    try:
        data = json.loads(content)
        descriptors = [data["config"], *data["layers"]]
        return {found["digest"]: int(found["size"]) for found in descriptors if not found.get("urls")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _check_digest(digest: str, content: bytes) -> None:
    algorithm, _colon, expected = digest.partition(":")
    found = hashlib.new(algorithm, content).hexdigest()
    if found != expected:
        raise DoubtError(
            f"manifest {digest} is damaged: its {len(content)} bytes have the digest {algorithm}:{found}; "
            "nothing was changed"
        )


def _read_known(data: Dict[str, Any], size: int, digests: Dict[str, str]) -> Optional[Manifest]:
    media_type = _TYPES.get(data.get("mediaType") or _implied_media_type(data) or "")
    subject = data["subject"]["digest"] if data.get("subject") else None
    kind = data.get("artifactType")
    if media_type in _INDEXES:
        children = _share(data["manifests"], digests)
        return Manifest(media_type, size, children=children, subject=subject, artifact_type=kind)
    if media_type in _IMAGES:
        config = digests.setdefault(data["config"]["digest"], data["config"]["digest"])
        layers = _share(data["layers"], digests)
        return Manifest(media_type, size, config, layers, subject=subject, artifact_type=kind)
    return None


def _implied_media_type(data: Dict[str, Any]) -> Optional[str]:
    """OCI manifests may leave out `mediaType`; then their fields tell them apart."""
    if data.get("schemaVersion") != 2:
        return None
    if "manifests" in data:
        return OCI_INDEX
    return OCI_MANIFEST if "config" in data and "layers" in data else None


def _share(descriptors: List[Dict[str, Any]], digests: Dict[str, str]) -> Tuple[str, ...]:
    named = [descriptor["digest"] for descriptor in descriptors]
    return tuple(map(digests.setdefault, named, named))


def _read_unknown(data: Any, content: bytes) -> Manifest:
    found = tuple(sorted(set(_ANY_DIGEST.findall(json.dumps(data)))))
    fields = data if isinstance(data, dict) else {}
    media_type = str(fields.get("mediaType") or fields.get("schemaVersion") or "unknown")
    return Manifest(media_type, len(content), layers=found, children=found, is_known=False)


def _created(data: Dict[str, Any]) -> Optional[float]:
    try:
        text = data["created"]
        moment = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        created = moment.timestamp() - _offset(text[19:])
    except (ValueError, KeyError, TypeError):
        return None
    return created if created > _DAY else None


def _platform(data: Dict[str, Any]) -> Optional[str]:
    system, architecture, variant = (data.get(key) for key in ("os", "architecture", "variant"))
    if not system or not architecture or system == "unknown":
        return None
    return f"{system}/{architecture}/{variant}" if variant else f"{system}/{architecture}"


def _offset(zone: str) -> float:
    """Return the seconds east of UTC of what follows the seconds of an RFC 3339 time: a fraction, then Z or +hh:mm."""
    match = re.fullmatch(r"(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", zone)
    if not match:
        raise ValueError(zone)
    if not match.group(1):
        return 0.0
    east = int(match.group(2)) * 3600.0 + int(match.group(3)) * 60.0
    return east if match.group(1) == "+" else -east
