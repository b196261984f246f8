# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a manifest's bytes to what it refers to. Pure.

Media types: OCI image spec 1.1 ("image manifest", "image index") and Docker's schema 2.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .graph import Manifest
from .strict_json import NotUnderstoodError, find_digests, read_json, require_object

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_IMAGES = (OCI_MANIFEST, DOCKER_MANIFEST)
_INDEXES = (OCI_INDEX, DOCKER_LIST)
_IMAGE_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_TYPES = {media_type: media_type for media_type in _IMAGES + _INDEXES}
_MANIFEST_FIELDS = frozenset({"schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject"})
_DESCRIPTOR_FIELDS = frozenset({"mediaType", "digest"})
_DATE = "org.opencontainers.image.created"
_DATE_FIELDS = frozenset({_DATE})
_CONFIG_FIELDS = frozenset({"created", "os", "architecture", "variant"})
# OCI image spec, "Digests"; registries know three algorithms.
_is_digest = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,128}").fullmatch
_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_LONGEST_NAME = 120
#: 2013-01-01, the year of the first container image: what is dated before has no date.
FIRST_DAY = 1356998400.0
_YEAR_10000 = 253402300800.0


def parse_manifest(digest: str, content: bytes, digests: dict[str, str]) -> Manifest:
    """Return what the manifest refers to. `digests` grows: every digest of all manifests once, to share memory.

    Raises nothing, whatever the content. What is not understood (an unknown media type or shape, schema 1, JSON that
    others may read in another way, no JSON at all) yields `is_known=False` with every digest that is found in the
    bytes. So does content that is not what the digest says, and that has its `damage` named.
    """
    damage = _damage(digest, content)
    if damage is not None:
        return _not_understood("unknown, damaged", content)._replace(damage=damage)
    try:
        data = read_json(content)
    except NotUnderstoodError as error:
        return _not_understood(f"unknown, {error}", content)
    try:
        return _read_known(data, len(content), digests)
    except NotUnderstoodError as error:
        return _not_understood(_describe(data, str(error)), content)


def claimed_types(content: bytes) -> dict[str, Any]:
    """Return what a known index says that its children are, by digest: media types, which nobody has checked."""
    return {found["digest"]: found.get("mediaType") for found in read_json(content)["manifests"]}


def is_image_type(media_type: object) -> bool:
    """Tell whether this is the media type of an image, which has no children."""
    return media_type in _IMAGES


def is_manifest_type(media_type: object) -> bool:
    """Tell whether this is the media type of a manifest, and not that of a layer or of something unknown."""
    return media_type in _IMAGES or media_type in _INDEXES


class ImageConfig(NamedTuple):
    """What an image configuration tells; None is unknown.

    `created` is in seconds since the epoch, `platform` is `os/architecture`, or `os/architecture/variant`.
    """

    created: float | None = None
    platform: str | None = None


def parse_config(content: bytes) -> ImageConfig:
    """Return the date and the platform in an image configuration, as far as they are there and readable.

    Raises nothing, whatever the content. Build tools stamp reproducible images 1970-01-01 or 1980-01-01
    (docs/doubt.md#times): such a date is unknown. So is the platform `unknown/unknown`, which BuildKit gives to
    attestations.
    """
    try:
        data = require_object(read_json(content), _CONFIG_FIELDS)
    except NotUnderstoodError:
        return ImageConfig()
    return ImageConfig(_date(data.get("created")), _platform(data))


def parse_sizes(content: bytes) -> dict[str, int]:
    """Return the sizes that a manifest gives for its configuration and layers, in bytes by digest.

    A layer with `urls` is left out: it lies elsewhere (OCI image spec, "Non-Distributable Layers"). Content that is not
    understood yields nothing.
    """
    try:
        data = require_object(read_json(content), _MANIFEST_FIELDS)
        descriptors = [data.get("config"), *_list_in(data, "layers")]
        return {_digest_of(found): _size_of(found) for found in descriptors if not found or not found.get("urls")}
    except (NotUnderstoodError, AttributeError):
        return {}


def _damage(digest: str, content: bytes) -> str | None:
    """Return in words what is wrong with the content, None where it is what its digest says."""
    if not content:
        return "has no content"
    algorithm, _colon, expected = digest.partition(":")
    if algorithm not in _HASHES:
        return f"has {len(content)} bytes and a digest that can't be checked"
    found = _HASHES[algorithm](content).hexdigest()
    return None if found == expected else f"is damaged: its {len(content)} bytes have the digest {algorithm}:{found}"


