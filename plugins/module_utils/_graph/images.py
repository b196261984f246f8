# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each image is made of, and how much of it others hold too. Pure."""

from __future__ import annotations

from collections import Counter
from typing import AbstractSet, Hashable, Iterable, Mapping, NamedTuple, TypeVar

from .._basics.weight import Weight
from .graph import Graph, Repository
from .reach import Node, named_blobs, reach

Holder = TypeVar("Holder", bound=Hashable)


class Image(NamedTuple):
    """What one image is made of: its manifests (several for an index), and all its content as it is stored."""

    manifests: frozenset[str]
    content: frozenset[str]


class Bytes(NamedTuple):
    """The bytes of what one holder alone holds, and of what others hold too."""

    own: int
    shared: int


def images_of(graph: Graph, attached: Iterable[Node]) -> dict[Node, Image]:
    """Return every image: what has a tag, what is no part of an index, and what is attached to another image."""
    nodes = set(attached)
    for repository in graph.repositories.values():
        nodes.update((repository.name, digest) for digest in _not_only_parts(graph, repository))
    return {node: _image(graph, node) for node in sorted(nodes) if node[1] in graph.manifests}


def lists_of_referrers(graph: Graph) -> set[Node]:
    """Return the indexes behind fallback tags (`sha256-<hex>`): they list what is attached, and are not it."""
    return {
        (name, tag.digest)
        for name, repository in graph.repositories.items()
        for tag, _subject in repository.attached_tags()
        if "." not in tag.name and graph.children_of(tag.digest)
    }


def weigh(
    holdings: Mapping[Holder, AbstractSet[str]], sharers: AbstractSet[Holder], blobs: Mapping[str, Weight]
) -> dict[Holder, Bytes]:
    """Return what each holder holds alone, and what another one of the `sharers` holds too. Each blob counts once."""
    sharing = Counter(digest for holder, held in holdings.items() if holder in sharers for digest in held)
    weighed = {}
    for holder, held in holdings.items():
        itself = 1 if holder in sharers else 0
        present = [digest for digest in held if digest in blobs]
        own = sum(blobs[digest].size for digest in present if sharing[digest] == itself)
        weighed[holder] = Bytes(own, sum(blobs[digest].size for digest in present) - own)
    return weighed


def _not_only_parts(graph: Graph, repository: Repository) -> set[str]:
    tagged = {tag.digest for tag in repository.tags.values()}
    parts = {child for digest in repository.revisions for child in graph.children_of(digest)}
    return tagged | (repository.revisions.keys() - parts)


def _image(graph: Graph, node: Node) -> Image:
    name, digest = node
    manifests = reach(graph, [(name, digest)], {})[name]
    content = (graph.stored_as(found) for found in (*manifests, *named_blobs(graph, manifests)))
    return Image(frozenset(manifests), frozenset(content))
