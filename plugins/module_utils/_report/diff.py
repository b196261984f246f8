# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup shows in diff mode: tags with their reasons, and the manifests and bytes that go. Pure."""

from __future__ import annotations

from .._basics.order import natural_key
from .._basics.sentences import counted
from .._basics.sizes import describe_size
from .._graph.graph import Graph, Repository
from .._graph.removal import Removal, RepositoryRemoval
from .._plan.plan import Plan
from .image_graph import ImageGraph
from .report import CAP, Share, deletion_reasons, what_stays


def render_diff(graph: Graph, plan: Plan, removal: Removal, shares: list[Share]) -> dict[str, str]:
    """Return the text `before` and `after`, as Ansible's diff mode takes them; both empty where nothing goes.

    Only repositories from which something goes are shown, with at most CAP tags that go, tags that stay, and
    manifests; of a v1 registry its images, with what they are based on and why they stay.
    """
    diff = _Diff(graph, plan, removal)
    for name, gone, size in shares:
        diff.add_repository(name, gone, size)
    if graph.blobs and not removal.counts().is_nothing():
        diff.add_storage(removal)
    if removal.left_untagged:
        diff.add_left_untagged(removal.left_untagged)
    return {"before": "".join(diff.before), "after": "".join(diff.after)}


class _Diff:
    """The lines of both sides as they grow."""

    def __init__(self, graph: Graph, plan: Plan, removal: Removal) -> None:
        self.graph = graph
        self.plan = plan
        self.before: list[str] = []
        self.after: list[str] = []
        self._room = {"tags that go": CAP, "tags that stay": CAP, "manifests": CAP, "images": CAP}
        self._images = ImageGraph(graph, removal) if graph.images_are_global else None

    def add_repository(self, name: str, gone: RepositoryRemoval, size: int) -> None:
        """Add a repository; `size` is in bytes, of the blobs that go with it."""
        repository = self.graph.repositories[name]
        tags, manifests = len(repository.tags), len(repository.revisions)
        self.before.append(_holds(name, (tags, "tag"), (manifests, "manifest")))
        if not gone.is_removed:
            left = (tags - len(gone.tags), "tag"), (manifests - len(gone.manifests), "manifest")
            self.after.append(_holds(name, *left))
        self._add_tags(name, gone)
        if self._images is None:
            self._add_manifests(gone)
        else:
            self._add_images(self._images, repository)
        if gone.layer_links or gone.uploads or size:
            found = _found((len(gone.layer_links), "layer link"), (len(gone.uploads), "upload"))
            self.before.append(f"  {', '.join([*found, describe_size(size)])} of blobs and uploads\n")

    def add_storage(self, removal: Removal) -> None:
        """Add what the whole store holds before and after."""
        counts, stays = removal.counts(), what_stays(self.graph, removal)
        size = sum(blob.size for blob in self.graph.blobs.values())
        self.before.append(f"storage: {counted(len(self.graph.blobs), 'blob')}, {describe_size(size)}\n")
        found = _found((counts.blobs, "blob"), (counts.uploads, "upload"), (counts.debris, "piece of debris"))
        self.before.append(f"  {', '.join([*found, describe_size(counts.bytes)])}\n")
        self.after.append(f"storage: {counted(stays['blobs'], 'blob')}, {describe_size(stays['bytes'])}\n")

    def add_left_untagged(self, count: int) -> None:
        """Add how many manifests lose their last tag and are not ours to delete."""
        left = counted(count, "manifest")
        self.after.append(f"without a tag, left to the registry's own garbage collector: {left}\n")

    def _add_tags(self, name: str, gone: RepositoryRemoval) -> None:
        decisions = self.plan.decisions.get(name, [])
        going = [f"  {tag} {digest} {reason}\n" for tag, digest, reason in deletion_reasons(self.plan, name, gone)]
        staying = [f"  {d.tag.name} {d.tag.digest} {d.reason}\n" for d in decisions if d.tag.name not in gone.tags]
        staying += self._attached(self.graph.repositories[name], {*gone.tags, *(d.tag.name for d in decisions)})
        self.before.extend(self._fit("tags that go", going))
        shown = self._fit("tags that stay", staying)
        self.before.extend(shown)
        self.after.extend(shown)

    @staticmethod
    def _attached(repository: Repository, told: set[str]) -> list[str]:
        """Return a line for each tag that no policy judges and that stays, because it belongs to another manifest."""
        subjects = {**repository.attached, **repository.detached}
        staying = sorted(subjects.keys() - told, key=natural_key)
        return [f"  {tag} {repository.tags[tag].digest} kept: belongs to {subjects[tag]}\n" for tag in staying]

    def _add_manifests(self, gone: RepositoryRemoval) -> None:
        known = self.graph.manifests
        sizes = {digest: known[digest].size if digest in known else 0 for digest in sorted(gone.manifests)}
        self.before.extend(
            self._fit("manifests", [f"  manifest {digest} {describe_size(size)}\n" for digest, size in sizes.items()])
        )

    def _add_images(self, images: ImageGraph, repository: Repository) -> None:
        """Add each image with the reason why it stays; what goes is on one side alone."""
        lines = images.lines(repository)
        shown = self._fit("images", [f"  image {line.text}\n" for line in lines])
        self.before.extend(shown)
        self.after.extend(text for text, line in zip(shown, lines) if not line.goes)

    def _fit(self, kind: str, lines: list[str]) -> list[str]:
        """Return what of `lines` there is still room for, and a line that counts the rest."""
        fitting = lines[: self._room[kind]]
        self._room[kind] -= len(fitting)
        left = len(lines) - len(fitting)
        return [*fitting, f"  … {left} more {kind}\n"] if left else fitting


def _holds(name: str, *counts: tuple[int, str]) -> str:
    """Return the heading of a repository: what it has of each kind, be it nothing."""
    return f"{name}: {', '.join(counted(number, noun) for number, noun in counts)}\n"


def _found(*counts: tuple[int, str]) -> list[str]:
    """Return in words what there is, and nothing of what there is none of."""
    return [counted(number, noun) for number, noun in counts if number]
