# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a graph to the tables of registry_info: repositories, tags, referrers, and what no tag reaches. Pure."""

from __future__ import annotations

import math
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

from .._basics.order import natural_key
from .._basics.patterns import Pattern, is_selected
from .._basics.times import iso
from .._graph.dates import date_of
from .._graph.graph import Graph, Repository, Tag
from .._graph.images import images_of, lists_of_referrers, weigh
from .._graph.manifest import ImageConfig
from .._graph.reach import linked_digests, reach, referrers, tag_roots
from .._graph.removal import Counts, Removal, RepositoryRemoval
from .._plan.consequences import follow
from .._plan.permission import Aged
from .._retention.policy import Settings
from .._retention.protected import ProtectedImages
from .image_graph import ImageGraph
from .report import Share, shares_of


class RepositoryRow(NamedTuple):
    """A repository; bytes are of what its tags reach. None is what was not looked at, or what the source can't tell."""

    name: str
    tags: int | None = None
    dangling_tags: int | None = None
    images: int | None = None
    bytes: int | None = None
    own_bytes: int | None = None
    shared_bytes: int | None = None
    orphan_manifests: int | None = None
    orphan_bytes: int | None = None
    image_graph: str | None = None


class ImageRow(NamedTuple):
    """An image under one of its tags, or without any. None is unknown, or was not looked at."""

    repository: str
    tag: str | None
    digest: str | None
    pushed: str | None = None
    created: str | None = None
    media_type: str | None = None
    artifact_type: str | None = None
    platforms: list[str] | None = None
    bytes: int | None = None
    own_bytes: int | None = None
    shared_bytes: int | None = None
    subject: str | None = None
    referrers: int | None = None


class Orphans(NamedTuple):
    """What no tag reaches: its images, and how much of each kind."""

    images: list[ImageRow]
    counts: Counts


class Inventory(NamedTuple):
    """Every table in full, sorted by name; None where it was not looked at."""

    repositories: list[RepositoryRow]
    tags: list[ImageRow] | None = None
    dangling_tags: list[ImageRow] | None = None
    referrers: list[ImageRow] | None = None
    bytes: int | None = None
    orphans: Orphans | None = None


class Scope(NamedTuple):
    """The repositories that are shown."""

    included: Sequence[Pattern]
    excluded: Sequence[Pattern]

    def selects(self, repository: str) -> bool:
        return is_selected(repository, self.included, self.excluded)


def find_orphans(graph: Graph, scope: Scope) -> Removal:
    """Return what no tag reaches: what a cleanup without policies would remove if it minded no age."""
    settings = Settings(
        repositories=list(scope.included),
        exclude_repositories=list(scope.excluded),
        policies=[],
        protected=ProtectedImages(),
        delete_untagged=True,
        untagged_older_than=0.0,
        grace_period=0.0,
        purge_uploads_older_than=0.0,
        remove_empty_repositories=False,
        allow_empty=True,
        options={},
    )
    return follow(graph, {}, Aged(graph, settings, math.inf, set()), ProtectedImages()).removal


def list_names(graph: Graph, with_tags: bool) -> Inventory:
    """Return the names alone, and of tags what came with them."""
    repositories = [graph.repositories[name] for name in sorted(graph.repositories)]
    if not with_tags:
        return Inventory([RepositoryRow(repository.name) for repository in repositories])
    rows = [RepositoryRow(repository.name, len(repository.tags)) for repository in repositories]
    return Inventory(rows, [_named(one, tag) for one in repositories for tag in _sorted_tags(one)])


def take_inventory(
    graph: Graph, configs: Mapping[str, ImageConfig], scope: Scope, orphans: Removal | None
) -> Inventory:
    """Return everything that the graph tells of the repositories in `scope`.

    `configs` are by manifest digest; `orphans` are None where the source can't tell.
    """
    return _Inspection(graph, configs, orphans).run(scope.selects)


def describe(inventory: Inventory, limit: int | None) -> dict[str, Any]:
    """Return the result: every table with at most `limit` rows and its full count, `<name>_total`, beside it."""
    orphans = inventory.orphans
    counts = ("manifests", "layer_links", "blobs", "uploads", "debris", "bytes")
    return {
        **_table("repositories", inventory.repositories, limit),
        **_table("tags", inventory.tags, limit),
        **_table("dangling_tags", inventory.dangling_tags, limit),
        **_table("referrers", inventory.referrers, limit),
        "bytes": inventory.bytes,
        "orphans": orphans
        and {
            **_table("images", orphans.images, limit),
            **{kind: count for kind, count in orphans.counts._asdict().items() if kind in counts},
        },
    }


def _table(name: str, rows: Sequence[RepositoryRow] | Sequence[ImageRow] | None, limit: int | None) -> dict[str, Any]:
    if rows is None:
        return {name: [], f"{name}_total": None}
    return {name: [dict(row._asdict()) for row in rows[:limit]], f"{name}_total": len(rows)}


