# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup returns: the same keys on every path, small whatever the size of the registry. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ._graph import Graph
from ._plan import Counts, Drift, Plan, Removal, RepositoryRemoval
from ._reach import named_blobs

#: Lists in results and diffs hold at most this many entries; their full count stands beside them.
CAP = 1000


def empty_result() -> Dict[str, Any]:
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
        "notes": [],
        "notes_total": 0,
        "interrupted_plans": [],
        "quarantine": {"path": None, "bytes": 0, "plans": []},
    }


def capped(key: str, entries: Sequence[Any]) -> Dict[str, Any]:
    """Return a list of at most CAP entries and its full count, under `key` and `<key>_total`."""
    return {key: list(entries[:CAP]), f"{key}_total": len(entries)}


def describe_removal(graph: Graph, plan: Plan, removal: Removal, drift: List[Drift]) -> Dict[str, Any]:
    """Return the part of the result that says what goes, or went, and what stays."""
    tags = list(_deleted_tags(plan, removal))
    rows = [_row(graph, name, gone, size) for name, gone, size in with_bytes(graph, removal)]
    return {
        "plan_id": plan.id,
        "plan": dict(plan.removal.counts()._asdict()),
        "deleted": dict(removal.counts()._asdict()),
        "kept": what_stays(graph, removal),
        **capped("repositories", rows),
        **capped("tags_deleted", tags),
        **capped("drift", [entry._asdict() for entry in drift]),
        **capped("notes", graph.notes),
    }


def deletion_reasons(plan: Plan, name: str, gone: RepositoryRemoval) -> Iterator[Tuple[str, str, str]]:
    """Yield (tag, digest, reason) for every tag that goes from the repository."""
    decided = {decision.tag.name: decision.reason for decision in plan.decisions.get(name, [])}
    for tag in gone.tags.values():
        yield tag.name, tag.digest, decided.get(tag.name) or f"deleted: its subject {tag.subject} goes"


def _deleted_tags(plan: Plan, removal: Removal) -> Iterator[Dict[str, str]]:
    for name, gone in removal.repositories.items():
        for tag, digest, reason in deletion_reasons(plan, name, gone):
            yield {"repository": name, "tag": tag, "digest": digest, "reason": reason}


def _row(graph: Graph, name: str, gone: RepositoryRemoval, size: int) -> Dict[str, Any]:
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


def with_bytes(graph: Graph, removal: Removal) -> List[Tuple[str, RepositoryRemoval, int]]:
    """Return the repositories in the order of their names with the bytes of blobs and uploads that go with each.

    A blob that several repositories linked counts for the first of them.
    """
    counted: set[str] = set()
    rows = []
    for name in sorted(removal.repositories):
        gone = removal.repositories[name]
        linked = {graph.stored_as(digest) for digest in (*gone.manifests, *gone.layer_links)}
        linked.update(graph.stored_as(digest) for digest in named_blobs(graph, gone.manifests))
        own = (linked & removal.blobs.keys()) - counted
        counted |= own
        uploads = sum(upload.size for upload in gone.uploads.values())
        rows.append((name, gone, uploads + sum(removal.blobs[digest].size for digest in own)))
    return rows


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
