# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an old v1 registry over its API for `registry_info`: with what its images are based on."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Tuple

from .._graph.graph import Graph, Repository, Weight
from .._graph.manifest import ImageConfig
from .._graph.strict_json import NotUnderstoodError, read_json
from .._graph.v1_image import Files, is_image_id, parse_image
from .v1 import V1Api


class V1Survey(V1Api):
    """A v1 registry as its API shows it. The twin of `_layout/survey.py:StorageSurvey`."""

    name = "api"
    sees_orphans = False

    def read_names(self, with_tags: bool) -> Graph:
        """Read which repositories there are, and with `with_tags` their tags. Raises RegistryError."""
        if with_tags or self._names_are_given:
            return self.read()
        graph = Graph()
        graph.repositories = {name: Repository(name) for name in self._select(graph)}
        return graph

    def read_all(self) -> Graph:
        """Read every image that a tag leads to. Raises RegistryError."""
        graph = self.read()
        self._configs: Dict[str, ImageConfig] = {}
        for name, repository in graph.repositories.items():
            tips = sorted({tag.digest for tag in repository.tags.values()})
            ancestries = self.client.map(lambda image, name=name: self._ancestry(name, image), tips)  # type: ignore[misc]
            for image in {image: None for ancestry in ancestries for image in ancestry}:
                self._enter(graph, repository, image)
        return graph

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[Tuple[str, ImageConfig]]:
        """Yield what was read with the images."""
        return ((digest, self._configs[digest]) for digest in digests if digest in self._configs)

    def _ancestry(self, repository: str, image: str) -> List[str]:
        content = self.client.image_file(repository, image, "ancestry")
        try:
            named = read_json(content) if content else []
            return [one for one in named if isinstance(one, str) and is_image_id(one)]
        except (NotUnderstoodError, TypeError):
            return [image]

    def _enter(self, graph: Graph, repository: Repository, image: str) -> None:
        if image in graph.manifests or self._read_image(graph, repository.name, image):
            repository.revisions[image] = 0.0

    def _read_image(self, graph: Graph, repository: str, image: str) -> bool:
        """Read an image, and tell whether it is there."""
        content = self.client.image_json(repository, image)
        if content is None:
            graph.notes.append(f"{repository}: image {image} is missing")
            return False
        files = Files(content, self.client.image_file(repository, image, "ancestry"), is_uploading=False)
        found = parse_image(image, files, self.client.layer_size(repository, image), graph.digests)
        graph.manifests[image], self._configs[image] = found.manifest, found.config
        graph.blobs[image] = Weight(found.manifest.size, 0.0)
        return True
