# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a storage for `registry_info`: the names alone, or everything."""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, Tuple

from .._graph.graph import Graph
from .._graph.manifest import ImageConfig
from .base import Layout


class StorageSurvey:
    """A registry as its storage shows it. The twin of `_api/survey.py:ApiSurvey`."""

    name = "storage"
    sees_orphans = True

    def __init__(self, layout: Layout, selects: Callable[[str], bool]) -> None:
        self.layout = layout
        self.selects = selects

    @property
    def version(self) -> str:
        """The version of the registry's API."""
        return self.layout.name

    def read_names(self, with_tags: bool) -> Graph:
        """Read which repositories there are, and with `with_tags` their tags; no manifest. Raises StorageError."""
        return self.layout.read_names(self.selects, with_tags)

    def read_all(self) -> Graph:
        """Read the whole storage, for what is shared and what is an orphan depend on all of it.

        Raises StorageError, DoubtError.
        """
        return self.layout.read()

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[Tuple[str, ImageConfig]]:
        """Yield (digest, configuration) of each of the given manifests that has one and whose content is there."""
        return self.layout.read_configs(graph, digests)
