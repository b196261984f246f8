# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From tags that go to everything that goes with them. Pure, and the same for making a plan and for marking again."""

from __future__ import annotations

from itertools import chain
from typing import Dict, Iterable, Iterator, Mapping, NamedTuple

from .._graph.attached import replaced_lists
from .._graph.graph import Graph, Repository, Tag
from .._graph.reach import (
    LeadingTo,
    Node,
    Reached,
    linked_digests,
    named_blobs,
    reach,
    referrers,
    tag_roots,
    with_lists,
)
from .._graph.removal import Removal, RepositoryRemoval
from .._retention.protected import ProtectedImages
from .permission import Permission
from .sharing import why_shared

#: Why a tag stays that was to go: it, or a part of its image, is too new.
YOUNG = "kept: its image was pushed within the grace period"

#: Tags that go, by repository and name.
DoomedTags = Dict[str, Dict[str, Tag]]


class Spared(NamedTuple):
    """A doomed tag that stays after all, and why."""

    repository: str
    tag: Tag
    reason: str


class Consequences(NamedTuple):
    """What goes, and which doomed tags stay after all."""

    removal: Removal
    spared: list[Spared]


def follow(graph: Graph, doomed: DoomedTags, permission: Permission, protected: ProtectedImages) -> Consequences:
    """Return everything that goes once the doomed tags are gone; what has a protected digest stays."""
    return _Following(graph, doomed, permission, protected).run()


