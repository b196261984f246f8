# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else needs the image of a tag that is to go: said where a registry can't delete a tag alone. Pure."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence, Tuple

from .._basics.order import natural_key
from .._graph.graph import Graph, Tag
from .._graph.reach import Node, referrers

#: A tag with its repository.
Place = Tuple[str, Tag]


def why_shared(graph: Graph, shared: Sequence[Place], doomed: Mapping[str, Mapping[str, Tag]]) -> Iterator[str]:
    """Yield for each tag the reason why it stays, naming a tag that is not doomed and needs its image."""
    keepers = _keepers(graph, _kept(graph, doomed), referrers(graph, doomed)) if shared else {}
    for name, tag in shared:
        keeper = keepers.get((name, tag.digest))
        if not tag.digest:
            why = "the registry tells no digest to delete it with"
        elif keeper is None:
            why = "its image is part of one that stays"
        elif keeper[1].digest == tag.digest:
            why = f"same image as tag {keeper[1].name}"
        else:
            where = "" if keeper[0] == name else f" of {keeper[0]}"
            why = f"its image belongs to that of tag {keeper[1].name}{where}"
        yield f"kept: {why}, and this registry can't delete a tag alone"


def _kept(graph: Graph, doomed: Mapping[str, Mapping[str, Tag]]) -> list[Place]:
    """Return the tags that are not doomed, in the natural order of their names."""
    return [
        (name, tag)
        for name, repository in sorted(graph.repositories.items())
        for tag in sorted(repository.tags.values(), key=lambda tag: natural_key(tag.name))
        if tag.name not in doomed.get(name, {})
    ]


def _keepers(graph: Graph, kept: Sequence[Place], attached: Mapping[str, list[Node]]) -> dict[Node, Place]:
    """Return for every manifest that these tags reach one of them: one that names the manifest itself, if one does."""
    keepers: dict[Node, Place] = {}
    for name, tag in kept:
        keepers.setdefault((name, tag.digest), (name, tag))
    for node, keeper in list(keepers.items()):
        waiting = [node]
        while waiting:
            name, digest = waiting.pop()
            for below in (*attached.get(digest, ()), *((name, child) for child in graph.children_of(digest))):
                if below not in keepers:
                    keepers[below] = keeper
                    waiting.append(below)
    return keepers
