# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: everything that goes, and what that follows from. A pure value with a canonical serialisation and an id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Iterator

from .._basics.weight import Weight
from .._graph.removal import Removal, RepositoryRemoval
from .._retention.rules import Decision

_BATCH = 1000
quote = json.encoder.encode_basestring
to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True)
class Plan:
    """What a run does.

    `source` says where, `options` what was asked for, `now` (seconds) when it was made; `decisions` explain the tags.
    The id covers source, options and objects with absolute times, never reasons, ages or `now`: the same store and the
    same options give the same id tomorrow. What is beyond it in a plan file, a checksum covers (_plan/file.py).
    """

    source: dict[str, str]
    options: dict[str, Any]
    now: float
    removal: Removal
    decisions: dict[str, list[Decision]]

    @property
    def is_by_name(self) -> bool:
        """Tell whether somebody named what goes: a plan of a cleanup says by which policies, even by none."""
        return "policies" not in self.options

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