class _Following:
    """One marking: which manifests stay in which repository, and what then has nobody left to refer to it."""

    def __init__(self, graph: Graph, doomed: DoomedTags, permission: Permission, protected: ProtectedImages) -> None:
        self.graph = graph
        self.doomed = {name: dict(tags) for name, tags in doomed.items()}
        self.permission = permission
        self.protected = protected
        self.by_subject = referrers(graph)
        self.lists = replaced_lists(graph)
        self.going_along = with_lists(self.by_subject, self.lists)
        self.linked = linked_digests(graph)
        # Repositories of which every manifest and every layer link stays.
        self.holding: set[str] = set()

    def run(self) -> Consequences:
        spared = self._spare_tags()
        reached = self._mark()
        if not self.permission.ability.tags:
            spared += self._spare_shared(reached)
        removal = Removal()
        translating = self._translating_links(reached)
        for name, repository in self.graph.repositories.items():
            if self._may_touch(repository):
                removal.repositories[name] = self._from_repository(repository, reached[name], translating)
            elif self.doomed.get(name):
                removal.repositories[name] = RepositoryRemoval(tags=dict(self.doomed[name]))
        if not self.permission.ability.manifests:
            _leave_manifests(removal)
        self._add_debris(removal)
        self._add_emptied(removal)
        self._add_blobs(removal, reached)
        removal.repositories = {name: gone for name, gone in removal.repositories.items() if not gone.is_nothing()}
        return Consequences(removal, spared)

    def _may_touch(self, repository: Repository) -> bool:
        return repository.kept_whole is None and self.permission.selects(repository.name)

    def _mark(self) -> Reached:
        named = {(name, tag.digest) for name, tags in self.doomed.items() for tag in tags.values()}
        # Named by a tag is tagged, also where that tag belongs by its name to what it names.
        tagged = reach(self.graph, chain(self._roots(doomed={}), named), self.going_along)
        attached = referrers(self.graph, self.doomed) if self._dooms_a_subject_tag() else self.by_subject
        reached = reach(self.graph, self._roots(self.doomed), attached)
        reach(self.graph, self._kept_without_tag(tagged, named), attached, reached)
        reach(self.graph, self._not_permitted(reached), attached, reached)
        self._hold(attached, reached)
        while self._keep_lists(attached, reached):
            self._hold(attached, reached)
        if self.graph.images_are_global:
            reach(self.graph, self._kept_anywhere(), attached, reached)
        return reached

    def _keep_lists(self, attached: dict[str, list[Node]], reached: Reached) -> bool:
        """Keep the lists of referrers whose subject stays, though clients replaced them; tell whether any came in."""
        there = _everywhere(reached) if self.lists else set()
        kept = [
            (name, digest)
            for (name, digest), subject in self.lists.items()
            if subject in there and digest not in reached[name]
            if not self.permission.replaced_list(name, digest, self.graph.repositories[name].revisions[digest])
        ]
        reach(self.graph, kept, attached, reached)
        return bool(kept)

    def _dooms_a_subject_tag(self) -> bool:
        doomed = ((self.graph.repositories[name], tags) for name, tags in self.doomed.items() if tags)
        return any(not repository.attached.keys().isdisjoint(tags) for repository, tags in doomed)

    def _roots(self, doomed: Mapping[str, Mapping[str, Tag]]) -> Iterator[Node]:
        """Yield what keeps itself: tags that stay, and whole repositories."""
        yield from tag_roots(self.graph, self.linked, doomed)
        for name, repository in self.graph.repositories.items():
            if not self._may_touch(repository):
                yield from ((name, digest) for digest in repository.revisions)
                yield from ((name, tag.digest) for tag in repository.tags.values())

    def _kept_without_tag(self, tagged: Reached, named: set[Node]) -> Iterator[Node]:
        """Yield the manifests that stay though no tag reaches them, or whatever tag does.

        One of a kind that is not known goes only if a doomed tag names it, and without what it may refer to.
        """
        for name, repository in self.graph.repositories.items():
            for digest, modified in repository.revisions.items():
                manifest = self.graph.manifests.get(digest)
                if manifest is not None and self._is_protected(digest):
                    yield name, digest
                elif manifest is not None and not manifest.is_known:
                    yield from ({(name, digest), *((name, child) for child in manifest.children)} - named)
                elif digest not in tagged[name] and not self.permission.untagged(name, digest, modified):
                    yield name, digest

    def _is_protected(self, digest: str) -> bool:
        manifest = self.graph.manifests.get(digest)
        digests = self.protected.digests
        return digest in digests or (manifest is not None and manifest.config in digests)

    def _not_permitted(self, reached: Reached) -> Iterator[Node]:
        """Yield the manifests that may not go, and those named by tags that may not: these would go along with them."""
        for name, repository in self.graph.repositories.items():
            for digest, modified in repository.revisions.items():
                if digest not in reached[name] and not self.permission.manifest(name, digest, modified):
                    yield name, digest
            gone = self.doomed.get(name, {})
            for tag in (found for found, _subject in repository.attached_tags() if found.name not in gone):
                if self.protected.has(name, tag.name) or not self.permission.attached_tag(name, tag):
                    yield name, tag.digest

    def _hold(self, attached: dict[str, list[Node]], reached: Reached) -> None:
        """Keep all that is linked where the content of a manifest that stays is gone: it may refer to any of that."""
        while True:
            holding = {name for name, found in reached.items() if self._has_lost(name, found)}
            if holding == self.holding:
                return
            self.holding = holding
            linked = ((name, digest) for name in holding for digest in self.graph.repositories[name].revisions)
            reach(self.graph, linked, attached, reached)

    def _has_lost(self, name: str, reached: set[str]) -> bool:
        repository = self.graph.repositories.get(name)
        if repository is None or not self.graph.has_all_blobs:
            return False
        gone = self.doomed.get(name, {})
        named = chain(repository.revisions, (tag.digest for tag in repository.tags.values() if tag.name not in gone))
        return any(digest in reached and digest not in self.graph.manifests for digest in named)

    def _kept_anywhere(self) -> Iterator[Node]:
        """Yield the manifests, in no repository, whose content stays whether a tag reaches them or not.

        One that is too new may be about to get a tag, together with all that it refers to.
        """
        for digest, manifest in self.graph.manifests.items():
            blob = self.graph.blobs.get(digest)
            may_go = manifest.is_known and not self._is_protected(digest)
            if not may_go or (blob is not None and not self.permission.blob(digest, blob)):
                yield "", digest

    def _spare_tags(self) -> list[Spared]:
        """Take tags from the doomed that may not go, or whose image has a part that is too new to go.

        Without its tag, that part would stay untagged for ever.
        """
        has_new_part = LeadingTo(self.graph, self._new_parts(), self.going_along)
        spared = []
        for name, tags in self.doomed.items():
            whole = self.graph.repositories[name].kept_whole if tags else None
            for tag in list(tags.values()):
                # Over the API a tag can go alone, and one that has no manifest takes nothing along.
                if whole is not None and tag.digest and self.permission.ability.manifests:
                    reason = f"kept: its repository is kept whole, because {whole}"
                elif not self.permission.tag(name, tag) or (name, tag.digest) in has_new_part:
                    reason = YOUNG
                else:
                    continue
                spared.append(Spared(name, tags.pop(tag.name), reason))
        return spared

    def _spare_shared(self, reached: Reached) -> list[Spared]:
        """Take tags from the doomed whose manifest stays: here a tag can only go together with its manifest.

        What the spared tags reach is reached already, so nothing has to be marked again.
        """
        shared = [
            (name, tag)
            for name, tags in self.doomed.items()
            for tag in tags.values()
            if tag.digest in reached[name] or not tag.digest
        ]
        reasons = why_shared(self.graph, shared, self.doomed)
        spared = [Spared(name, tag, reason) for (name, tag), reason in zip(shared, reasons)]
        for name, tag in shared:
            del self.doomed[name][tag.name]
        return spared

    def _new_parts(self) -> Iterator[Node]:
        for name, repository in self.graph.repositories.items():
            for digest, modified in repository.revisions.items():
                if self.permission.spares_tags(name, digest, modified):
                    yield name, digest

    def _translating_links(self, reached: Reached) -> set[str]:
        """Return the aliases by which content that stays is named in any repository.

        Only a layer link tells where such content is stored: without it the next run would take that for an orphan.
        """
        aliases = self.graph.aliases
        return aliases.keys() & set(named_blobs(self.graph, _everywhere(reached))) if aliases else set()

    def _from_repository(self, repository: Repository, reached: set[str], translating: set[str]) -> RepositoryRemoval:
        name, permission = repository.name, self.permission
        named = reached.union(self._with_stored_name(named_blobs(self.graph, reached)), translating)
        tags = dict(self.doomed.get(name, {}))
        tags.update(self._orphaned_subject_tags(repository, reached))
        return RepositoryRemoval(
            tags=tags,
            manifests={digest: time for digest, time in repository.revisions.items() if digest not in reached},
            layer_links={
                digest: time
                for digest, time in repository.layer_links.items()
                if name not in self.holding and digest not in named and permission.layer_link(name, digest, time)
            },
            uploads={
                upload: weight
                for upload, weight in repository.uploads.items()
                if permission.upload(name, upload, weight)
            },
        )

    def _orphaned_subject_tags(self, repository: Repository, reached: set[str]) -> dict[str, Tag]:
        """Return the tags that are attached to a subject that goes."""
        return {
            tag.name: tag
            for tag, subject in repository.attached_tags()
            if subject in self.linked
            and tag.digest not in reached
            and self.permission.attached_tag(repository.name, tag)
        }

    def _add_debris(self, removal: Removal) -> None:
        for path, debris in self.graph.debris.items():
            if debris.repository is not None and debris.repository not in removal.repositories:
                continue
            if self.permission.debris(path, debris):
                removal.debris[path] = debris

    def _add_emptied(self, removal: Removal) -> None:
        """Mark the repositories of which nothing is left."""
        littered = {found.repository for path, found in self.graph.debris.items() if path not in removal.debris}
        for name, gone in removal.repositories.items():
            repository = self.graph.repositories[name]
            is_empty = repository.is_tidy and name not in littered
            for left, taken in (
                (repository.tags, gone.tags),
                (repository.revisions, gone.manifests),
                (repository.layer_links, gone.layer_links),
                (repository.uploads, gone.uploads),
            ):
                is_empty = is_empty and len(left) == len(taken)
            gone.is_removed = is_empty and self.permission.empty_repository(name)

    def _add_blobs(self, removal: Removal, reached: Reached) -> None:
        blobs = {digest: blob for digest, blob in self.graph.blobs.items() if self.permission.blob(digest, blob)}
        permitted = len(blobs)
        for digest in self._kept_content(removal, reached):
            blobs.pop(digest, None)
        # Only a copy is as small as what is left.
        removal.blobs = blobs if len(blobs) == permitted else dict(blobs)

    def _with_stored_name(self, digests: Iterable[str]) -> Iterator[str]:
        """Yield each digest, and where it is an alias the one under which its blob is stored.

        A registry with a cold cache finds a layer pushed by sha512 only while it is linked under both (seen on 2.8.2,
        3.1.1).
        """
        aliases = self.graph.aliases
        for digest in digests:
            yield digest
            if digest in aliases:
                yield aliases[digest]

    def _kept_content(self, removal: Removal, reached: Reached) -> Iterable[str]:
        """Yield the digest of all content that somebody still refers to: a manifest that stays, or a layer link that
        stays.

        A blob is as young as the youngest link to it, which holds it (docs/registry_facts.md#v2-storage-layout).
        """
        everywhere = _everywhere(reached)
        yield from everywhere
        yield from self._with_stored_name(named_blobs(self.graph, everywhere))
        for name, repository in self.graph.repositories.items():
            gone = removal.repositories.get(name)
            for digest in repository.layer_links:
                if gone is None or digest not in gone.layer_links:
                    yield digest
                    yield self.graph.stored_as(digest)


def _everywhere(reached: Reached) -> set[str]:
    return set().union(*reached.values()) if reached else set()


def _leave_manifests(removal: Removal) -> None:
    """Take the manifests out of the removal and count them."""
    for gone in removal.repositories.values():
        removal.left_untagged += len(gone.manifests)
        gone.manifests = {}
