# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tags do not pull, and why: said once, for rankings, last tags and reports. Pure.

What a registry answers where a part is missing was seen on Distribution 2.8.2 and 3.1.1 (404 for a manifest or a blob
without its link or its content) and on docker-registry 0.9.1.
"""

from __future__ import annotations

from typing import Dict, Iterator, NamedTuple

from .graph import EMPTY, Graph, Manifest, Repository, Tag
from .reach import linked_digests

#: How a reason begins that may be wrong: such a tag takes no place, and never goes because of it.
OTHER_SIZE = "its manifest speaks"
#: Why tags do not pull, by repository and tag.
BrokenTags = Dict[str, Dict[str, str]]


class Broken(NamedTuple):
    """A tag that does not pull. The digest is empty where the registry lists the tag and does not serve it."""

    repository: str
    tag: str
    digest: str
    why: str


def find_broken(graph: Graph) -> BrokenTags:
    """Return the ordinary tags that are known not to pull. Each manifest is looked at once in each repository.

    A tag does not pull where its manifest, its configuration or a layer is gone, not linked in its repository or of
    another size than the manifest says; an index, where a part of it is, or where no part is there at all. One of
    which some parts were never pushed (a sparse index) pulls. So does what was not understood, and over the API
    what was not asked for.
    """
    looks = _LooksEverywhere(graph)
    found: BrokenTags = {}
    for name, repository in graph.repositories.items():
        broken = {tag.name: why for tag in repository.judged_tags() for why in [looks.why(name, tag)] if why}
        if broken:
            found[name] = broken
    return found


class Pulling:
    """Whether single tags pull, by the same rules: for those who ask of few of them."""

    def __init__(self, graph: Graph) -> None:
        self._looks = _LooksEverywhere(graph)

    def has(self, repository: str, tag: Tag) -> bool:
        """Tell whether this tag of the repository is not known to be broken."""
        return self._looks.why(repository, tag) is None


class _LooksEverywhere:
    """The manifests of all repositories, each looked at once in each of them, when it is asked for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._linked: set[str] | None = None
        self._looks: dict[str, _Looks] = {}

    def why(self, repository: str, tag: Tag) -> str | None:
        if self._linked is None:
            self._linked = linked_digests(self.graph)
        if repository not in self._looks:
            self._looks[repository] = _Looks(self.graph, self.graph.repositories[repository], self._linked)
        return self._looks[repository].why(tag.digest)


class _Looks:
    """The manifests of one repository, each looked at once."""

    def __init__(self, graph: Graph, repository: Repository, linked: set[str]) -> None:
        self.graph = graph
        self.repository = repository
        self.linked = linked
        self._known: dict[str, str | None] = {}

    def why(self, digest: str) -> str | None:
        """Return why it does not pull here, None where it does. What an index names is looked at before the index."""
        waiting, entered = [digest], set()
        while waiting:
            current = waiting[-1]
            parts: list[str] = []
            if current not in entered and current not in self._known:
                parts = [part for part in self._linked_parts(current) if part not in self._known]
                entered.add(current)
                waiting.extend(part for part in parts if part not in entered)
            if not parts:
                waiting.pop()
                if current not in self._known:
                    self._known[current] = self._look(current)
        return self._known[digest]

    def _linked_parts(self, digest: str) -> Iterator[str]:
        manifest = self.graph.manifests.get(digest)
        if manifest is not None and manifest.is_known and not self.graph.images_are_global:
            yield from (child for child in manifest.children if child in self.repository.revisions)

    def _look(self, digest: str) -> str | None:
        if not digest:
            return "the registry lists it and does not serve it"
        if self.graph.images_are_global:
            return self._image(digest)
        if digest not in self.repository.revisions:
            return f"manifest {digest} is not linked"
        manifest = self.graph.manifests.get(digest)
        if manifest is None:
            return f"manifest {digest} is gone" if self.graph.has_all_blobs else None
        return self._manifest(digest, manifest)

    def _manifest(self, digest: str, manifest: Manifest) -> str | None:
        if manifest.damage:
            return f"manifest {digest} {manifest.damage}"
        if not manifest.is_known:
            return None
        return self._index(manifest) if manifest.children else self._content(manifest)

    def _image(self, image: str) -> str | None:
        """Look at an image of the v1 registry: it needs all that it is based on."""
        lost = self._lost(image)
        if lost:
            return f"image {image} {lost}"
        bases = ((base, self._lost(base)) for base in self.graph.children_of(image))
        return next((f"image {base}, which it is based on, {why}" for base, why in bases if why), None)

    def _lost(self, image: str) -> str | None:
        if self.graph.has_all_blobs and image not in self.graph.blobs:
            return "is gone"
        return "is not there whole" if image in self.repository.absent else None

    def _index(self, manifest: Manifest) -> str | None:
        whys = [self._part(child) for child in manifest.children]
        if any(why is None for why in whys) or not whys:
            return next((why for why in whys if why), None)
        return next((why for why in whys if why), "no part of its index is there")

    def _part(self, child: str) -> str | None:
        """Return why a part of an index does not pull, None where it does, "" where nobody ever pushed it here.

        A part may be a layer (build caches). Content that is there and linked nowhere has lost its link; linked in
        other repositories only, it need never have been pushed to this one.
        """
        if child in self.repository.revisions:
            return self._known.get(child)
        if child in self.repository.layer_links:
            return self._blob("layer", child)
        is_stray = child in self.graph.blobs and child not in self.linked
        return f"manifest {child} is not linked" if is_stray else ""

    def _content(self, manifest: Manifest) -> str | None:
        config = self._blob("configuration", manifest.config) if manifest.config else None
        needed = [layer for layer in manifest.layers if layer not in manifest.elsewhere]
        lost = config or next(filter(None, (self._blob("layer", layer) for layer in needed)), None)
        return lost or self._why_other_size(manifest, [*filter(None, [manifest.config]), *needed])

    def _why_other_size(self, manifest: Manifest, needed: list[str]) -> str | None:
        """Return that the parts have not the bytes that they should: one of them is cut short, or all is well.

        What is wrong may also be what the manifest says.
        """
        if not self.graph.has_all_blobs or manifest.content_size is None:
            return None
        found = sum(self.graph.blobs[self.graph.stored_as(digest)].size for digest in needed)
        if found == manifest.content_size:
            return None
        return f"{OTHER_SIZE} of {manifest.content_size} bytes, its configuration and layers have {found}"

    def _blob(self, kind: str, digest: str) -> str | None:
        if not self.graph.has_all_blobs:
            return f"{kind} {digest} is gone" if digest in self.repository.absent else None
        stored = self.graph.stored_as(digest)
        blob = self.graph.blobs.get(stored)
        if blob is None:
            return f"{kind} {digest} is gone"
        if blob.size == 0 and stored != EMPTY:
            return f"{kind} {digest} has no content"
        # A registry with a cold cache needs the link by either name (seen on 2.8.2, 3.1.1).
        links = self.repository.layer_links
        return None if digest in links and stored in links else f"{kind} {digest} is not linked"
