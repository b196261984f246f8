# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: everything that goes, and what that follows from. A pure value with a canonical serialisation and an id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from .._graph.graph import Debris, Tag, Weight
from .._retention.rules import Decision

_BATCH = 1000
quote = json.encoder.encode_basestring
to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


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

    tags: Dict[str, Tag] = field(default_factory=dict)
    manifests: Dict[str, float] = field(default_factory=dict)
    layer_links: Dict[str, float] = field(default_factory=dict)
    uploads: Dict[str, Weight] = field(default_factory=dict)
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

    repositories: Dict[str, RepositoryRemoval] = field(default_factory=dict)
    blobs: Dict[str, Weight] = field(default_factory=dict)
    debris: Dict[str, Debris] = field(default_factory=dict)
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


@dataclass(frozen=True)
class Plan:
    """What a run does.

    `source` says where, `options` what was asked for, `now` (seconds) when it was made; `decisions` explain the tags.
    The id covers source, options and objects with absolute times, never reasons, ages or `now`: the same store and the
    same options give the same id tomorrow. What is beyond it in a plan file, a checksum covers (_plan/file.py).
    """

    source: Dict[str, str]
    options: Dict[str, Any]
    now: float
    removal: Removal
    decisions: Dict[str, List[Decision]]

    @cached_property
    def id(self) -> str:
        """Return `sha256:<hex>` of the canonical serialisation."""
        digest = hashlib.sha256()
        for text in covered_by_id(self):
            digest.update(text.encode("utf-8", "surrogateescape"))
        return f"sha256:{digest.hexdigest()}"


def covered_by_id(plan: Plan) -> Iterator[str]:
    """Yield the canonical text of what the id covers, piece by piece: the whole would take much memory."""
    removal = plan.removal
    yield f'"source": {to_json(plan.source)},\n"options": {to_json(plan.options)},\n"repositories": {{'
    separator = "\n"
    for name, gone in sorted(removal.repositories.items()):
        yield f"{separator}{quote(name)}: {{"
        yield from _repository(gone)
        separator = ",\n"
    yield "},\n"
    blobs = (f'"{digest}": {_weight(removal.blobs[digest])}' for digest in sorted(removal.blobs))
    yield from json_object("blobs", blobs)
    yield ",\n"
    debris = (f"{quote(path)}: {to_json(found)}" for path, found in sorted(removal.debris.items()))
    yield from json_object("debris", debris)


def _repository(gone: RepositoryRemoval) -> Iterator[str]:
    tags = {tag.name: [tag.digest, tag.pushed] for tag in gone.tags.values()}
    for kind, links in (("manifests", gone.manifests), ("layer_links", gone.layer_links)):
        yield from json_object(kind, (f'"{digest}": {links[digest]!r}' for digest in sorted(links)))
        yield ",\n"
    uploads = {name: list(upload) for name, upload in gone.uploads.items()}
    yield f'"tags": {to_json(tags)},\n"uploads": {to_json(uploads)},\n'
    yield f'"is_removed": {to_json(gone.is_removed)}}}'


def _weight(blob: Weight) -> str:
    return f"[{blob.size},{blob.modified!r}]"


def json_object(name: str, members: Iterator[str]) -> Iterator[str]:
    """Yield the JSON of an object whose members are JSON already, many of them at a time."""
    yield f"{quote(name)}: {{"
    separator = "\n"
    for batch in iter(lambda: ",\n".join(islice(members, _BATCH)), ""):
        yield separator + batch
        separator = ",\n"
    yield "}"


class Drift(NamedTuple):
    """Something that a plan named and that is left alone, because it changed since the plan was made."""

    repository: Optional[str]
    kind: str
    name: str
    why: str
