# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup returns: the same keys on every path, small whatever the size of the registry. Pure."""

from __future__ import annotations

from heapq import nsmallest
from itertools import islice
from typing import Any, Iterator, Mapping, NamedTuple, Protocol, Sequence

from .._basics.order import natural_key
from .._graph.drift import Drift
from .._graph.graph import Graph
from .._graph.removal import Counts, Removal, RepositoryRemoval
from .._plan.consequences import YOUNG
from .._plan.plan import Plan

#: Lists in results and diffs hold at most this many entries; their full count stands beside them.
CAP = 1000
_KINDS = ("tag", "manifest", "layer link", "upload", "repository", "blob", "debris")


class Share(NamedTuple):
    """What goes from one repository, and the bytes of the blobs and uploads that go with it."""

    name: str
    gone: RepositoryRemoval
    size: int


def empty_result() -> dict[str, Any]:
    """Return the result of a run that has not come to anything yet."""
    nothing = dict(Counts()._asdict())
    return {
        "changed": False,
        "plan_id": None,
        "plan_dest": None,
        "registry_mode": "unknown",
        "plan": dict(nothing),
        "deleted": dict(nothing),
        "kept": {"tags": 0, "manifests": 0, "blobs": 0, "bytes": 0},
        "repositories": [],
        "repositories_total": 0,
        "tags_deleted": [],
        "tags_deleted_total": 0,
        "drift": [],
        "drift_total": 0,
        "broken_tags": [],
        "broken_tags_total": 0,
        "notes": [],
        "notes_total": 0,
        "left_untagged": 0,
        "young_tags": 0,
        "lease": None,
        "not_deleted": [],
        "not_deleted_total": 0,
        "interrupted_plans": [],
        "quarantine": {"path": None, "bytes": 0, "plans": []},
        "free_bytes": None,
    }


def no_plan_lists() -> dict[str, Any]:
    """Return as empty what names one by one what a plan is about; their full numbers stay beside them."""
    return {"repositories": [], "tags_deleted": [], "broken_tags": [], "notes": []}


def capped(key: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Return a list of at most CAP entries and its full count, under `key` and `<key>_total`."""
    return {key: list(entries[:CAP]), f"{key}_total": len(entries)}


def describe_removal(
    graph: Graph, plan: Plan, removal: Removal, drift: list[Drift], shares: list[Share]
) -> dict[str, Any]:
    """Return the part of the result that says what goes, or went, and what stays."""
    rows = [_row(graph, share) for share in shares]
    return {
        "plan_id": plan.id,
        "plan": dict(plan.removal.counts()._asdict()),
        "kept": what_stays(graph, removal),
        "left_untagged": removal.left_untagged,
        "young_tags": sum(one.reason == YOUNG for found in plan.decisions.values() for one in found),
        **capped("repositories", rows),
        # Of all that go at once the most is not shown, and would take much memory.
        "tags_deleted": list(islice(_deleted_tags(plan, removal), CAP)),
        "tags_deleted_total": removal.counts().tags,
        "drift": [entry._asdict() for entry in nsmallest(CAP, drift, key=place_in_lists)],
        "drift_total": len(drift),
        **capped("notes", sorted(graph.notes)),
    }


class Listed(Protocol):
    """What a list in a result names."""

    @property
    def repository(self) -> str | None:
        """Return the repository, None for what belongs to none."""

    @property
    def kind(self) -> str:
        """Return what it is, one of _KINDS."""

    @property
    def name(self) -> str:
        """Return the tag, digest, upload or path."""


def place_in_lists(one: Listed) -> tuple[Any, ...]:
    """Return a key that orders by repository, kind and natural name; what belongs to no repository comes last."""
    return (one.repository is None, one.repository or "", _KINDS.index(one.kind), natural_key(one.name))


def deletion_reasons(plan: Plan, name: str, gone: RepositoryRemoval) -> Iterator[tuple[str, str, str]]:
    """Yield (tag, digest, reason) for every tag that goes from the repository, in the natural order of their names."""
    decided = {decision.tag.name: decision.reason for decision in plan.decisions.get(name, [])}
    for tag in sorted(gone.tags.values(), key=lambda tag: natural_key(tag.name)):
        yield tag.name, tag.digest, decided.get(tag.name) or f"deleted: its subject {tag.named_subject} goes"


def _deleted_tags(plan: Plan, removal: Removal) -> Iterator[dict[str, str]]:
    for name, gone in sorted(removal.repositories.items()):
        for tag, digest, reason in deletion_reasons(plan, name, gone):
            yield {"repository": name, "tag": tag, "digest": digest, "reason": reason}


def _row(graph: Graph, share: Share) -> dict[str, Any]:
    name, gone, size = share
    tags = len(graph.repositories[name].tags)
    return {
        "name": name,
        "tags_before": tags,
        "tags_after": tags - len(gone.tags),
        "tags_deleted": len(gone.tags),
        "manifests_deleted": len(gone.manifests),
        "layer_links_deleted": len(gone.layer_links),
        "uploads_deleted": len(gone.uploads),
        "removed": gone.is_removed,
        "bytes": size,
    }


def shares_of(graph: Graph, removal: Removal) -> list[Share]:
    """Return what each repository has in the removal, in the order of their names.

    A blob that several repositories linked counts for the first of them, one that none linked for none.
    """
    counted: set[str] = set()
    shares = []
    for name, gone in sorted(removal.repositories.items()):
        size = sum(upload.size for upload in gone.uploads.values())
        for digest in (*gone.manifests, *gone.layer_links):
            stored = graph.stored_as(digest)
            if stored in removal.blobs and stored not in counted:
                counted.add(stored)
                size += removal.blobs[stored].size
        shares.append(Share(name, gone, size))
    return shares


def what_stays(graph: Graph, removal: Removal) -> Mapping[str, int]:
    """Return how many tags, manifests and blobs stay, and the bytes of these blobs."""
    counts = removal.counts()
    repositories = graph.repositories.values()
    gone = sum(blob.size for blob in removal.blobs.values())
    return {
        "tags": sum(len(repository.tags) for repository in repositories) - counts.tags,
        "manifests": sum(len(repository.revisions) for repository in repositories) - counts.manifests,
        "blobs": len(graph.blobs) - counts.blobs,
        "bytes": sum(blob.size for blob in graph.blobs.values()) - gone,
    }
