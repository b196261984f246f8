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
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from ._errors import PlanError
from ._graph import Debris, Tag, Weight
from ._rules import Decision

FORMAT = "drydock.registry/plan/1"
_BATCH = 1000
_quote = json.encoder.encode_basestring
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


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
    same options give the same id tomorrow.
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
        for text in _covered_by_id(self):
            digest.update(text.encode("utf-8", "surrogateescape"))
        return f"sha256:{digest.hexdigest()}"


def dump_plan(plan: Plan) -> Iterator[str]:
    """Yield the text of a plan file: one JSON object, with a line for every repository and every blob."""
    yield f'{{\n"format": {_to_json(FORMAT)},\n"id": {_to_json(plan.id)},\n"now": {_to_json(plan.now)},\n'
    yield f'"counts": {_to_json(plan.removal.counts()._asdict())},\n'
    yield from _covered_by_id(plan)
    yield ",\n"
    decisions = (
        f"{_quote(name)}: {_to_json([_decision_to_data(d) for d in found])}"
        for name, found in sorted(plan.decisions.items())
    )
    yield from _object("decisions", decisions)
    yield "\n}\n"


def load_plan(text: str, where: str) -> Plan:
    """Return the plan in `text`. Raises PlanError, naming `where`, if it is not a plan or was changed."""
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
            _removal_from_data(data),
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


def _decision_to_data(decision: Decision) -> List[Any]:
    return [*decision.tag, decision.is_kept, decision.reason]


def _covered_by_id(plan: Plan) -> Iterator[str]:
    """Yield the canonical text of what the id covers, piece by piece: the whole would take much memory."""
    removal = plan.removal
    yield f'"source": {_to_json(plan.source)},\n"options": {_to_json(plan.options)},\n"repositories": {{'
    separator = "\n"
    for name, gone in sorted(removal.repositories.items()):
        yield f"{separator}{_quote(name)}: {{"
        yield from _repository(gone)
        separator = ",\n"
    yield "},\n"
    blobs = (f'"{digest}": {_weight(removal.blobs[digest])}' for digest in sorted(removal.blobs))
    yield from _object("blobs", blobs)
    yield ",\n"
    debris = (f"{_quote(path)}: {_to_json(found)}" for path, found in sorted(removal.debris.items()))
    yield from _object("debris", debris)


def _repository(gone: RepositoryRemoval) -> Iterator[str]:
    tags = {tag.name: [tag.digest, tag.pushed] for tag in gone.tags.values()}
    for kind, links in (("manifests", gone.manifests), ("layer_links", gone.layer_links)):
        yield from _object(kind, (f'"{digest}": {links[digest]!r}' for digest in sorted(links)))
        yield ",\n"
    uploads = {name: list(upload) for name, upload in gone.uploads.items()}
    yield f'"tags": {_to_json(tags)},\n"uploads": {_to_json(uploads)},\n'
    yield f'"is_removed": {_to_json(gone.is_removed)}}}'


def _weight(blob: Weight) -> str:
    return f"[{blob.size},{blob.modified!r}]"


def _object(name: str, members: Iterator[str]) -> Iterator[str]:
    """Yield the JSON of an object whose members are JSON already, many of them at a time."""
    yield f"{_quote(name)}: {{"
    separator = "\n"
    for batch in iter(lambda: ",\n".join(islice(members, _BATCH)), ""):
        yield separator + batch
        separator = ",\n"
    yield "}"


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
    blobs = {digest: Weight(*blob) for digest, blob in data["blobs"].items()}
    return Removal(repositories, blobs, {path: Debris(*debris) for path, debris in data["debris"].items()})


class Drift(NamedTuple):
    """Something that a plan named and that is left alone, because it changed since the plan was made."""

    repository: Optional[str]
    kind: str
    name: str
    why: str
