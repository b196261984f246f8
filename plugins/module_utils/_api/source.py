# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading a registry over any API has in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Iterable, Mapping, Sequence

from .._basics.patterns import Pattern, is_selected
from .._basics.progress import SILENT, Progress
from .._client.base import ApiClient
from .._graph.ability import Ability
from .._graph.graph import Graph
from .._graph.source import Source


class ApiSource(Source):
    """A registry as its API shows it: the repositories that `included` matches and `excluded` does not."""

    kind = "api"
    #: Whether the registry deletes a repository, and not only what is in it.
    deletes_repositories = False

    def __init__(
        self,
        client: ApiClient,
        included: Sequence[Pattern],
        excluded: Sequence[Pattern],
        progress: Progress = SILENT,
    ) -> None:
        super().__init__(progress)
        self.client = client
        self.included = included
        self.excluded = excluded

    @property
    def version(self) -> str:
        return self.client.version

    def source(self) -> dict[str, str]:
        return {"registry": self.client.url}

    @abstractmethod
    def find_ability(self, repository: str) -> Ability:
        """Find out what can be deleted in `repository`; changes nothing. Raises DeletionRefusedError."""

    @abstractmethod
    def read(self, named: Mapping[str, Iterable[str]] | None = None) -> Graph:
        """Read every tag with its image. `named` are tags by repository that are read though they may not be listed."""

    @abstractmethod
    def read_tags(self, names: Sequence[str]) -> Graph:
        """Read the tags of these names alone, as far as they are listed."""

    @abstractmethod
    def read_again(self, names: Sequence[str], before: Graph) -> Graph:
        """Read what the tags of these repositories point to now. What was there `before` is taken to be there still."""

    @abstractmethod
    def complete(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        """Read every descendant of these manifests, given by repository; those that are absent leave the graph."""

    @abstractmethod
    def look_for_parts(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        """Ask whether all parts of these images, given by repository, are there. What was asked is not asked again."""

    @property
    def _names_are_given(self) -> bool:
        return all(pattern.is_literal for pattern in self.included)

    def _select(self, graph: Graph) -> list[str]:
        """Return the selected repositories, and enter the names of the others into the graph.

        The catalogue, which many may not see, is only asked for patterns.
        """
        given = (pattern.text for pattern in self.included)
        names = set(given if self._names_are_given else self.client.repositories())
        selected = {name for name in names if is_selected(name, self.included, self.excluded)}
        graph.unread = sorted(names - selected)
        return sorted(selected)
