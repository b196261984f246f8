# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes, as plain data: per repository, the blobs by digest, the debris by path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .._basics.weight import Weight
from .graph import Debris, Tag


class Counts(NamedTuple):
    """How much of each kind; `bytes` is the space that blobs, uploads and debris take."""

    tags: int = 0
    manifests: int = 0
    layer_links: int = 0
    blobs: int = 0
    uploads: int = 0
    debris: int = 0
    repositories: int = 0
    bytes: int = 0

    def is_nothing(self) -> bool:
        """Tell whether nothing is counted."""
        return not any(self)


@dataclass
class RepositoryRemoval:
    """What goes from one repository. Times are those of the links, in seconds since the epoch.

    `tags` are all tags that go, those that belong to a subject by their name included. `is_removed` says that nothing
    is left.
    """

    tags: dict[str, Tag] = field(default_factory=dict)
    manifests: dict[str, float] = field(default_factory=dict)
    layer_links: dict[str, float] = field(default_factory=dict)
    uploads: dict[str, Weight] = field(default_factory=dict)
    is_removed: bool = False

    def covers(self, other: RepositoryRemoval) -> bool:
        """Tell whether everything that goes with `other` goes with this one too."""
        return (
            other.tags.keys() <= self.tags.keys()
            and other.manifests.keys() <= self.manifests.keys()
            and other.layer_links.keys() <= self.layer_links.keys()
            and other.uploads.keys() <= self.uploads.keys()
            and other.is_removed <= self.is_removed
        )

    def is_nothing(self) -> bool:
        """Tell whether nothing goes."""
        return not (self.tags or self.manifests or self.layer_links or self.uploads or self.is_removed)


@dataclass
class Removal:
    """Everything that goes: per repository, the blobs by digest, the debris by path.

    `left_untagged` counts the manifests that lose their last tag and stay, where they are not ours to delete.
    """

    repositories: dict[str, RepositoryRemoval] = field(default_factory=dict)
    blobs: dict[str, Weight] = field(default_factory=dict)
    debris: dict[str, Debris] = field(default_factory=dict)
    left_untagged: int = field(default=0, compare=False)

    def covers(self, other: Removal) -> bool:
        """Tell whether everything that goes with `other` goes with this one too."""
        nothing = RepositoryRemoval()
        return (
            other.blobs.keys() <= self.blobs.keys()
            and other.debris.keys() <= self.debris.keys()
            and all(self.repositories.get(name, nothing).covers(gone) for name, gone in other.repositories.items())
        )

    def counts(self) -> Counts:
        """Return how much goes."""
        repositories = self.repositories.values()
        uploads = [upload.size for repository in repositories for upload in repository.uploads.values()]
        return Counts(
            tags=sum(len(repository.tags) for repository in repositories),
            manifests=sum(len(repository.manifests) for repository in repositories),
            layer_links=sum(len(repository.layer_links) for repository in repositories),
            blobs=len(self.blobs),
            uploads=len(uploads),
            debris=len(self.debris),
            repositories=sum(repository.is_removed for repository in repositories),
            bytes=sum(blob.size for blob in self.blobs.values())
            + sum(uploads)
            + sum(debris.size for debris in self.debris.values()),
        )
