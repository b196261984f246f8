# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a registry over the OCI distribution API into a graph, with as few requests as what is asked for needs.

One request for each tag tells its digest and its manifest. Index children and image configurations are read only for
the images that are asked about. What no tag reaches is not seen here, and no push time is.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence, TypeVar, Union

from .._basics.errors import RegistryError
from .._basics.order import natural_key
from .._basics.patterns import Pattern
from .._basics.progress import SILENT, Progress
from .._basics.weight import Weight
from .._client.client import Fetched, RegistryClient
from .._client.http import TooLongError
from .._graph.ability import Ability
from .._graph.attached import find_attached
from .._graph.damage import keep_damaged_whole, keep_whole
from .._graph.dates import add_dates, parts_of
from .._graph.graph import Graph, Manifest, Repository, Tag
from .._graph.manifest import (
    ImageConfig,
    claimed_types,
    is_image_type,
    is_manifest_type,
    parse_config,
    parse_manifest,
    parse_sizes,
)
from .._graph.reach import LeadingTo, Node, named_blobs
from .ability import find_ability
from .containment import Containment, Refused
from .source import ApiSource

R = TypeVar("R")

# Sent by 2.8 for images pushed in the old format. It is signed, so its bytes have another digest than its name says.
_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1"
_CONFIG_LIMIT = 16 * 1024 * 1024


class Parsed(NamedTuple):
    """A manifest, and of its children those that it does not call images, and those that it does not call manifests."""

    manifest: Manifest
    nested: tuple[str, ...] = ()
    likely_layers: tuple[str, ...] = ()


class _Layer:
    """Stands for a child of an index that is a layer, as in a build cache: there is no manifest of this digest."""


