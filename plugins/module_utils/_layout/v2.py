# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the storage layout of Distribution 2.8 and 3.x into a graph.

Layout: docs/registry_facts.md#v2-storage-layout; what to make of oddities: docs/doubt.md. The order of reading
matters while the registry is open: blobs before links and links before tags, so that what arrives meanwhile is never a
candidate.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Iterable, Iterator

from .._basics.api_version import V2
from .._basics.errors import DoubtError
from .._graph.attached import find_attached
from .._graph.damage import keep_damaged_whole
from .._graph.dates import add_dates, parts_of
from .._graph.graph import EMPTY, Debris, Graph, Manifest, Repository, Tag
from .._graph.manifest import ImageConfig, parse_config, parse_manifest
from .._graph.planted import BLOB, Planted
from .._graph.reach import linked_digests
from .._graph.removal import Removal
from .._storage.base import Listing
from . import v2_paths as paths
from .base import Layout, Step
from .known import digests_in

_is_hex = re.compile(r"[0-9a-f]{64,128}").fullmatch
_LINK = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\s*")
_LINK_LIMIT = 4096
# A link holds at least a digest by sha256.
_SHORTEST_LINK = len("sha256:") + 64
# The registry refuses larger manifests (MANIFEST_INVALID); what is linked is read up to sixteen times that size.
_LARGEST_MANIFEST = 4 * 1024 * 1024
_MANIFEST_LIMIT = 16 * _LARGEST_MANIFEST
_NOTHING = Listing([], [])
# So many manifests are named in a warning.
_SHOWN = 5


