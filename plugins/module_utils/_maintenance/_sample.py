# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some image that a registry must be able to serve, by a short look into its storage."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from .._layout import _v2_paths as paths
from .._storage._base import Storage

_LINK_LIMIT = 1024


def readable_image(storage: Storage) -> Optional[Tuple[str, str]]:
    """(repository, tag) of the first tag whose manifest is all there; None where there is none. Raises StorageError."""
    return next(((name, tag) for name in repository_names(storage) for tag in _whole_tags(storage, name)), None)


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
    """Whether the revision is linked and its content there and not empty."""
    link = storage.read(f"{paths.revision(name, digest)}/link", _LINK_LIMIT)
    content = storage.read(paths.blob_data(digest), 1)
    return bool(link and link[0] and content and content[0])
