# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a registry over the OCI distribution API into a graph, with as few requests as what is asked for needs.

One request for each tag tells its digest and its manifest. Index children and image configurations are read only for
the images that are asked about. What no tag reaches is not seen here, and no push time is.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._damage import keep_damaged_whole
from .._graph import Graph, Manifest, Repository, Tag
from .._manifest import ImageConfig, claimed_types, is_image_type, parse_config, parse_manifest
from .._order import natural_key
from .._patterns import Pattern
from .._permission import Ability
from .._progress import SILENT, Progress
from .._reach import Node
from ._ability import find_ability
from ._client import Fetched, RegistryClient
from ._source import ApiSource

# Sent by 2.8 for images pushed in the old format. It is signed, so its bytes have another digest than its name says.
_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1"
_CONFIG_LIMIT = 16 * 1024 * 1024


class Parsed(NamedTuple):
    """A manifest, and those of its children that are indexes themselves."""

    manifest: Manifest
    nested: Tuple[str, ...]


class V2Api(ApiSource):
    """A registry as the API v2 shows it."""

    client: RegistryClient

    def __init__(
        self,
        client: RegistryClient,
        included: Sequence[Pattern],
        excluded: Sequence[Pattern],
        progress: Progress = SILENT,
    ) -> None:
        super().__init__(client, included, excluded, progress)
        self._parsed: Dict[str, Parsed] = {}

    def find_ability(self, repository: str) -> Ability:
        return find_ability(self.client, repository)

    def read(self, named: Optional[Mapping[str, Iterable[str]]] = None) -> Graph:
        """Read every tag with its manifest, each in one request (`named`: distribution #4891)."""
        graph = Graph()
        self.progress.stage("listing tags")
        listed = self._list_tags(graph, self._select(graph), named)
        self.progress.stage("reading manifests", len(listed), "tags")
        self._enter(graph, listed, self.progress.each(self.client.map(self._fetch, listed)))
        keep_damaged_whole(graph)
        graph.warn_of_unknown_manifests()
        return graph

    def read_tags(self, names: Sequence[str]) -> Graph:
        graph = Graph()
        listed = [node for node in self._list_tags(graph, self._select(graph)) if node[1] in names]
        self._enter(graph, listed, self.client.map(self._fetch, listed))
        return graph

    def read_again(self, names: Sequence[str], before: Graph) -> Graph:
        """Read what the tags of these repositories point to now; only manifests not seen before are fetched.

        A manifest that was there `before` is taken to be there still, with a tag or without.
        """
        graph = Graph(digests=before.digests)
        listed = self._list_tags(graph, names, {name: found.tags for name, found in before.repositories.items()})
        self._enter(graph, listed, self.client.map(self._look, listed))
        for name in set(names) & set(before.repositories):
            repository = graph.repositories.setdefault(name, Repository(name))
            for digest in before.repositories[name].revisions:
                self._link(graph, repository, digest)
        return graph

    def complete(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        children = [
            (name, child)
            for name, digests in images.items()
            for digest in digests
            for child in graph.children_of(digest)
        ]
        self._descend(graph, children, only_indexes=False)

    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        """Add the image dates of the given manifests to the graph; an index has the date of its youngest child."""
        wanted = set(digests)
        self.complete(graph, {name: wanted & set(found.revisions) for name, found in graph.repositories.items()})
        images = [(digest, image) for digest in wanted for image in graph.children_of(digest) or (digest,)]
        configs = dict(self.read_configs(graph, {image for _digest, image in images}))
        for digest, image in images:
            created = configs[image].created if image in configs else None
            if created is not None:
                graph.created[digest] = max(created, graph.created.get(digest, created))

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[Tuple[str, ImageConfig]]:
        homes = {digest: name for name, found in graph.repositories.items() for digest in found.revisions}
        by_config: Dict[str, List[str]] = {}
        for digest in digests:
            manifest = graph.manifests.get(digest)
            if manifest is not None and manifest.config and digest in homes:
                by_config.setdefault(manifest.config, []).append(digest)
        wanted = [(homes[images[0]], config) for config, images in by_config.items()]
        self.progress.stage("reading dates", len(wanted), "image configurations")
        contents = self.progress.each(self.client.map(self._fetch_config, wanted))
        for images, content in zip(by_config.values(), contents):
            if content is not None:
                config = parse_config(content)
                yield from ((digest, config) for digest in images)

    def _list_tags(
        self, graph: Graph, names: Sequence[str], named: Optional[Mapping[str, Iterable[str]]] = None
    ) -> List[Node]:
        listed: List[Node] = []
        for name, tags in zip(names, self.client.map(self.client.tags, names)):
            # Distribution also answers 404 for a repository of its catalogue that has no tags.
            if tags is None and self._names_are_given:
                graph.notes.append(f"{name}: the registry has no such repository")
                continue
            graph.repositories[name] = Repository(name)
            known = {*(tags or ()), *(named or {}).get(name, ())}
            listed.extend((name, tag) for tag in sorted(known, key=natural_key))
        return listed

    def _enter(self, graph: Graph, listed: Sequence[Node], found: Iterable[Optional[Fetched]]) -> None:
        """Enter what each of the listed tags was found to be, and the indexes below it."""
        nested: List[Node] = []
        for (name, tag), manifest in zip(listed, found):
            repository = graph.repositories[name]
            if manifest is None:
                repository.dangling.append(tag)
                graph.notes.append(f"{name}: tag {tag} is listed, and the registry does not have its manifest")
                continue
            digest = graph.digests.setdefault(manifest.digest, manifest.digest)
            nested.extend((name, child) for child in self._learn(graph, manifest).nested)
            repository.tags[tag] = Tag(tag, digest, None)
            self._link(graph, repository, digest)
        self._descend(graph, nested, only_indexes=True)

    def _descend(self, graph: Graph, nodes: Iterable[Node], *, only_indexes: bool) -> None:
        """Read these manifests, and below them all or only the indexes; each is asked for once in its repository."""
        waiting = list(dict.fromkeys(nodes))
        asked: Set[Node] = set(waiting)
        while waiting:
            below: List[Node] = []
            for (name, digest), found in zip(waiting, self.client.map(self._look, waiting)):
                if found is None:
                    graph.repositories[name].revisions.pop(digest, None)
                    graph.notes.append(f"{name}: {digest} is part of an index, and the registry does not have it")
                    continue
                parsed = self._learn(graph, found)
                self._link(graph, graph.repositories[name], digest)
                below.extend((name, child) for child in (parsed.nested if only_indexes else parsed.manifest.children))
            waiting = [node for node in dict.fromkeys(below) if node not in asked]
            asked.update(waiting)

    def _link(self, graph: Graph, repository: Repository, digest: str) -> None:
        """Enter a manifest and what it names as far as that is known."""
        waiting = [digest]
        while waiting:
            current = waiting.pop()
            parsed = self._parsed.get(current)
            if current in repository.revisions and (parsed is None or current in graph.manifests):
                continue
            repository.revisions[current] = 0.0
            if parsed is not None:
                graph.manifests[current] = parsed.manifest
                waiting.extend(parsed.manifest.children)

    def _learn(self, graph: Graph, found: Fetched) -> Parsed:
        if found.digest not in self._parsed:
            self._parsed[found.digest] = _parse(found, graph.digests)
        return self._parsed[found.digest]

    def _fetch(self, node: Node) -> Optional[Fetched]:
        """Return the manifest of a tag or digest, None where the repository does not have it."""
        return self.client.manifest(*node)

    def _look(self, node: Node) -> Optional[Fetched]:
        """Return the manifest; without its content where that was seen before."""
        name, reference = node
        if ":" in reference and reference not in self._parsed:
            return self.client.manifest(name, reference)
        digest = self.client.manifest_digest(name, reference)
        if digest is None:
            return None
        return Fetched(digest, "", b"") if digest in self._parsed else self.client.manifest(name, digest)

    def _fetch_config(self, node: Node) -> Optional[bytes]:
        return self.client.blob(*node, limit=_CONFIG_LIMIT)


def _parse(found: Fetched, digests: Dict[str, str]) -> Parsed:
    if found.media_type.startswith(_SCHEMA1):
        return Parsed(Manifest(found.media_type, len(found.content), is_known=False), ())
    manifest = parse_manifest(found.digest, found.content, digests)
    claims = claimed_types(found.content) if manifest.is_known and manifest.children else {}
    return Parsed(manifest, tuple(child for child, claimed in claims.items() if not is_image_type(claimed)))