class V2Layout(Layout):
    """The v2 layout on any storage."""

    version = V2

    def source(self) -> dict[str, str]:
        return self.storage.source()

    def read(self) -> Graph:
        """Read everything that is linked, each manifest once."""
        self.storage.look_anew()
        graph = Graph(digests=digests_in(self.known), has_all_blobs=True)
        self.progress.stage("listing blobs", things="blobs")
        self._read_blobs(graph)
        self.progress.stage("reading repositories", things="repositories")
        for path, listing in self.progress.each(self._repositories(graph)):
            repository = Repository(path)
            graph.repositories[path] = repository
            repository.is_tidy = set(listing.directories) <= set(paths.COMPONENTS) and not listing.files
            repository.revisions = self._link_times(graph, repository, paths.revisions(path))
            self._read_layer_links(graph, repository)
            self._read_uploads(repository)
            self._read_tags(graph, repository)
        for path in self.storage.unfinished():
            self._add_debris(graph, None, path)
        _require_blobs(graph)
        self._read_manifests(graph)
        self.known, graph.digests = graph.manifests, {}
        find_attached(graph)
        _note_oddities(graph)
        _warn_of_lost_manifests(graph)
        graph.warn_of_unknown_manifests()
        return graph

    def read_names(self, with_tags: bool) -> Graph:
        graph = Graph()
        for name, _listing in self._repositories(graph):
            if self.selects(name):
                repository = graph.repositories[name] = Repository(name)
                if with_tags:
                    self._read_tags(graph, repository)
            else:
                graph.unread.append(name)
        return graph

    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        wanted = set(digests)
        parts = parts_of(graph, wanted)
        self.progress.stage("reading dates", len(parts), "images")
        add_dates(graph, wanted, self.progress.each(self.read_configs(graph, parts)))

    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[tuple[str, ImageConfig]]:
        known = ((digest, graph.manifests[digest].config) for digest in digests if digest in graph.manifests)
        wanted = [(digest, paths.blob_data(graph.stored_as(config))) for digest, config in known if config]
        contents = self.storage.read_each((path for _digest, path in wanted), _MANIFEST_LIMIT)
        for (digest, _path), content in zip(wanted, contents):
            if content is not None:
                yield digest, parse_config(content)

    def steps(self, removal: Removal, graph: Graph) -> Iterator[Step]:
        # Before the tags and the repositories that it lies in.
        for path, debris in removal.debris.items():
            yield Step("debris", path, debris.size, None if debris.repository else paths.top_of(path))
        yield from _tag_steps(removal, graph)
        for name, gone in removal.repositories.items():
            if gone.manifests:
                entries = self._index_entries(graph.repositories[name], set(gone.manifests))
                yield from (Step(None, path) for path in entries)
        for name, gone in removal.repositories.items():
            # Indexes before what they name.
            manifests = sorted(gone.manifests, key=lambda digest: not graph.children_of(digest))
            yield from (Step("manifests", paths.revision(name, digest)) for digest in manifests)
        for name, gone in removal.repositories.items():
            yield from (Step("layer_links", paths.layer_link(name, digest)) for digest in gone.layer_links)
        for digest, blob in removal.blobs.items():
            yield Step("blobs", paths.blob(digest), blob.size, paths.blobs_of(digest))
        for name, gone in removal.repositories.items():
            uploads = gone.uploads.items()
            yield from (Step("uploads", paths.upload(name, upload), weight.size) for upload, weight in uploads)
        # The innermost first: a repository can lie in the directory of another.
        for name in sorted((name for name, gone in removal.repositories.items() if gone.is_removed), reverse=True):
            parts = self._repository_parts(name)
            yield from (Step(None, path) for path in parts[:-1])
            yield from (Step("repositories", path, 0, paths.REPOSITORIES) for path in parts[-1:])

    def repository_names(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            name = waiting.pop()
            below = sorted(self._directories(paths.repository(name)), reverse=True)
            if name and not set(paths.COMPONENTS).isdisjoint(below):
                yield name
            waiting.extend(f"{name}/{one}" if name else one for one in below if not one.startswith("_"))

    def readable_tags(self, repository: str) -> Iterator[str]:
        for leaf in self.storage.read_leaves(paths.tags(repository), "current/link", _LINK_LIMIT):
            digest = _linked(leaf.content)
            if digest and self._serves(repository, digest):
                yield leaf.name

    def plant(self, repository: str) -> Planted:
        """Return a random blob with its link."""
        content = os.urandom(32)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        files = {
            paths.blob_data(digest): content,
            f"{paths.layer_link(repository, digest)}/link": digest.encode(),
        }
        return Planted(files, repository, BLOB, digest)

    def spare_file(self, repository: str, tag: str) -> str | None:
        """Return the link by which the tag remembers its digest, which only deleting that digest asks for."""
        digest, _pushed = self._read_link(f"{paths.tag_current(repository, tag)}/link")
        if digest is None:
            return None
        link = f"{paths.tag_index(repository, tag)}/{digest.replace(':', '/', 1)}/link"
        return link if self.storage.read(link, 1) else None

    def listed_as(self, repository: str, tag: str) -> str:
        return paths.tag(repository, tag)

    def _serves(self, repository: str, digest: str) -> bool:
        """Tell whether it is linked and there, and nothing that only some registries serve (schema 1)."""
        link = self.storage.read(f"{paths.revision(repository, digest)}/link", _LINK_LIMIT)
        content = self.storage.read(paths.blob_data(digest), _LARGEST_MANIFEST) if link and link[0] else None
        return content is not None and parse_manifest(digest, content[0], {}).is_known

    def _index_entries(self, repository: Repository, digests: set[str]) -> Iterator[str]:
        """Yield the paths at which the repository's tags remember one of the digests in their index."""
        for tag in repository.tags:
            index = paths.tag_index(repository.name, tag)
            for algorithm in self._directories(index):
                for name in self._directories(f"{index}/{algorithm}"):
                    if f"{algorithm}:{name}" in digests:
                        yield f"{index}/{algorithm}/{name}"

    def _repository_parts(self, name: str) -> list[str]:
        """Return the paths that make up a repository: its directory, or its components where others lie in it."""
        listing = self.storage.entries(paths.repository(name)) or _NOTHING
        if all(part in paths.COMPONENTS for part in listing.directories):
            return [paths.repository(name)]
        return [f"{paths.repository(name)}/{part}" for part in listing.directories if part in paths.COMPONENTS]

    def _directories(self, path: str) -> list[str]:
        return (self.storage.entries(path) or _NOTHING).directories

    def _link_times(self, graph: Graph, repository: Repository, path: str) -> dict[str, float]:
        """Return the time of the link, by digest, of every `<alg>/<hex>` directory below `path`."""
        times: dict[str, float] = {}
        # What was pushed together has one time, which takes memory only once.
        moments: dict[float, float] = {}
        share = graph.digests.setdefault
        for algorithm in self._directories(path):
            for name, found in self.storage.leaves(f"{path}/{algorithm}", "link"):
                if not _is_hex(name):
                    continue
                where = f"{path}/{algorithm}/{name}"
                if found and (found.size >= _SHORTEST_LINK or self._is_link(graph, repository, where)):
                    digest = f"{algorithm}:{name}"
                    times[share(digest, digest)] = moments.setdefault(found.modified, found.modified)
                else:
                    self._add_debris(graph, repository, where)
        return times

    def _is_link(self, graph: Graph, repository: Repository, path: str) -> bool:
        """Tell whether a link that was short when it was listed holds a digest; if not, the registry answers 500.

        Without its link a layer is missing from those images alone that name it. A manifest is wanted by its digest.
        """
        if path.startswith(paths.layers(repository.name)):
            return self._read_link(f"{path}/link")[0] is not None
        self._look_into_link(graph, repository, f"{path}/link")
        return True

    def _read_blobs(self, graph: Graph) -> None:
        for algorithm in self._directories(paths.BLOBS):
            for prefix in self._directories(f"{paths.BLOBS}/{algorithm}"):
                self._read_prefix(graph, algorithm, f"{paths.BLOBS}/{algorithm}/{prefix}")

    def _read_prefix(self, graph: Graph, algorithm: str, parent: str) -> None:
        leaves = self.storage.leaves(parent, "data")
        self.progress.advance(len(leaves))
        for name, found in leaves:
            if found and _is_hex(name):
                digest = f"{algorithm}:{name}"
                graph.blobs[graph.digests.setdefault(digest, digest)] = found
            elif found:
                graph.notes.append(f"{parent}/{name} is not a blob")
            else:
                self._add_debris(graph, None, f"{parent}/{name}")
        if not leaves and self.storage.entries(parent) == _NOTHING:
            self._add_debris(graph, None, parent)

    def _repositories(self, graph: Graph) -> Iterator[tuple[str, Listing]]:
        """Yield (name, listing) of every repository, at any depth: what has one of the reserved components.

        A directory with nothing in it is what an interrupted removal leaves.
        """
        waiting = [""]
        while waiting:
            name = waiting.pop()
            listing = self.storage.entries(paths.repository(name)) or _NOTHING
            inner = [f"{name}/{part}".lstrip("/") for part in listing.directories if not part.startswith("_")]
            waiting.extend(inner)
            reserved = [part for part in listing.directories if part.startswith("_")]
            if name and listing == _NOTHING:
                self._add_debris(graph, None, paths.repository(name))
            if name and any(part in paths.COMPONENTS for part in reserved):
                yield name, Listing(reserved, listing.files)

    def _read_layer_links(self, graph: Graph, repository: Repository) -> None:
        repository.layer_links = self._link_times(graph, repository, paths.layers(repository.name))
        for digest in repository.layer_links:
            # The registry stores blobs by sha256 only, so only other links can name another digest than their path.
            if not digest.startswith("sha256:"):
                self._read_alias(graph, repository, digest, f"{paths.layer_link(repository.name, digest)}/link")

    def _read_alias(self, graph: Graph, repository: Repository, digest: str, path: str) -> None:
        target = self._look_into_link(graph, repository, path)
        if target:
            graph.aliases[digest] = target

    def _look_into_link(self, graph: Graph, repository: Repository, path: str) -> str | None:
        """Return the digest in the link of a manifest or layer; without one no registry serves what is linked."""
        target, _modified = self._read_link(path)
        if target is None and repository.kept_whole is None:
            repository.kept_whole = f"the link {path} is empty or garbled"
            graph.warnings.append(
                f"{repository.name}: the link {path} is empty or garbled, so the whole repository is kept; push the "
                "image with this manifest or layer again to mend it"
            )
        return target

    def _read_uploads(self, repository: Repository) -> None:
        parent = paths.uploads(repository.name)
        for name in self._directories(parent):
            found = self.storage.weigh_tree(f"{parent}/{name}")
            if found:
                repository.uploads[name] = found

    def _read_tags(self, graph: Graph, repository: Repository) -> None:
        tags = paths.tags(repository.name)
        for leaf in self.storage.read_leaves(tags, "current/link", _LINK_LIMIT, repository.revisions):
            current = paths.tag_current(repository.name, leaf.name)
            digest = _linked(leaf.content)
            if leaf.content is None:
                # A registry lists every directory of a tag, also one without a link.
                repository.dangling.append(leaf.name)
                self._add_debris(graph, repository, paths.tag(repository.name, leaf.name))
            elif digest:
                shared = graph.digests.setdefault(digest, digest)
                repository.tags[leaf.name] = Tag(leaf.name, shared, leaf.modified)
            else:
                self._read_tag_again(graph, repository, leaf.name)
            if leaf.content is not None and not leaf.is_alone:
                self._add_strays(graph, repository, current)

    def _add_strays(self, graph: Graph, repository: Repository, current: str) -> None:
        for stray in (self.storage.entries(current) or _NOTHING).files:
            if stray != "link":
                graph.notes.append(f"{current}/{stray} is a left-over")
                self._add_debris(graph, repository, f"{current}/{stray}")

    def _read_tag_again(self, graph: Graph, repository: Repository, name: str) -> None:
        digest, pushed = self._read_link(f"{paths.tag_current(repository.name, name)}/link")
        if digest:
            repository.tags[name] = Tag(name, digest, pushed)
        else:
            repository.kept_whole = f"the link of tag {name} is empty or garbled"
            graph.warnings.append(
                f"{repository.name}: the link of tag {name} is empty or garbled, so the whole repository is kept; "
                "push the tag again to mend it"
            )

    def _read_link(self, path: str) -> tuple[str | None, float]:
        """Return the digest in a link file and the file's time; None for a link that stays unreadable."""
        modified = 0.0
        for content, modified in self.looks(path, _LINK_LIMIT):
            digest = _linked(content)
            if digest:
                return digest, modified
        return None, modified

    def _add_debris(self, graph: Graph, repository: Repository | None, path: str) -> None:
        found = self.storage.weigh_tree(path)
        if found:
            graph.debris[path] = Debris(repository.name if repository else None, found.size, found.modified)

    def _read_manifests(self, graph: Graph) -> None:
        """Read every manifest that is linked or tagged, and what indexes name as their children without a link."""
        linked = linked_digests(graph)
        linked.update(tag.digest for repository in graph.repositories.values() for tag in repository.tags.values())
        linked.update(self.unlinked)
        waiting = list(linked)
        self.progress.stage("reading manifests", len(waiting), "manifests")
        while waiting:
            wanted = [
                digest
                for digest in dict.fromkeys(waiting)
                if digest in graph.blobs and digest not in graph.manifests and _may_be_manifest(graph, digest, linked)
            ]
            waiting = []
            for digest, manifest in self._manifests(graph, wanted, linked):
                self.progress.advance()
                if manifest:
                    graph.manifests[digest] = manifest
                    waiting.extend(manifest.children)
        keep_damaged_whole(graph)

    def _manifests(
        self, graph: Graph, wanted: Iterable[str], linked: set[str]
    ) -> Iterator[tuple[str, Manifest | None]]:
        """Yield each of the wanted, None for what is none; read are those that are not known, by their size too."""
        unknown = []
        for digest in wanted:
            manifest = self.known.get(digest)
            if manifest is not None and manifest.size == graph.blobs[digest].size:
                yield digest, manifest
            else:
                unknown.append(digest)
        contents = self.storage.read_each(map(paths.blob_data, unknown), _MANIFEST_LIMIT)
        for digest, content in zip(unknown, contents):
            parse = _parse_manifest if digest in linked else _parse_unlinked
            yield digest, parse(graph, digest, content)


def _tag_steps(removal: Removal, graph: Graph) -> Iterator[Step]:
    """Yield ordinary tags first: what belongs to an image by its tag stays as long as that has one."""
    for is_attached in (False, True):
        for name, gone in removal.repositories.items():
            attached = graph.repositories[name].attached
            yield from (Step("tags", paths.tag(name, tag)) for tag in gone.tags if (tag in attached) is is_attached)


def _may_be_manifest(graph: Graph, digest: str, linked: set[str]) -> bool:
    """Tell whether it is linked as one; a child without a link may be a layer (build caches)."""
    return digest in linked or graph.blobs[digest].size <= _LARGEST_MANIFEST


def _parse_manifest(graph: Graph, digest: str, content: bytes | None) -> Manifest:
    if content is None:
        path = paths.blob_data(digest)
        raise DoubtError(f"{path} went away while the storage was read, so what it refers to is not known")
    return parse_manifest(digest, content, graph.digests)


def _parse_unlinked(graph: Graph, digest: str, content: bytes | None) -> Manifest | None:
    """Parse a child without a link, which may have been deleted; None where it is a layer, or may be one."""
    found = None if content is None else parse_manifest(digest, content, graph.digests)
    return found if found and (found.is_known or found.children) else None


def _linked(content: bytes | None) -> str | None:
    """Return the digest in a link, None where it is empty or garbled."""
    match = _LINK.fullmatch(content.decode("ascii", "replace")) if content else None
    return match.group(1) if match else None


def _require_blobs(graph: Graph) -> None:
    """Raise DoubtError where manifests are linked and there is no blob at all: most likely a volume is not mounted."""
    linked = linked_digests(graph)
    if linked and not graph.blobs:
        raise DoubtError(
            f"{len(linked)} manifests are linked and {paths.BLOBS} holds no blob; "
            "is the storage mounted whole? Nothing was changed"
        )


def _warn_of_lost_manifests(graph: Graph) -> None:
    """Warn of manifests whose content is gone, for what they refer to is not known (_plan/consequences.py)."""
    for name, repository in graph.repositories.items():
        tags: dict[str, list[str]] = {digest: [] for digest in repository.revisions if digest not in graph.blobs}
        for tag in repository.tags.values():
            if tag.digest not in graph.blobs:
                tags.setdefault(tag.digest, []).append(tag.name)
        shown = [f"{digest} (tag {', '.join(tags[digest])})" if tags[digest] else digest for digest in sorted(tags)]
        if shown:
            more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
            graph.warnings.append(
                f"{name}: the content of manifest {', '.join(shown[:_SHOWN])}{more} is gone; for what it needs is not "
                "known, every manifest and layer of the repository stays as long as it is linked or tagged. Restore "
                "it, push the image again, or let the tag go (broken_tags: delete)"
            )


def _note_oddities(graph: Graph) -> None:
    for digest, blob in graph.blobs.items():
        if blob.size == 0 and digest != EMPTY:
            graph.notes.append(f"blob {digest} has no content")
    for repository in graph.repositories.values():
        gone = [digest for digest in repository.layer_links if graph.stored_as(digest) not in graph.blobs]
        graph.notes.extend(f"{repository.name}: {digest} is linked, its blob is gone" for digest in gone)
