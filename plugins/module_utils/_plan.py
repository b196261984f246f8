# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: everything that goes, and what that follows from. A pure value with a canonical serialisation and an id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ._errors import PlanError
from ._graph import Blob, Debris, Tag, Weight
from ._retention import Decision

FORMAT = "drydock.registry/plan/1"


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

    def is_nothing(self) -> bool:
        """Tell whether nothing goes."""
        return not (self.tags or self.manifests or self.layer_links or self.uploads or self.is_removed)


@dataclass
class Removal:
    """Everything that goes: per repository, the blobs by digest, the debris by path."""

    repositories: Dict[str, RepositoryRemoval] = field(default_factory=dict)
    blobs: Dict[str, Blob] = field(default_factory=dict)
    debris: Dict[str, Debris] = field(default_factory=dict)

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


@dataclass
class Plan:
    """What a run does.

    `source` says where, `options` what was asked for, `now` (seconds) when it was made; `decisions` explain the tags.
    The id
    covers source, options and objects with absolute times, never reasons, ages or `now`: the same store and the same
    options
    give the same id tomorrow.
    """

    source: Dict[str, str]
    options: Dict[str, Any]
    now: float
    removal: Removal
    decisions: Dict[str, List[Decision]]

    @property
    def id(self) -> str:
        """Return `sha256:<hex>` of the canonical serialisation."""
        covered = {"source": self.source, "options": self.options, "removal": _removal_to_data(self.removal)}
        text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def dump_plan(plan: Plan) -> str:
    """Return the whole plan as JSON text."""
    data = {
        "format": FORMAT,
        "id": plan.id,
        "now": plan.now,
        "source": plan.source,
        "options": plan.options,
        "counts": plan.removal.counts()._asdict(),
        "removal": _removal_to_data(plan.removal),
        "decisions": {
            name: [[d.tag.name, d.tag.digest, d.tag.pushed, d.is_kept, d.reason] for d in decisions]
            for name, decisions in plan.decisions.items()
        },
    }
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def load_plan(text: str, where: str) -> Plan:
    """Return the plan in `text`. Raises PlanError, naming `where`, if it is not a plan or was changed since it was
    made."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise PlanError(
                f"{where}: the format is {data['format']!r}, this version reads {FORMAT!r}; make the plan again"
            )
        plan = Plan(
            data["source"],
            data["options"],
            data["now"],
            _removal_from_data(data["removal"]),
            _decisions_from_data(data),
        )
        stated = data["id"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanError(f"{where} is not a plan of this collection ({error!r}); make it with plan_dest") from error
    if plan.id != stated:
        raise PlanError(f"{where} was changed since it was made: its content has the id {plan.id}, it says {stated}")
    return plan


def _decisions_from_data(data: Mapping[str, Any]) -> Dict[str, List[Decision]]:
    return {
        name: [Decision(Tag(tag, digest, pushed), kept, reason) for tag, digest, pushed, kept, reason in decisions]
        for name, decisions in data["decisions"].items()
    }


def _removal_to_data(removal: Removal) -> Dict[str, Any]:
    return {
        "repositories": {
            name: {
                "tags": {tag.name: [tag.digest, tag.pushed] for tag in repository.tags.values()},
                "manifests": repository.manifests,
                "layer_links": repository.layer_links,
                "uploads": repository.uploads,
                "is_removed": repository.is_removed,
            }
            for name, repository in removal.repositories.items()
        },
        "blobs": removal.blobs,
        "debris": removal.debris,
    }


def _removal_from_data(data: Mapping[str, Any]) -> Removal:
    repositories = {
        name: RepositoryRemoval(
            tags={tag: Tag(tag, digest, pushed) for tag, (digest, pushed) in found["tags"].items()},
            manifests=found["manifests"],
            layer_links=found["layer_links"],
            uploads={upload: Weight(*weight) for upload, weight in found["uploads"].items()},
            is_removed=found["is_removed"],
        )
        for name, found in data["repositories"].items()
    }
    blobs = {digest: Blob(*blob) for digest, blob in data["blobs"].items()}
    return Removal(repositories, blobs, {path: Debris(*debris) for path, debris in data["debris"].items()})


class Drift(NamedTuple):
    """Something that a plan named and that is left alone, because it changed since the plan was made."""

    repository: Optional[str]
    kind: str
    name: str
    why: str
