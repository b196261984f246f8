# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an old v1 registry over its API: one request for each repository tells its tags and their images.

What images are based on is not read for a plan: only tags and repositories can be deleted here, and images stay.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, Sequence

from .._basics.errors import RegistryError
from .._basics.patterns import Pattern
from .._basics.progress import SILENT, Progress
from .._basics.weight import Weight
from .._client.client_v1 import V1Client
from .._graph.ability import Ability
from .._graph.graph import Graph, Manifest, Repository, Tag
from .._graph.manifest import ImageConfig, parse_config
from .._graph.strict_json import NotUnderstoodError, read_json
from .._graph.v1_image import MEDIA_TYPE, Files, bases_in, is_image_id, parse_image
from .source import ApiSource

_ABILITY = Ability(tags=True, manifests=False, repositories=True)


class V1Api(ApiSource):
    """A registry as the API v1 shows it."""

    client: V1Client
    deletes_repositories = True

    def __init__(
        self,
        client: V1Client,
        included: Sequence[Pattern],
        excluded: Sequence[Pattern],
        progress: Progress = SILENT,
    ) -> None:
        super().__init__(client, included, excluded, progress)
        # None of an image that is not there.
        self._known: dict[str, ImageConfig | None] = {}

    def find_ability(self, repository: str) -> Ability:
        answer = self.client.put_nothing(repository, "drydock-probe")
        if not self.client.took_nothing(answer):
            raise RegistryError(self.client.explain(answer))
        return _ABILITY

    def read(self, named: Mapping[str, Iterable[str]] | None = None) -> Graph:
        self.progress.stage("listing tags")
        graph = Graph(images_are_global=True)
        return self._read(graph, self._select(graph))

    def read_all(self) -> Graph:
        """Read every image that a tag leads to, with what it is based on."""
        graph = self.read()
        for name, repository in graph.repositories.items():
            tips = sorted({tag.digest for tag in repository.tags.values()})
            ancestries = self.client.map(lambda image, name=name: self._ancestry(name, image), tips)  # type: ignore[misc]
            for image in {image: None for ancestry in ancestries for image in ancestry}:
                if image in graph.manifests or self._read_image(graph, name, image):
                    repository.revisions[image] = 0.0
        return graph

    def read_names(self, with_tags: bool) -> Graph:
        if with_tags or self._names_are_given:
            return self.read()
        graph = Graph(images_are_global=True)
        graph.repositories = {name: Repository(name) for name in self._select(graph)}
        return graph

    def read_tags(self, names: Sequence[str]) -> Graph:
        graph = self.read()
        for repository in graph.repositories.values():
            repository.tags = {name: tag for name, tag in repository.tags.items() if name in names}
        return graph

    def read_again(self, names: Sequence[str], before: Graph) -> Graph:
        return self._read(Graph(images_are_global=True), names)

    def complete(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        """Nothing goes with an image here."""

    def look_for_parts(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        """Ask for what each image is based on, and whether all of these have their `json` and their layer."""
        tips = [
            (name, image)
            for name, digests in images.items()
            for image in digests
            if image not in graph.manifests and image not in graph.repositories[name].absent
        ]
        if tips:
            self.progress.stage("looking for images", len(tips), "images")
        ancestries = self.client.map(lambda tip: self.client.image_file(*tip, "ancestry"), tips)
        for (name, image), ancestry in zip(tips, self.progress.each(ancestries)):
            if ancestry is None:
                graph.repositories[name].absent.add(image)
            else:
                graph.manifests[image] = Manifest(MEDIA_TYPE, 0, children=tuple(bases_in(image, ancestry)))
        chains = {(name, one): None for name, image in tips for one in (image, *graph.children_of(image))}
        for (name, image), is_whole in zip(chains, self.client.map(lambda node: self.client.is_whole(*node), chains)):
            if not is_whole:
                graph.repositories[name].absent.add(image)

    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        for digest, config in self.read_configs(graph, digests):
            if config.created is not None:
                graph.created[digest] = config.created

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[tuple[str, ImageConfig]]:
        homes, asked = _homes(graph), dict.fromkeys(digests)
        known = ((digest, self._known[digest]) for digest in asked if digest in self._known)
        yield from ((digest, config) for digest, config in known if config is not None)
        wanted = [digest for digest in asked if digest in homes and digest not in self._known]
        self.progress.stage("reading dates", len(wanted), "images")
        contents = self.client.map(lambda image: self.client.image_json(homes[image], image), wanted)
        for image, content in zip(wanted, self.progress.each(contents)):
            if content is not None:
                yield image, parse_config(content)
            else:
                _enter_lost(graph, image)

    def _read(self, graph: Graph, names: Sequence[str]) -> Graph:
        for name, found in zip(names, self.client.map(self.client.images_by_tag, names)):
            if found is None:
                graph.notes.append(f"{name}: the registry has no such repository")
                continue
            tags = {tag: Tag(tag, graph.digests.setdefault(image, image), None) for tag, image in found.items()}
            graph.repositories[name] = Repository(name, tags)
        return graph

    def _ancestry(self, repository: str, image: str) -> list[str]:
        content = self.client.image_file(repository, image, "ancestry")
        try:
            named = read_json(content) if content else []
            return [one for one in named if isinstance(one, str) and is_image_id(one)]
        except (NotUnderstoodError, TypeError):
            return [image]

    def _read_image(self, graph: Graph, repository: str, image: str) -> bool:
        """Read an image, and tell whether it is there."""
        content = self.client.image_json(repository, image)
        if content is None:
            graph.notes.append(f"{repository}: image {image} is missing")
            self._known[image] = None
            return False
        files = Files(content, self.client.image_file(repository, image, "ancestry"), is_uploading=False)
        found = parse_image(image, files, self.client.layer_size(repository, image), graph.digests)
        graph.manifests[image], self._known[image] = found.manifest, found.config
        graph.blobs[image] = Weight(found.manifest.size, 0.0)
        return True


def _enter_lost(graph: Graph, image: str) -> None:
    """Enter an image that is not there: images belong to no repository."""
    for repository in graph.repositories.values():
        if any(tag.digest == image for tag in repository.tags.values()):
            repository.absent.add(image)


def _homes(graph: Graph) -> dict[str, str]:
    """Return a repository for every image, in which it may be asked for."""
    pairs: list[tuple[str, str]] = [
        (digest, name)
        for name, repository in graph.repositories.items()
        for digest in (*repository.revisions, *(tag.digest for tag in repository.tags.values()))
    ]
    return dict(pairs)