_LAYER = _Layer()
#: What comes of asking for a manifest; None where the registry does not have it.
_Found = Union[Fetched, Refused, _Layer, None]


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
        self._parsed: dict[str, Parsed] = {}
        # Whether sizes are entered: for a plan, which never asks for them here, they would only take memory.
        self._weighs = False
        self._likely_layers: set[str] = set()
        self._manifests = Containment(lambda node: self.client.manifest(*node), place_of=lambda node: node[0])
        self._blobs = Containment(lambda node: self.client.has_blob(*node), place_of=lambda node: node)
        self._configs = Containment(lambda node: self.client.blob(*node, _CONFIG_LIMIT), place_of=lambda node: node)
        # Whether what an index names is a manifest that its repository has: asked once. Some are layers of it.
        self._parts: dict[Node, bool] = {}
        self._layers: set[Node] = set()

    def find_ability(self, repository: str) -> Ability:
        return find_ability(self.client, repository)

    def read(self, named: Mapping[str, Iterable[str]] | None = None) -> Graph:
        """Read every tag with its manifest, each in one request (`named`: distribution #4891)."""
        graph = Graph()
        self.progress.stage("listing tags")
        listed = self._list_tags(graph, self._select(graph), named)
        self.progress.stage("reading manifests", len(listed), "tags")
        self._enter(graph, listed, self.progress.each(self.client.map(self._fetch, listed)))
        find_attached(graph)
        graph.warn_of_unknown_manifests()
        return graph

    def read_all(self) -> Graph:
        """Read every manifest that a tag or a referrer leads to, and the sizes that these tell."""
        self._weighs = True
        graph = self.read()
        self.complete(graph, {name: found.revisions for name, found in graph.repositories.items()})
        self._read_referrers(graph)
        return graph

    def read_names(self, with_tags: bool) -> Graph:
        """Read the names alone: the tags have no digests."""
        graph = Graph()
        names = self._select(graph)
        # Names that were given may be those of repositories that do not exist.
        if with_tags or self._names_are_given:
            for name, tag in self._list_tags(graph, names):
                graph.repositories[name].tags[tag] = Tag(tag, "", None)
        else:
            graph.repositories = {name: Repository(name) for name in names}
        return graph

    def read_tags(self, names: Sequence[str]) -> Graph:
        graph = Graph()
        listed = [node for node in self._list_tags(graph, self._select(graph)) if node[1] in names]
        self._enter(graph, listed, self.client.map(self._fetch, listed))
        return graph

    def read_again(self, names: Sequence[str], before: Graph) -> Graph:
        """Read what the tags of these repositories point to now; only manifests not seen before are fetched.

        A manifest that was there `before` is taken to be there still, with a tag or without. Of one that was not, all
        that belongs to it is read.
        """
        graph = Graph(digests=before.digests)
        listed = self._list_tags(graph, names, {name: found.tags for name, found in before.repositories.items()})
        self._enter(graph, listed, self.client.map(self._look, listed))
        self.complete(
            graph, {name: set(found.revisions) - set(before.manifests) for name, found in graph.repositories.items()}
        )
        for name in set(names) & set(before.repositories):
            repository = graph.repositories.setdefault(name, Repository(name))
            for digest in before.repositories[name].revisions:
                self._link(graph, repository, digest)
        find_attached(graph)
        return graph

    def complete(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        children = [
            (name, child)
            for name, digests in images.items()
            for digest in digests
            for child in graph.children_of(digest)
        ]
        self._descend(graph, children, only_indexes=False)

    def look_for_parts(self, graph: Graph, images: Mapping[str, Iterable[str]]) -> None:
        """Ask for configurations and layers. Parts of an index that are no manifests may be layers (build caches)."""
        self.complete(graph, images)
        wanted = [
            (name, digest)
            for name, digests in images.items()
            for digest in _blobs_of(graph, graph.repositories[name], digests)
        ]
        if wanted:
            self.progress.stage("looking for layers", len(wanted), "layers")
        for node, is_there in self._sorted_out(
            self._blobs, wanted, self.progress.each(self.client.map(self._ask_blob, wanted))
        ):
            repository = graph.repositories[node[0]]
            if isinstance(is_there, Refused) and repository.kept_whole is None:
                why = f"layer {node[1]} can't be read, {is_there.what}"
                keep_whole(graph, repository, why, _tags_naming(graph, repository, node[1]))
            elif is_there is True:
                repository.layer_links[node[1]] = 0.0
            elif is_there is False:
                repository.absent.add(node[1])

    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        wanted = set(digests)
        self.complete(graph, {name: wanted & set(found.revisions) for name, found in graph.repositories.items()})
        add_dates(graph, wanted, self.read_configs(graph, parts_of(graph, wanted)))

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[tuple[str, ImageConfig]]:
        homes = {digest: name for name, found in graph.repositories.items() for digest in found.revisions}
        by_config: dict[str, list[str]] = {}
        for digest in digests:
            manifest = graph.manifests.get(digest)
            if manifest is not None and manifest.config and digest in homes:
                by_config.setdefault(manifest.config, []).append(digest)
        wanted = [(homes[images[0]], config) for config, images in by_config.items()]
        self.progress.stage("reading dates", len(wanted), "image configurations")
        contents = self.progress.each(self.client.map(self._fetch_config, wanted))
        refused: dict[str, Refused] = {}
        for node, content in self._sorted_out(self._configs, wanted, contents):
            if isinstance(content, Refused):
                refused.setdefault(node[0], content)
            elif content is not None:
                graph.repositories[node[0]].layer_links[node[1]] = 0.0
                config = parse_config(content)
                yield from ((digest, config) for digest in by_config[node[1]])
        for name, one in refused.items():
            graph.warnings.append(f"{name}: the dates of some images can't be read ({one.what})")

    def _list_tags(
        self, graph: Graph, names: Sequence[str], named: Mapping[str, Iterable[str]] | None = None
    ) -> list[Node]:
        listed: list[Node] = []
        for name, tags in zip(names, self.client.map(self.client.tags, names)):
            # Distribution also answers 404 for a repository of its catalogue that has no tags.
            if tags is None and self._names_are_given:
                graph.notes.append(f"{name}: the registry has no such repository")
                continue
            graph.repositories[name] = Repository(name)
            known = {*(tags or ()), *(named or {}).get(name, ())}
            listed.extend((name, tag) for tag in sorted(known, key=natural_key))
        return listed

    def _enter(self, graph: Graph, listed: Sequence[Node], found: Iterable[_Found]) -> None:
        """Enter what each of the listed tags was found to be, and the indexes below it."""
        nested: list[Node] = []
        refused: list[Refused] = []
        for (name, tag), manifest in self._sorted_out(self._manifests, listed, found):
            repository = graph.repositories[name]
            if isinstance(manifest, Fetched):
                digest = graph.digests.setdefault(manifest.digest, manifest.digest)
                nested.extend((name, child) for child in self._learn(graph, manifest).nested)
                repository.tags[tag] = Tag(tag, digest, None)
                self._link(graph, repository, digest)
                continue
            repository.tags[tag] = Tag(tag, "", None)
            if isinstance(manifest, Refused):
                refused.append(manifest)
            else:
                graph.notes.append(f"{name}: tag {tag} is listed, and the registry does not have its manifest")
        self._keep_whole(graph, refused)
        self._descend(graph, nested, only_indexes=True)

    def _descend(self, graph: Graph, nodes: Iterable[Node], *, only_indexes: bool) -> None:
        """Read these manifests, and below them all or only the indexes; each is asked for once in its repository."""
        waiting = list(dict.fromkeys(nodes))
        seen: set[Node] = set(waiting)
        refused: list[Refused] = []
        while waiting:
            asked = [node for node in waiting if node not in self._parts]
            for node, found in self._sorted_out(self._manifests, asked, self.client.map(self._look, asked)):
                if isinstance(found, Refused):
                    refused.append(found)
                    continue
                self._parts[node] = isinstance(found, Fetched)
                if isinstance(found, Fetched):
                    self._learn(graph, found)
                elif isinstance(found, _Layer):
                    self._layers.add(node)
                    graph.notes.append(f"{node[0]}: {node[1]} is part of an index, and a layer")
                else:
                    graph.notes.append(f"{node[0]}: {node[1]} is part of an index, and the registry does not have it")
            below = [(node[0], child) for node in waiting for child in self._below(graph, node, only_indexes)]
            waiting = [node for node in dict.fromkeys(below) if node not in seen]
            seen.update(waiting)
        self._keep_whole(graph, refused)

    def _below(self, graph: Graph, node: Node, only_indexes: bool) -> Sequence[str]:
        """Enter a part of an index as what it was found to be, and return what is to be read below it."""
        name, digest = node
        repository = graph.repositories[name]
        if node not in self._parts:
            return ()
        if not self._parts[node]:
            repository.revisions.pop(digest, None)
            if node in self._layers:
                repository.layer_links[digest] = 0.0
            return ()
        self._link(graph, repository, digest)
        parsed = self._parsed[digest]
        return parsed.nested if only_indexes else parsed.manifest.children

    def _sorted_out(
        self, containment: Containment, nodes: Iterable[Node], outcomes: Iterable[R]
    ) -> Iterator[tuple[Node, R]]:
        """Yield each node with what came of it. Raises RegistryError where that says that the server is busy."""
        for node, found in zip(nodes, outcomes):
            if isinstance(found, Refused):
                containment.judge(found)
            elif found not in (None, _LAYER):
                containment.saw(node)
            yield node, found
        containment.settle()

    def _keep_whole(self, graph: Graph, refused: Sequence[Refused]) -> None:
        """Keep the repositories whole that have what can't be read."""
        nodes = [found.node for found in refused]
        needing = LeadingTo(graph, nodes, {})
        for found in refused:
            repository = graph.repositories[found.node[0]]
            if repository.kept_whole is None:
                tags = [reference for name, reference in nodes if name == repository.name and ":" not in reference]
                tags += [tag.name for tag in repository.tags.values() if (repository.name, tag.digest) in needing]
                keep_whole(graph, repository, f"a manifest can't be read, {found.what}", tags)
        keep_damaged_whole(graph)

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

    def _learn(self, graph: Graph, found: Fetched) -> Parsed:
        if self._weighs and found.content:
            graph.blobs[found.digest] = Weight(len(found.content), 0.0)
            sizes = parse_sizes(found.content)
            graph.blobs.update((digest, Weight(size, 0.0)) for digest, size in sizes.items())
        if found.digest not in self._parsed:
            parsed = self._parsed[found.digest] = _parse(found, graph.digests)
            self._likely_layers.update(parsed.likely_layers)
        return self._parsed[found.digest]

    def _fetch(self, node: Node) -> _Found:
        """Return the manifest of a tag or digest."""
        return self._manifests.attempt(node, lambda attempts: self.client.manifest(*node, attempts))

    def _look(self, node: Node) -> _Found:
        """Return the manifest; without its content where that was seen before."""

        def ask(attempts: int) -> Fetched | None:
            name, reference = node
            if ":" in reference and reference not in self._parsed:
                return self.client.manifest(name, reference, attempts)
            digest = self.client.manifest_digest(name, reference, attempts)
            if digest is None or digest in self._parsed:
                return Fetched(digest, "", b"") if digest else None
            return self.client.manifest(name, digest, attempts)

        is_likely = node[1] in self._likely_layers
        found = self._manifests.attempt(node, ask, is_patient=not is_likely)
        may_be_layer = isinstance(found, Refused) or (found is None and is_likely)
        if may_be_layer and self._is_layer(node):
            return _LAYER
        return self._manifests.attempt(node, ask) if is_likely and isinstance(found, Refused) else found

    def _is_layer(self, node: Node) -> bool:
        """Tell whether what can't be read as a manifest is a layer: an index may name such (build caches)."""
        try:
            return ":" in node[1] and self.client.has_blob(*node)
        except RegistryError:
            return False

    def _ask_blob(self, node: Node) -> bool | Refused:
        return self._blobs.attempt(node, lambda attempts: self.client.has_blob(*node, attempts))

    def _fetch_config(self, node: Node) -> bytes | Refused | None:
        """Return an image's configuration; None where it is not there, or longer than one ever is."""
        try:
            return self._configs.attempt(node, lambda attempts: self.client.blob(*node, _CONFIG_LIMIT, attempts))
        except TooLongError:
            return None


def _nodes(graph: Graph) -> Iterator[Node]:
    return ((name, digest) for name, one in graph.repositories.items() for digest in one.revisions)


def _blobs_of(graph: Graph, repository: Repository, images: Iterable[str]) -> Iterator[str]:
    """Yield each blob of these images once that was not asked for."""
    waiting, seen = list(images), {*repository.layer_links, *repository.absent}
    while waiting:
        digest = waiting.pop()
        manifest = graph.manifests.get(digest)
        if digest in seen or manifest is None or not manifest.is_known:
            continue
        seen.add(digest)
        parts = [child for child in manifest.children if child in repository.revisions]
        waiting.extend(parts)
        needed = [one for one in manifest.layers if one not in manifest.elsewhere]
        for blob in (*([manifest.config] if manifest.config else ()), *needed, *(() if parts else manifest.children)):
            if blob not in seen:
                seen.add(blob)
                yield blob


def _tags_naming(graph: Graph, repository: Repository, blob: str) -> list[str]:
    """Return the tags whose image has this configuration or layer."""
    images = [one for one in repository.revisions if blob in named_blobs(graph, [one])]
    needing = LeadingTo(graph, [(repository.name, image) for image in images], {})
    return [tag.name for tag in repository.tags.values() if (repository.name, tag.digest) in needing]


def _parse(found: Fetched, digests: dict[str, str]) -> Parsed:
    if found.media_type.startswith(_SCHEMA1):
        return Parsed(Manifest(found.media_type, len(found.content), is_known=False))
    manifest = parse_manifest(found.digest, found.content, digests)
    claims = claimed_types(found.content) if manifest.is_known and manifest.children else {}
    nested = tuple(child for child, claimed in claims.items() if not is_image_type(claimed))
    return Parsed(manifest, nested, tuple(child for child in nested if not is_manifest_type(claims[child])))