def _read_known(data: Any, size: int, digests: dict[str, str]) -> Manifest:
    data = require_object(data, _MANIFEST_FIELDS)
    media_type = _media_type(data)
    subject = None if data.get("subject") in (None, {}) else _share([data["subject"]], digests)[0]
    kind = data.get("artifactType")
    if kind is not None and not isinstance(kind, str):
        raise NotUnderstoodError("an artifactType that is no text")
    if media_type in _INDEXES:
        children = _share(_list_in(data, "manifests"), digests)
        date = _annotated(data)
        return Manifest(media_type, size, children=children, subject=subject, artifact_type=kind, created=date)
    config, *layers = _share([data.get("config"), *_list_in(data, "layers")], digests)
    # The annotations of an image can be those of its base (podman build --inherit-annotations).
    date = None if data["config"].get("mediaType") in (None, *_IMAGE_CONFIGS) else _annotated(data)
    # What is pushed without its content (OCI image spec, "Non-Distributable Layers").
    elsewhere = tuple(layer for layer, found in zip(layers, _list_in(data, "layers")) if found.get("urls"))
    return Manifest(
        media_type,
        size,
        config,
        tuple(layers),
        subject=subject,
        artifact_type=kind,
        created=date,
        content_size=_content_size([data["config"], *data["layers"]]),
        elsewhere=elsewhere,
    )


def _content_size(descriptors: list[dict[str, Any]]) -> int | None:
    """Return how many bytes all of these say to have that have to be here, None where one does not say it."""
    try:
        return sum(_size_of(found) for found in descriptors if not found.get("urls"))
    except NotUnderstoodError:
        return None


def _media_type(data: dict[str, Any]) -> str:
    """Return which of the known kinds it is. Raises NotUnderstoodError where it is none, or of two kinds at once."""
    named = data.get("mediaType") or _implied_media_type(data)
    media_type = _TYPES.get(named) if isinstance(named, str) else None
    if media_type is None:
        raise NotUnderstoodError("")
    # CVE-2021-41190: what is an image to one reader is an index to another.
    if ("config" in data or "layers" in data) if media_type in _INDEXES else "manifests" in data:
        raise NotUnderstoodError("image and index at once")
    return media_type


def _implied_media_type(data: dict[str, Any]) -> str | None:
    """Return what a manifest is that leaves out `mediaType`, as OCI ones may: their fields tell them apart."""
    if data.get("schemaVersion") != 2:
        return None
    if "manifests" in data:
        return OCI_INDEX
    return OCI_MANIFEST if "config" in data and "layers" in data else None


def _share(descriptors: list[Any], digests: dict[str, str]) -> tuple[str, ...]:
    named = [_digest_of(descriptor) for descriptor in descriptors]
    return tuple(map(digests.setdefault, named, named))


def _list_in(data: dict[str, Any], field: str) -> list[Any]:
    found = data.get(field)
    if not isinstance(found, list):
        raise NotUnderstoodError(f"no list of {field}")
    return found


def _digest_of(descriptor: Any) -> str:
    digest = require_object(descriptor, _DESCRIPTOR_FIELDS).get("digest")
    if not isinstance(digest, str) or not _is_digest(digest):
        raise NotUnderstoodError("a digest that is none")
    return digest


def _size_of(descriptor: dict[str, Any]) -> int:
    size = descriptor.get("size")
    if not isinstance(size, int) or size < 0:
        raise NotUnderstoodError("a size that is none")
    return size


def _not_understood(media_type: str, content: bytes) -> Manifest:
    found = find_digests(content)
    return Manifest(media_type, len(content), layers=found, children=found, is_known=False)


def _describe(data: Any, problem: str) -> str:
    """Return what somebody who reads a warning may call it: its own media type, and what was not understood."""
    fields = data if isinstance(data, dict) else {}
    named = fields.get("mediaType") or fields.get("schemaVersion")
    is_short = isinstance(named, (str, int)) and len(str(named)) <= _LONGEST_NAME and str(named).isprintable()
    return ", ".join(filter(None, (str(named) if is_short else "unknown", problem)))


def _annotated(data: dict[str, Any]) -> float | None:
    """Return the date in the annotations (OCI image spec, "Pre-Defined Annotation Keys"), None where there is none."""
    try:
        return _date(require_object(data.get("annotations"), _DATE_FIELDS).get(_DATE))
    except NotUnderstoodError:
        return None


def _date(text: Any) -> float | None:
    """Return the seconds since the epoch of an RFC 3339 time, None where it is none or can't be that of an image."""
    try:
        moment = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        created = moment.timestamp() - _offset(text[19:])
    except (ValueError, KeyError, TypeError):
        return None
    # West of Greenwich the last hours of the year 9999 are in one that no calendar here has.
    return created if FIRST_DAY <= created < _YEAR_10000 else None


def _platform(data: dict[str, Any]) -> str | None:
    named = [data.get(key) or "" for key in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) for part in named) or not named[0] or not named[1] or named[0] == "unknown":
        return None
    return "/".join(filter(None, named))


def _offset(zone: str) -> float:
    """Return the seconds east of UTC of what follows the seconds of an RFC 3339 time: a fraction, then Z or +hh:mm."""
    match = re.fullmatch(r"(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", zone)
    if not match:
        raise ValueError(zone)
    if not match.group(1):
        return 0.0
    east = int(match.group(2)) * 3600.0 + int(match.group(3)) * 60.0
    return east if match.group(1) == "+" else -east
