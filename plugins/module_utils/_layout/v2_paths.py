# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the v2 layout puts things, relative to `docker/registry/v2` (docs/registry_facts.md#v2-storage-layout)."""

from __future__ import annotations

BLOBS = "blobs"
REPOSITORIES = "repositories"
#: The reserved directories of a repository; one of them makes a directory a repository.
COMPONENTS = ("_layers", "_manifests", "_uploads")


def _split(digest: str) -> str:
    return digest.replace(":", "/", 1)


def blob(digest: str) -> str:
    algorithm, _colon, name = digest.partition(":")
    return f"{BLOBS}/{algorithm}/{name[:2]}/{name}"


def blobs_of(digest: str) -> str:
    """Return the directory of all blobs of the digest's algorithm."""
    return f"{BLOBS}/{digest.partition(':')[0]}"


def top_of(path: str) -> str:
    """Return the directory that stays even if nothing is left in it."""
    return "/".join(path.split("/")[: 2 if path.startswith(f"{BLOBS}/") else 1])


def blob_data(digest: str) -> str:
    return f"{blob(digest)}/data"


def repository(name: str) -> str:
    return f"{REPOSITORIES}/{name}" if name else REPOSITORIES


def layers(name: str) -> str:
    return f"{REPOSITORIES}/{name}/_layers"


def layer_link(name: str, digest: str) -> str:
    return f"{layers(name)}/{_split(digest)}"


def revisions(name: str) -> str:
    return f"{REPOSITORIES}/{name}/_manifests/revisions"


def revision(name: str, digest: str) -> str:
    return f"{revisions(name)}/{_split(digest)}"


def tags(name: str) -> str:
    return f"{REPOSITORIES}/{name}/_manifests/tags"


def tag(name: str, tag_name: str) -> str:
    return f"{tags(name)}/{tag_name}"


def tag_current(name: str, tag_name: str) -> str:
    return f"{tag(name, tag_name)}/current"


def tag_index(name: str, tag_name: str) -> str:
    return f"{tag(name, tag_name)}/index"


def uploads(name: str) -> str:
    return f"{REPOSITORIES}/{name}/_uploads"


def upload(name: str, upload_id: str) -> str:
    return f"{uploads(name)}/{upload_id}"
