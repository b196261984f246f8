# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some images that a registry must be able to serve, by a short look into its storage."""

from __future__ import annotations

import json
from itertools import islice
from typing import Iterator, List, Tuple

from .._layout import _v2_paths as paths
from .._storage._base import Storage

_LINK_LIMIT = 1024
_MANIFEST_LIMIT = 4 * 1024 * 1024
_SAMPLE = 5


def readable_images(storage: Storage) -> List[Tuple[str, str]]:
    """(repository, tag) of a few tags whose manifests are there and can be served. Raises StorageError."""
    whole = ((name, tag) for name in repository_names(storage) for tag in _whole_tags(storage, name))
    return list(islice(whole, _SAMPLE))


def repository_names(storage: Storage) -> Iterator[str]:
    """Every repository, of any depth, one after the other: only as much is listed as is asked for."""
    waiting = [""]
    while waiting:
        name = waiting.pop()
        listing = storage.entries(paths.repository(name))
        below = sorted(listing.directories, reverse=True) if listing else []
        if name and not set(paths.COMPONENTS).isdisjoint(below):
            yield name
        waiting.extend(f"{name}/{one}" if name else one for one in below if not one.startswith("_"))


def _whole_tags(storage: Storage, name: str) -> Iterator[str]:
    for leaf in storage.read_leaves(paths.tags(name), "current/link", _LINK_LIMIT):
        digest = (leaf.content or b"").decode("ascii", "replace")
        if ":" in digest and _has_manifest(storage, name, digest):
            yield leaf.name


def _has_manifest(storage: Storage, name: str, digest: str) -> bool:
    """Whether it is linked and there, and no schema 1, which Distribution 3 does not serve any more."""
    link = storage.read(f"{paths.revision(name, digest)}/link", _LINK_LIMIT)
    content = storage.read(paths.blob_data(digest), _MANIFEST_LIMIT) if link and link[0] else None
    try:
        manifest = json.loads(content[0]) if content else None
    except ValueError:
        return False
    return isinstance(manifest, dict) and manifest.get("schemaVersion") == 2
