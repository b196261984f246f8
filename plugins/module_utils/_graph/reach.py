# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marking: what can be reached from given manifests. Written once, for every source."""

from __future__ import annotations

from collections import defaultdict
from typing import Container, DefaultDict, Iterable, Iterator, Mapping, Set, Tuple

from .attached import subjects
from .graph import Graph

#: A manifest in a repository: (repository name, digest).
Node = Tuple[str, str]
#: Digests reached, by repository name.
Reached = DefaultDict[str, Set[str]]


def linked_digests(graph: Graph) -> set[str]:
    """Return the digest of every manifest that is linked into some repository."""
    linked: set[str] = set()
    for repository in graph.repositories.values():
        linked.update(repository.revisions)
    return linked


def referrers(graph: Graph, doomed: Mapping[str, Container[str]] | None = None) -> dict[str, list[Node]]:
    """Return, by the digest of a subject, the manifests that stay because it stays.

    A referrer names its subject in its `subject` field or by its tag (`sha256-<hex>`, `.sig`, `.att`, `.sbom`), unless
    that is one of the doomed (names by repository). The subject is sought in every repository: signatures may live in a
    repository of their own (cosign's COSIGN_REPOSITORY).
    """
    by_subject: dict[str, list[Node]] = {}
    named = subjects(graph)
    for name, repository in graph.repositories.items():
        for digest in named.keys() & repository.revisions.keys() if named else ():
            by_subject.setdefault(named[digest], []).append((name, digest))
        gone = doomed.get(name, ()) if doomed else ()
        for tag, subject in repository.attached_tags():
            if tag.name not in gone:
                by_subject.setdefault(subject, []).append((name, tag.digest))
    return by_subject


def with_lists(by_subject: dict[str, list[Node]], lists: Mapping[Node, str]) -> dict[str, list[Node]]:
    """Return what goes with a subject: its referrers, and the lists of these that clients have replaced."""
    if not lists:
        return by_subject
    both = {subject: list(nodes) for subject, nodes in by_subject.items()}
    for node, subject in lists.items():
        both.setdefault(subject, []).append(node)
    return both


def tag_roots(graph: Graph, linked: set[str], doomed: Mapping[str, Container[str]]) -> Iterator[Node]:
    """Yield what tags keep by themselves, without the doomed ones (names by repository).

    A tag that is attached to a subject is kept by that, where it is one of the `linked` manifests.
    """
    for name, repository in graph.repositories.items():
        gone = doomed.get(name, ())
        for tag in repository.tags.values():
            if tag.name not in gone and repository.attached.get(tag.name) not in linked:
                yield name, tag.digest


def reach(
    graph: Graph, roots: Iterable[Node], by_subject: dict[str, list[Node]], reached: Reached | None = None
) -> Reached:
    """Return what is reachable from `roots`; with `reached`, go on from there and extend it.

    Each repository is walked on its own: what was reached in one repository is expanded again in the next, so that a
    child that is unlinked in the first cannot lose its layers in the second
    (docs/registry_facts.md#mistakes-of-other-tools).
    """
    reached = defaultdict(set) if reached is None else reached
    waiting = list(roots)
    while waiting:
        name, digest = waiting.pop()
        seen = reached[name]
        if digest in seen:
            continue
        seen.add(digest)
        waiting.extend(by_subject.get(digest, ()))
        manifest = graph.manifests.get(digest)
        if manifest is not None and manifest.children:
            waiting.extend((name, child) for child in manifest.children)
    return reached


class LeadingTo:
    """The manifests from which `reach` comes to one of the given nodes: asked as `node in leading`.

    Found in one pass against the edges that `reach` follows, whoever is asked about then. What a subject keeps it keeps
    from every repository.
    """

    def __init__(self, graph: Graph, nodes: Iterable[Node], by_subject: dict[str, list[Node]]) -> None:
        self._here: set[Node] = set()
        self._anywhere: set[str] = set()
        waiting: list[tuple[str | None, str]] = list(nodes)
        if not waiting:
            return
        parents = _parents(graph)
        subjects: defaultdict[Node, list[str]] = defaultdict(list)
        wherever: defaultdict[str, list[str]] = defaultdict(list)
        for subject, attached in by_subject.items():
            for node in attached:
                subjects[node].append(subject)
                wherever[node[1]].append(subject)
        while waiting:
            name, digest = waiting.pop()
            if digest in self._anywhere or (name is not None and (name, digest) in self._here):
                continue
            if name is None:
                self._anywhere.add(digest)
                attached_to = wherever.get(digest, ())
            else:
                self._here.add((name, digest))
                attached_to = subjects.get((name, digest), ())
            waiting.extend((name, parent) for parent in parents.get(digest, ()))
            waiting.extend((None, subject) for subject in attached_to)

    def __contains__(self, node: Node) -> bool:
        return node[1] in self._anywhere or node in self._here


def _parents(graph: Graph) -> defaultdict[str, list[str]]:
    """Return, by the digest of a child, the indexes that name it."""
    parents: defaultdict[str, list[str]] = defaultdict(list)
    for digest, manifest in graph.manifests.items():
        for child in manifest.children:
            parents[child].append(digest)
    return parents


def named_blobs(graph: Graph, digests: Iterable[str]) -> Iterator[str]:
    """Yield every digest that the given manifests name as config or layer (more than once where shared)."""
    for digest in digests:
        manifest = graph.manifests.get(digest)
        if manifest is None:
            continue
        if manifest.config:
            yield manifest.config
        yield from manifest.layers
