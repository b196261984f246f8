# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be deleted together over the API, and in which order. Pure."""

from __future__ import annotations

from typing import AbstractSet, Iterator

from .._graph.graph import Graph
from .._graph.reach import Node, referrers
from .._graph.removal import Removal


def units(graph: Graph, removal: Removal) -> Iterator[list[str]]:
    """Yield the repositories of the removal in groups that must be marked together.

    Mostly each is a group of its own. Signatures in a repository of their own (cosign's COSIGN_REPOSITORY) join it with
    those of their subjects.
    """
    leader = {name: name for name in removal.repositories}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = name = leader[leader[name]]
        return name

    by_subject = referrers(graph)
    homes = _homes(graph, removal, by_subject.keys())
    for subject, found in by_subject.items():
        names = [*homes.get(subject, []), *(name for name, _digest in found if name in leader)]
        for name in names[1:]:
            leader[find(name)] = find(names[0])
    groups: dict[str, list[str]] = {}
    for name in removal.repositories:
        groups.setdefault(find(name), []).append(name)
    yield from groups.values()


def referring_first(graph: Graph, removal: Removal) -> Iterator[list[Node]]:
    """Yield the manifests of the removal in groups: what refers to others goes before these.

    An index goes before its children and a referrer before its subject, so that an end in between leaves nothing that
    names what is gone.
    """
    nodes = {(name, digest) for name, gone in removal.repositories.items() for digest in gone.manifests}
    targets: dict[Node, set[Node]] = {
        (name, digest): {(name, child) for child in graph.children_of(digest)} & nodes for name, digest in nodes
    }
    by_subject = referrers(graph)
    homes = _homes(graph, removal, by_subject.keys())
    for subject, found in by_subject.items():
        subjects = {(name, subject) for name in homes.get(subject, [])} & nodes
        for node in nodes.intersection(found):
            targets[node] |= subjects - {node}
    while targets:
        referred: set[Node] = set().union(*targets.values())
        # Tags of the form sha256-<hex> can make two manifests each other's referrers.
        ready = sorted(targets.keys() - referred) or sorted(targets)
        yield ready
        for node in ready:
            del targets[node]


def _homes(graph: Graph, removal: Removal, subjects: AbstractSet[str]) -> dict[str, list[str]]:
    """Return, by the digest of a subject, the repositories of the removal that have it."""
    homes: dict[str, list[str]] = {}
    for name in removal.repositories:
        repository = graph.repositories.get(name)
        for digest in subjects & repository.revisions.keys() if repository else ():
            homes.setdefault(digest, []).append(name)
    return homes
