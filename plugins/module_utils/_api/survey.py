# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading over the API all that it can tell: sizes, every part of every index, and what is attached to an image."""

from __future__ import annotations

from typing import List

from .._client.client import Fetched
from .._graph.graph import Graph, Repository, Tag, Weight
from .._graph.manifest import parse_sizes
from .._graph.reach import Node
from .v2 import Parsed, V2Api


class ApiSurvey(V2Api):
    """A registry as its API shows it. The twin of `_layout/survey.py:StorageSurvey`."""

    name = "api"
    sees_orphans = False

    def read_names(self, with_tags: bool) -> Graph:
        """Read which repositories there are, and with `with_tags` the names of their tags, without digests.

        Raises RegistryError.
        """
        graph = Graph()
        names = self._select(graph)
        # Names that were given may be those of repositories that do not exist.
        if with_tags or self._names_are_given:
            for name, tag in self._list_tags(graph, names):
                graph.repositories[name].tags[tag] = Tag(tag, "", None)
        else:
            graph.repositories = {name: Repository(name) for name in names}
        return graph

    def read_all(self) -> Graph:
        """Read every manifest that a tag or a referrer leads to. Raises RegistryError, DoubtError."""
        graph = self.read()
        self.complete(graph, {name: list(one.revisions) for name, one in graph.repositories.items()})
        self._read_referrers(graph)
        return graph

    def _learn(self, graph: Graph, found: Fetched) -> Parsed:
        if found.content:
            graph.blobs[found.digest] = Weight(len(found.content), 0.0)
            sizes = parse_sizes(found.content)
            graph.blobs.update((digest, Weight(size, 0.0)) for digest, size in sizes.items())
        return super()._learn(graph, found)

    def _read_referrers(self, graph: Graph) -> None:
        """Read what is attached by `subject` alone, if this server can tell it (OCI distribution spec 1.1)."""
        waiting = list(_nodes(graph))
        if not waiting or self.client.referrers(*waiting[0]) is None:
            return
        asked = set(waiting)
        while waiting:
            listed = zip(waiting, self.client.map(lambda node: self.client.referrers(*node), waiting))
            attached = [(name, digest) for (name, _subject), digests in listed for digest in digests or ()]
            self._descend(graph, [node for node in attached if node not in asked], only_indexes=False)
            waiting = [node for node in _nodes(graph) if node not in asked]
            asked.update(waiting)


def _nodes(graph: Graph) -> List[Node]:
    return [(name, digest) for name, one in graph.repositories.items() for digest in one.revisions]
