# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the storage layout of the old v1 registry (docker-registry 0.9.1) into a graph.

Layout: docs/registry_facts.md#v1-storage-layout. An image is a manifest, whose children are its ancestors, and a blob,
whose size is that of its directory. A repository's revisions are the images that its tags lead to and those that its
`_index_images` lists. The order of reading matters while the registry is open: images before tags, so that what arrives
meanwhile is never a candidate; then those images that have arrived.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Iterable, Iterator

from .._basics.api_version import V1
from .._basics.errors import DoubtError
from .._graph.graph import Debris, Graph, Repository, Tag
from .._graph.manifest import ImageConfig
from .._graph.planted import V1_IMAGE, Planted
from .._graph.removal import Removal, RepositoryRemoval
from .._graph.strict_json import NotUnderstoodError, read_json, require_object
from .._graph.v1_image import Files, as_damaged, is_image_id, parse_image
from .._storage.base import Listing
from . import v1_paths as paths
from .base import Layout, Step

_NOTHING = Listing([], [])
_ENTRY = frozenset({"id"})
_ID_LIMIT = 4096
_JSON_LIMIT = 16 * 1024 * 1024
# Without one of these the registry does not serve the image (docker-registry 0.9.1, images.py).
_WHOLE = frozenset({"json", "ancestry", "layer"})