class _Inspection:
    """One look at a whole graph. What is shared is found out over all of it, whatever is shown."""

    def __init__(self, graph: Graph, configs: Mapping[str, ImageConfig], orphans: Removal | None) -> None:
        self.graph = graph
        self.configs = configs
        self.built = {found: config.created for found, config in configs.items() if config.created is not None}
        self.orphans = orphans
        by_subject, lists = referrers(graph), lists_of_referrers(graph)
        self.images = images_of(graph, {node for nodes in by_subject.values() for node in nodes})
        self.attached = {
            subject: sorted({node for node in nodes if node in self.images} - lists)
            for subject, nodes in by_subject.items()
        }
        reached = reach(graph, tag_roots(graph, linked_digests(graph), doomed={}), by_subject)
        self.live = {node for node in self.images if node[1] in reached[node[0]]}
        contents = {node: image.content for node, image in self.images.items()}
        self.weights = weigh(contents, self.live - lists, graph.blobs)

    def run(self, selects: Callable[[str], bool]) -> Inventory:
        repositories = [one for name, one in sorted(self.graph.repositories.items()) if selects(name)]
        tags = {one.name: [tag for tag in _sorted_tags(one) if self._pulls(one, tag)] for one in repositories}
        contents = self._contents()
        shown: set[str] = set().union(*(contents[one.name] for one in repositories))
        return Inventory(
            repositories=list(self._repository_rows(repositories, tags, contents)),
            tags=[self._row(name, tag.digest, tag) for name, found in tags.items() for tag in found],
            dangling_tags=[row for one in repositories for row in self._dangling(one)],
            referrers=list(self._referrer_rows(selects)),
            bytes=sum(self.graph.blobs[digest].size for digest in shown if digest in self.graph.blobs),
            orphans=self._describe_orphans(),
        )

    def _pulls(self, repository: Repository, tag: Tag) -> bool:
        manifest = self.graph.manifests.get(tag.digest)
        return tag.digest in repository.revisions and manifest is not None and manifest.damage is None

    def _dangling(self, repository: Repository) -> list[ImageRow]:
        """Return the tags that a registry lists and answers with 404, with digest where a link still tells it."""
        broken = [tag for tag in _sorted_tags(repository) if not self._pulls(repository, tag)]
        listed = [ImageRow(repository.name, name, None) for name in sorted(repository.dangling, key=natural_key)]
        return [_named(repository, tag) for tag in broken] + listed

    def _contents(self) -> dict[str, set[str]]:
        """Return by repository what any tag reaches in it."""
        contents: dict[str, set[str]] = {name: set() for name in self.graph.repositories}
        for node in self.live:
            contents[node[0]].update(self.images[node].content)
        return contents

    def _repository_rows(
        self, repositories: list[Repository], tags: Mapping[str, list[Tag]], contents: Mapping[str, set[str]]
    ) -> Iterator[RepositoryRow]:
        weights = weigh(contents, contents.keys(), self.graph.blobs)
        orphans = self.orphans or Removal()
        shares = {share.name: share for share in shares_of(self.graph, orphans)}
        images = ImageGraph(self.graph, orphans) if self.graph.images_are_global else None
        for repository in repositories:
            name = repository.name
            share = shares.get(name, Share(name, RepositoryRemoval(), 0))
            yield RepositoryRow(
                name,
                tags=len(tags[name]),
                dangling_tags=len(self._dangling(repository)),
                images=len({tag.digest for tag in tags[name]}),
                bytes=sum(weights[name]),
                own_bytes=weights[name].own,
                shared_bytes=weights[name].shared,
                orphan_manifests=None if self.orphans is None else len(share.gone.manifests),
                orphan_bytes=None if self.orphans is None else share.size,
                image_graph=None if images is None else "\n".join(line.text for line in images.lines(repository)),
            )

    def _referrer_rows(self, selects: Callable[[str], bool]) -> Iterator[ImageRow]:
        """Yield what is attached to other images, each with the tag that attaches it, where one does."""
        attaching = {
            (subject, name, tag.digest): tag
            for name, repository in self.graph.repositories.items()
            for tag, subject in repository.attached_tags()
        }
        for subject, nodes in sorted(self.attached.items()):
            for name, digest in nodes:
                if selects(name):
                    yield self._row(name, digest, attaching.get((subject, name, digest)))._replace(subject=subject)

    def _describe_orphans(self) -> Orphans | None:
        if self.orphans is None:
            return None
        gone = {name: one.manifests for name, one in self.orphans.repositories.items()}
        rows = [self._row(name, digest) for name, digest in self.images if digest in gone.get(name, ())]
        return Orphans(rows, self.orphans.counts())

    def _row(self, name: str, digest: str, tag: Tag | None = None) -> ImageRow:
        manifest, image = self.graph.manifests[digest], self.images[name, digest]
        configs = [self.configs[found] for found in image.manifests if found in self.configs]
        weight = self.weights[name, digest]
        pushed = tag.pushed if tag else self.graph.repositories[name].revisions.get(digest)
        return ImageRow(
            name,
            tag.name if tag else None,
            digest,
            # The API tells no push time, and there it is 0.
            pushed=iso(pushed or None),
            created=iso(date_of(self.graph, digest, image.manifests, self.built)),
            media_type=manifest.media_type,
            artifact_type=manifest.artifact_type,
            platforms=sorted({config.platform for config in configs if config.platform}),
            bytes=sum(weight),
            own_bytes=weight.own,
            shared_bytes=weight.shared,
            subject=(self._subject(name, tag) if tag else None) or manifest.subject,
            referrers=len(self.attached.get(digest, ())),
        )

    def _subject(self, name: str, tag: Tag) -> str | None:
        repository = self.graph.repositories[name]
        return repository.attached.get(tag.name) or repository.detached.get(tag.name)


def _sorted_tags(repository: Repository) -> list[Tag]:
    return sorted(repository.tags.values(), key=lambda tag: natural_key(tag.name))


def _named(repository: Repository, tag: Tag) -> ImageRow:
    """Return what is known of a tag without its image."""
    return ImageRow(repository.name, tag.name, tag.digest or None, pushed=iso(tag.pushed), subject=tag.named_subject)
