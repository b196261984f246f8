# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image of the old v1 registry is based on, from its `ancestry` and its `json`. Pure.

`ancestry` begins with the image itself and ends with its root; `json` names the `parent`
(docs/registry_facts.md#v1-storage-layout). Where the two don't say the same, the image may be based on all that they
name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .graph import Manifest
from .manifest import ImageConfig, parse_config
from .strict_json import NotUnderstoodError, read_json, require_object

#: docker-registry 0.9.1, toolkit.py.
is_image_id = re.compile(r"[0-9a-f]{16}|[0-9a-f]{64}").fullmatch
MEDIA_TYPE = "v1 image"
UPLOADING = f"{MEDIA_TYPE}, still being uploaded"
_FIELDS = frozenset({"id", "parent"})


class V1Image(NamedTuple):
    """An image: as a manifest whose children are its ancestors, the nearest first.

    `problem` says why it is kept whatever refers to it, None where it is sound. `has_unknown_base` is True where
    neither of its files tells what it is based on.
    """

    manifest: Manifest
    config: ImageConfig
    problem: str | None = None
    has_unknown_base: bool = False


class Files(NamedTuple):
    """What lies in an image's directory; None where a file is missing."""

    json: bytes | None
    ancestry: bytes | None
    is_uploading: bool


def parse_image(image: str, files: Files, size: int, digests: dict[str, str]) -> V1Image:
    """Return the image. `digests` grows: every id of all images once, to share memory. `size` is in bytes."""
    ancestors, parents = _ancestors(image, files.ancestry), _parents(image, files.json)
    named = dict.fromkeys((*(ancestors or ()), *(parents or ())))
    children = tuple(digests.setdefault(name, name) for name in named if name != image)
    problem = _problem(ancestors, parents)
    kind = UPLOADING if files.is_uploading else f"{MEDIA_TYPE}, damaged" if problem else MEDIA_TYPE
    manifest = Manifest(kind, size, children=children, is_known=kind == MEDIA_TYPE)
    config = parse_config(files.json) if files.json else ImageConfig()
    return V1Image(manifest, config, problem, has_unknown_base=ancestors is None and parents is None)


def bases_in(image: str, ancestry: bytes) -> list[str]:
    """Return what an `ancestry` says that the image is based on; nothing where it can't be understood."""
    return _ancestors(image, ancestry) or []


def as_damaged(manifest: Manifest, children: tuple[str, ...]) -> Manifest:
    """Return the manifest as one that is not understood and may refer to all these."""
    kind = manifest.media_type if manifest.media_type == UPLOADING else f"{MEDIA_TYPE}, damaged"
    return manifest._replace(media_type=kind, children=children, is_known=False)


def _problem(ancestors: list[str] | None, parents: list[str] | None) -> str | None:
    if ancestors is None or parents is None:
        missing = [name for name, found in (("ancestry", ancestors), ("json", parents)) if found is None]
        return f"its {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing or broken"
    return None if ancestors[:1] == parents else "its ancestry and its json don't name the same parent"


def _ancestors(image: str, content: bytes | None) -> list[str] | None:
    """Return what the `ancestry` names after the image itself; None where that is not what stands there."""
    try:
        named = read_json(content or b"")
    except NotUnderstoodError:
        return None
    if not isinstance(named, list) or named[:1] != [image] or not all(map(_is_id, named)):
        return None
    return named[1:] if len(set(named)) == len(named) else None


def _parents(image: str, content: bytes | None) -> list[str] | None:
    """Return the `parent` that the `json` names, as a list of one or none; None where it can't be read."""
    try:
        said = require_object(read_json(content or b""), _FIELDS)
    except NotUnderstoodError:
        return None
    if said.get("id", image) != image:
        return None
    parent = said.get("parent")
    if not parent:
        return []
    return [parent] if _is_id(parent) and parent != image else None


def _is_id(name: object) -> bool:
    return isinstance(name, str) and is_image_id(name) is not None