class V1Layout(Layout):
    """The v1 layout on any storage."""

    version = V1

    def source(self) -> dict[str, str]:
        return {**self.storage.source(), "api_version": self.version}

    def read(self) -> Graph:
        graph = Graph(has_all_blobs=True, images_are_global=True)
        self._configs: dict[str, ImageConfig] = {}
        self._partial: set[str] = set()
        self.progress.stage("reading images", things="images")
        self._read_images(graph)
        self.progress.stage("reading repositories", things="repositories")
        indexes: dict[str, _Index] = {}
        for name, listing in self.progress.each(self._repositories()):
            repository = graph.repositories[name] = Repository(name)
            indexes[name] = self._read_repository(graph, repository, listing)
        self._read_images(graph)
        _require_images(graph)
        _doubt(graph)
        for name, index in indexes.items():
            _link(graph, graph.repositories[name], index)
            graph.repositories[name].absent = self._partial & graph.repositories[name].revisions.keys()
            self._sort_out(graph, graph.repositories[name], index)
        _note_missing(graph)
        return graph

    def read_names(self, with_tags: bool) -> Graph:
        graph = Graph(images_are_global=True)
        for name, listing in self._repositories():
            if self.selects(name):
                repository = graph.repositories[name] = Repository(name)
                if with_tags:
                    self._read_tags(graph, repository, listing.files)
            else:
                graph.unread.append(name)
        return graph

    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        for digest, config in self.read_configs(graph, digests):
            if config.created is not None:
                graph.created[digest] = config.created

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[tuple[str, ImageConfig]]:
        """Yield what was read with the images."""
        return ((digest, self._configs[digest]) for digest in digests if digest in self._configs)

    def steps(self, removal: Removal, graph: Graph) -> Iterator[Step]:
        for name, gone in removal.repositories.items():
            # Without the tag nothing tells any more that this goes with it.
            if "latest" in gone.tags:
                yield Step(None, paths.repository_json(name))
            for tag in gone.tags:
                yield Step("tags", paths.tag(name, tag))
                yield Step(None, paths.tag_companion(name, tag))
        for name, gone in removal.repositories.items():
            yield from self._unlisting(name, gone)
        # What is based on others goes before these.
        for image in sorted(removal.blobs, key=lambda image: -len(graph.children_of(image))):
            yield Step("blobs", paths.image(image), removal.blobs[image].size)
        for path, debris in removal.debris.items():
            yield Step("debris", path, debris.size)
        for name, gone in removal.repositories.items():
            if gone.is_removed:
                yield Step("repositories", paths.repository(name), 0, paths.REPOSITORIES)

    def repository_names(self) -> Iterator[str]:
        return (name for name, _listing in self._repositories())

    def readable_tags(self, repository: str) -> Iterator[str]:
        found, graph = Repository(repository), Graph()
        listing = self.storage.entries(paths.repository(repository)) or _NOTHING
        self._read_tags(graph, found, listing.files)
        for tag in found.tags.values():
            files = (self.storage.entries(paths.image(tag.digest)) or _NOTHING).files
            if "json" in files and "_inprogress" not in files:
                yield tag.name

    def plant(self, repository: str) -> Planted:
        """Return an image of its own without a layer."""
        image = secrets.token_hex(32)
        path = paths.image(image)
        files = {f"{path}/json": {"id": image, "comment": "drydock"}, f"{path}/ancestry": [image]}
        content_by_path = {name: json.dumps(content).encode() for name, content in files.items()}
        return Planted(content_by_path, repository, V1_IMAGE, image)

    def spare_file(self, repository: str, tag: str) -> str | None:
        """Return what tells with which client the tag was pushed."""
        companion = paths.tag_companion(repository, tag)
        return companion if self.storage.read(companion, 1) else None

    def listed_as(self, repository: str, tag: str) -> str:
        return paths.tag(repository, tag)

    def _unlisting(self, name: str, gone: RepositoryRemoval) -> Iterator[Step]:
        """Yield the step that takes images from the list of a repository, unless that goes with the repository."""
        if not gone.manifests:
            return
        index = None if gone.is_removed else self._read_index(name)
        if index is None or not index.listed:
            yield Step("manifests", None, number=len(gone.manifests))
        else:
            left = [entry for entry in index.entries if entry["id"] not in gone.manifests]
            content = json.dumps(left).encode()
            yield Step("manifests", paths.index(name), content=content, number=len(gone.manifests))

    def _read_images(self, graph: Graph) -> None:
        """Read every image that was not read before."""
        for name in (self.storage.entries(paths.IMAGES) or _NOTHING).directories:
            if name in graph.blobs:
                continue
            if not is_image_id(name):
                graph.notes.append(f"{paths.image(name)} is not an image")
            else:
                self._read_image(graph, name)
                self.progress.advance()

    def _has_bytes(self, path: str) -> bool:
        found = self.storage.read(path, 1)
        return found is not None and bool(found[0])

    def _read_image(self, graph: Graph, image: str) -> None:
        path = paths.image(image)
        files, weight = self.storage.entries(path), self.storage.weigh_tree(path)
        if files is None or weight is None:
            return
        if files == _NOTHING:
            graph.debris[path] = Debris(None, weight.size, weight.modified)
            return
        content, ancestry = (self._content(f"{path}/{name}", _JSON_LIMIT) for name in ("json", "ancestry"))
        found = parse_image(image, Files(content, ancestry, "_inprogress" in files.files), weight.size, graph.digests)
        if "_inprogress" in files.files or not _WHOLE.issubset(files.files) or not self._has_bytes(f"{path}/layer"):
            self._partial.add(image)
        graph.digests[image] = image
        graph.blobs[image], graph.manifests[image] = weight, found.manifest
        self._configs[image] = found.config
        if "_inprogress" in files.files:
            graph.notes.append(f"image {image} is still being uploaded: it is kept")
        elif found.problem:
            graph.warnings.append(f"image {image} and what it may be based on are kept: {found.problem}")
        if found.has_unknown_base:
            graph.unknown_bases.add(image)

    def _content(self, path: str, limit: int) -> bytes | None:
        found = self.storage.read(path, limit)
        return found[0] if found else None

    def _repositories(self) -> Iterator[tuple[str, Listing]]:
        """Yield (name, listing) of every repository."""
        for namespace in (self.storage.entries(paths.REPOSITORIES) or _NOTHING).directories:
            for directory in (self.storage.entries(f"{paths.REPOSITORIES}/{namespace}") or _NOTHING).directories:
                path = f"{paths.REPOSITORIES}/{namespace}/{directory}"
                name = paths.repository_name(namespace, directory)
                if name is None:
                    raise DoubtError(f"{path} is no directory that a registry writes, and it may need any image")
                yield name, self.storage.entries(path) or _NOTHING

    def _read_repository(self, graph: Graph, repository: Repository, listing: Listing) -> _Index:
        self._read_tags(graph, repository, listing.files)
        tags = {paths.tag(repository.name, tag).rpartition("/")[2] for tag in repository.tags}
        companions = {paths.tag_companion(repository.name, tag).rpartition("/")[2] for tag in repository.tags}
        for file in set(listing.files) - tags - companions:
            if paths.is_companion(file) or file.startswith(f".{paths.INDEX}.drydock-"):
                self._add_debris(graph, repository, file)
            elif file not in paths.FILES:
                repository.is_tidy = False
        repository.is_tidy = repository.is_tidy and not listing.directories
        index = self._read_index(repository.name)
        if index is None:
            repository.kept_whole = f"its {paths.INDEX} is broken"
            graph.warnings.append(f"{repository.name}: its {paths.INDEX} is broken, so the whole repository is kept")
        return index or _Index(0.0, [])

    def _add_debris(self, graph: Graph, repository: Repository, file: str) -> None:
        path = f"{paths.repository(repository.name)}/{file}"
        found = self.storage.weigh_tree(path)
        if found:
            graph.debris[path] = Debris(repository.name, found.size, found.modified)

    def _sort_out(self, graph: Graph, repository: Repository, index: _Index) -> None:
        """Enter a list of nothing that is there as debris: no push was begun with it, or it is still too young."""
        if index.modified and not repository.tags and not repository.revisions:
            self._add_debris(graph, repository, paths.INDEX)

    def _read_index(self, name: str) -> _Index | None:
        """Return which images the repository lists, None where that can't be understood."""
        for content, modified in self.looks(paths.index(name), _JSON_LIMIT, absent=b"[]"):
            try:
                entries = read_json(content)
                if isinstance(entries, list) and all("id" in require_object(one, _ENTRY) for one in entries):
                    return _Index(modified, entries)
            except NotUnderstoodError:
                continue
        return None

    def _read_tags(self, graph: Graph, repository: Repository, files: list[str]) -> None:
        for file in files:
            quoted = paths.tag_in(file)
            if quoted is None:
                continue
            image, pushed = self._read_tag(f"{paths.repository(repository.name)}/{file}")
            name = paths.tag_name(quoted)
            if image is not None:
                repository.tags[name or quoted] = Tag(name or quoted, image, pushed)
            if name is None or (image is None and not _is_companion_of_a_tag(file, files)):
                repository.kept_whole = f"its file {file} is no tag that can be understood"
                graph.warnings.append(
                    f"{repository.name}: its file {file} is no tag that can be understood, so the whole repository is "
                    "kept; push the tag again to mend it"
                )

    def _read_tag(self, path: str) -> tuple[str | None, float]:
        """Return the image that a tag names and the file's time; None for what stays no image's id."""
        modified = 0.0
        for content, modified in self.looks(path, _ID_LIMIT):
            image = content.decode("ascii", "replace").strip()
            if is_image_id(image):
                return image, modified
            if content.startswith(b"{"):
                break
        return None, modified


