# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of a v1 repository as text: what each is based on, and why it stays. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .._basics.order import natural_key
from .._graph.graph import Graph, Repository
from .._graph.removal import Removal, RepositoryRemoval

_SHOWN = 12


class Line(NamedTuple):
    """One image; `goes` says that it does not stay."""

    text: str
    goes: bool


class ImageGraph:
    """All images of a registry, as they are once `removal` has gone."""

    def __init__(self, graph: Graph, removal: Removal) -> None:
        self.graph = graph
        self.removal = removal
        self._based: dict[str, list[str]] = {}
        for image in sorted(graph.manifests):
            parent = self._parent(image)
            if parent is not None:
                self._based.setdefault(parent, []).append(image)
        self._tagged = self._kept_tags()

    def lines(self, repository: Repository) -> list[Line]:
        """Return an image of the repository in each line, below what it is based on; branches are indented.

        A run of images that are each based on the one before stays in its column.
        """
        own = repository.revisions
        roots = [image for image in own if image in self.graph.manifests and self._parent(image) not in own]
        waiting = [(image, 0) for image in sorted(roots, reverse=True)]
        lines = []
        while waiting:
            image, depth = waiting.pop()
            lines.append(Line(f"{'  ' * depth}{self._describe(repository.name, image)}", self._goes(image)))
            below = [child for child in self._based.get(image, ()) if child in own]
            inner = depth + 1 if len(below) > 1 else depth
            waiting.extend((child, inner) for child in reversed(below))
        return lines

    def _describe(self, repository: str, image: str) -> str:
        size = self.graph.blobs[image].size if image in self.graph.blobs else 0
        return f"{image[:_SHOWN]} {size} bytes, {self._reason(repository, image)}"

    def _reason(self, repository: str, image: str) -> str:
        if self._goes(image):
            return "goes"
        tags = self._tagged.get(image, [])
        if tags:
            named = [tag if name == repository else f"{tag} of {name}" for name, tag in tags]
            return f"stays: {'tag' if len(tags) == 1 else 'tags'} {', '.join(named)}"
        needing = [child[:_SHOWN] for child in self._based.get(image, ()) if not self._goes(child)]
        if needing:
            return f"stays: {', '.join(needing)} {'is' if len(needing) == 1 else 'are'} based on it"
        manifest = self.graph.manifests[image]
        return "stays: no tag needs it" if manifest.is_known else f"stays: {manifest.media_type}"

    def _goes(self, image: str) -> bool:
        return image in self.removal.blobs

    def _parent(self, image: str) -> str | None:
        """Return what the image is based on; of one that is not understood that is not known."""
        children = () if image in self.graph.unknown_bases else self.graph.children_of(image)
        return children[0] if children else None

    def _kept_tags(self) -> dict[str, list[tuple[str, str]]]:
        kept: dict[str, list[tuple[str, str]]] = {}
        for name, repository in sorted(self.graph.repositories.items()):
            gone = self.removal.repositories.get(name, RepositoryRemoval()).tags
            for tag in sorted(repository.tags.values(), key=lambda tag: natural_key(tag.name)):
                if tag.name not in gone:
                    kept.setdefault(tag.digest, []).append((name, tag.name))
        return kept
