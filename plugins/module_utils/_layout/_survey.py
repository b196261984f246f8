# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a storage for `registry_info`: the names alone, or everything."""

from __future__ import annotations

from typing import Sequence

from .._graph import Graph, Repository
from .._patterns import Pattern, is_selected
from .._storage._base import Storage
from . import _v2_paths as paths
from ._v2 import V2Layout


class StorageSurvey(V2Layout):
    """A registry as its storage shows it. The twin of `_api/_survey.py:ApiSurvey`."""

    name = "storage"
    sees_orphans = True

    def __init__(self, storage: Storage, included: Sequence[Pattern], excluded: Sequence[Pattern]) -> None:
        super().__init__(storage)
        self.included = included
        self.excluded = excluded

    def read_names(self, with_tags: bool) -> Graph:
        """Read which repositories there are, and with `with_tags` their tags; no manifest. Raises StorageError."""
        graph = Graph()
        for name, _listing in self._repositories(graph):
            if is_selected(name, self.included, self.excluded):
                repository = graph.repositories[name] = Repository(name)
                if with_tags:
                    self._read_tags(graph, repository)
        return graph

    def read_all(self) -> Graph:
        """Read the whole storage, for what is shared and what is an orphan depend on all of it.

        Raises StorageError, DoubtError.
        """
        graph = self.read()
        for path, debris in graph.debris.items():
            parent, _slash, tag = path.rpartition("/")
            # A registry lists every directory of a tag, also one without a link.
            if debris.repository is not None and parent == paths.tags(debris.repository):
                graph.repositories[debris.repository].dangling.append(tag)
        return graph