class _Index:
    """What a repository's `_index_images` lists: entries with an `id`."""

    def __init__(self, modified: float, entries: list[dict[str, Any]]) -> None:
        self.modified = modified
        self.entries = entries
        self.listed: set[str] = {str(entry["id"]) for entry in entries}


def _is_companion_of_a_tag(file: str, files: list[str]) -> bool:
    """Tell whether it goes with a tag such as `_x`, whose companion `tag_x_json` looks like a tag `x_json`."""
    return any(paths.companion(quoted) == file for quoted in map(paths.tag_in, files) if quoted is not None)


def _require_images(graph: Graph) -> None:
    """Raise DoubtError where there are tags and no image at all: most likely a volume is not mounted."""
    tags = sum(len(repository.tags) for repository in graph.repositories.values())
    if tags and not graph.blobs:
        raise DoubtError(
            f"there are {tags} tags and {paths.IMAGES} holds no image; is the storage mounted whole? "
            "Nothing was changed"
        )


def _doubt(graph: Graph) -> None:
    """Let images of which it is not known what they are based on be based on all that it may be."""
    manifests = graph.manifests
    for image, manifest in list(manifests.items()):
        parent = manifests.get(manifest.children[0]) if manifest.children else None
        if parent is not None and manifest.is_known and parent.is_known and manifest.children[1:] != parent.children:
            manifests[image] = as_damaged(manifest, tuple(dict.fromkeys((*manifest.children, *parent.children))))
            graph.warnings.append(f"image {image} is kept: its ancestry is not that of its parent")
    everything = tuple(sorted(manifests))
    for image in graph.unknown_bases:
        manifests[image] = as_damaged(manifests[image], everything)
    if graph.unknown_bases:
        graph.warnings.append(
            f"every image is kept, for it is not known what image {min(graph.unknown_bases)} is based on; "
            f"mend its ancestry, or move {paths.image(min(graph.unknown_bases))} away to give it up"
        )


def _link(graph: Graph, repository: Repository, index: _Index) -> None:
    """Enter the images of a repository. One that it only lists is as young as the list: a push may have begun."""
    for tag in repository.tags.values():
        for image in (tag.digest, *graph.children_of(tag.digest)):
            if image in graph.blobs:
                repository.revisions[image] = graph.blobs[image].modified
    for image in index.listed - repository.revisions.keys():
        if image in graph.blobs:
            repository.revisions[graph.digests[image]] = max(index.modified, graph.blobs[image].modified)


def _note_missing(graph: Graph) -> None:
    for name, repository in graph.repositories.items():
        for tag in repository.tags.values():
            if tag.digest not in graph.blobs:
                graph.notes.append(f"{name}: tag {tag.name} points to image {tag.digest}, which is missing")
    for image, manifest in graph.manifests.items():
        missing = [ancestor for ancestor in manifest.children if ancestor not in graph.blobs]
        if missing:
            graph.notes.append(f"image {image} is based on {missing[0]}, which is missing")
