# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be removed once nothing kept refers to it.

By age for a new plan, whatever the age over the API, which tells none; by name for a plan that is marked again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Mapping

from .._basics.weight import UNFINISHED, Weight
from .._graph.ability import IN_STORAGE, Ability
from .._graph.attached import detached, replaced_lists
from .._graph.graph import Debris, Graph, Tag
from .._graph.reach import Node, reach, referrers, with_lists
from .._graph.removal import RepositoryRemoval
from .._retention.policy import Bounds, Settings
from .plan import Plan


class Permission(ABC):
    """What may be removed if nothing kept refers to it."""

    ability = IN_STORAGE

    @abstractmethod
    def selects(self, repository: str) -> bool:
        """Tell whether anything of this repository may go."""

    @abstractmethod
    def tag(self, repository: str, tag: Tag) -> bool:
        """Tell whether this tag may go."""

    def attached_tag(self, repository: str, tag: Tag) -> bool:
        """Tell whether this tag may go with its subject."""
        return self.tag(repository, tag)

    @abstractmethod
    def manifest(self, repository: str, digest: str, modified: float) -> bool:
        """Tell whether this manifest may go from the repository."""

    @abstractmethod
    def spares_tags(self, repository: str, digest: str, modified: float) -> bool:
        """Tell whether this manifest is so new or changed that a tag through which it is reached must stay too."""

    @abstractmethod
    def untagged(self, repository: str, digest: str, modified: float) -> bool:
        """Tell whether this manifest may go, which no tag reaches even now."""

    def replaced_list(self, repository: str, digest: str, modified: float) -> bool:
        """Tell whether this list of referrers may go, which a client has replaced, while its subject stays."""
        return False

    @abstractmethod
    def layer_link(self, repository: str, digest: str, modified: float) -> bool:
        """Tell whether this layer link may go from the repository."""

    @abstractmethod
    def upload(self, repository: str, name: str, upload: Weight) -> bool:
        """Tell whether this upload may go."""

    @abstractmethod
    def blob(self, digest: str, blob: Weight) -> bool:
        """Tell whether this blob may go."""

    @abstractmethod
    def debris(self, path: str, debris: Debris) -> bool:
        """Tell whether this debris may go."""

    @abstractmethod
    def empty_repository(self, repository: str) -> bool:
        """Tell whether this repository may go once nothing is left in it."""


class Aged(Permission):
    """The permission of a new plan: what is older than the grace period, as the settings say.

    `condemned` are the manifests of interrupted plans: they lost their tags through those, and go without
    `delete_untagged`.
    """

    def __init__(self, graph: Graph, settings: Settings, now: float, condemned: set[Node]) -> None:
        self.graph = graph
        self.settings = settings
        self.condemned = condemned
        self.now = now
        self.grace_limit = now - settings.grace_period
        self.untagged_limit = now - settings.untagged_older_than
        # What is attached to these goes with them, or the next run would find it detached.
        self.detached: Mapping[str, set[str]] = {}
        if settings.delete_detached_referrers:
            self.detached = reach(graph, detached(graph), with_lists(referrers(graph), replaced_lists(graph)))
        self.upload_limit = now - settings.purge_uploads_older_than

    def selects(self, repository: str) -> bool:
        return self.settings.selects(repository)

    def tag(self, repository: str, tag: Tag) -> bool:
        return tag.pushed is None or tag.pushed <= self.grace_limit

    def manifest(self, repository: str, digest: str, modified: float) -> bool:
        return modified <= self.grace_limit

    def spares_tags(self, repository: str, digest: str, modified: float) -> bool:
        return modified > self.grace_limit

    def untagged(self, repository: str, digest: str, modified: float) -> bool:
        if (repository, digest) in self.condemned or self.graph.images_are_global:
            return True
        if digest in self.detached.get(repository, ()):
            return True
        return self.replaced_list(repository, digest, modified)

    def replaced_list(self, repository: str, digest: str, modified: float) -> bool:
        return self.settings.delete_untagged and modified <= self.untagged_limit

    def layer_link(self, repository: str, digest: str, modified: float) -> bool:
        return modified <= self.grace_limit

    def upload(self, repository: str, name: str, upload: Weight) -> bool:
        return upload.modified <= min(self.upload_limit, self.grace_limit)

    def blob(self, digest: str, blob: Weight) -> bool:
        return blob.modified <= self.grace_limit

    def debris(self, path: str, debris: Debris) -> bool:
        is_upload = path.endswith(UNFINISHED)
        return debris.modified <= (min(self.upload_limit, self.grace_limit) if is_upload else self.grace_limit)

    def empty_repository(self, repository: str) -> bool:
        return self.settings.remove_empty_repositories


class Ageless(Permission):
    """The permission of a new plan over the API, where only tags and what they reach are known, and no ages."""

    def __init__(self, graph: Graph, bounds: Bounds, now: float, ability: Ability) -> None:
        self.graph = graph
        self.bounds = bounds
        self.now = now
        self.ability = ability
        is_read = all(repository.kept_whole is None for repository in graph.repositories.values())
        self.knows_every_subject = bounds.selects_everything and is_read

    def selects(self, repository: str) -> bool:
        return self.bounds.selects(repository)

    def tag(self, repository: str, tag: Tag) -> bool:
        return True

    def attached_tag(self, repository: str, tag: Tag) -> bool:
        # Repositories that are not selected, or not readable, are not read: one of them may still have the subject.
        found = self.graph.repositories[repository]
        return self.knows_every_subject or found.attached.get(tag.name) in found.revisions

    def manifest(self, repository: str, digest: str, modified: float) -> bool:
        return True

    def spares_tags(self, repository: str, digest: str, modified: float) -> bool:
        return False

    def untagged(self, repository: str, digest: str, modified: float) -> bool:
        return False

    def layer_link(self, repository: str, digest: str, modified: float) -> bool:
        return False

    def upload(self, repository: str, name: str, upload: Weight) -> bool:
        return False

    def blob(self, digest: str, blob: Weight) -> bool:
        return False

    def debris(self, path: str, debris: Debris) -> bool:
        return False

    def empty_repository(self, repository: str) -> bool:
        return self.ability.repositories


class Approved(Permission):
    """The permission of a plan: only what it names, and only if it has not changed since."""

    def __init__(self, plan: Plan, ability: Ability) -> None:
        self.ability = ability
        self.plan = plan
        self.removal = plan.removal
        self.nothing = RepositoryRemoval()
        self.named = {*self.removal.repositories, *(debris.repository for debris in self.removal.debris.values())}

    def _of(self, repository: str) -> RepositoryRemoval:
        return self.removal.repositories.get(repository, self.nothing)

    def selects(self, repository: str) -> bool:
        return repository in self.named

    def tag(self, repository: str, tag: Tag) -> bool:
        return self._of(repository).tags.get(tag.name) == tag

    def manifest(self, repository: str, digest: str, modified: float) -> bool:
        # Where manifests are not ours to delete, a plan names none, and none of them has to keep what it refers to.
        return not self.ability.manifests or self._of(repository).manifests.get(digest) == modified

    def spares_tags(self, repository: str, digest: str, modified: float) -> bool:
        planned = self._of(repository).manifests.get(digest)
        return modified > self.plan.now if planned is None else planned != modified

    def untagged(self, repository: str, digest: str, modified: float) -> bool:
        return self._of(repository).manifests.get(digest) == modified

    def replaced_list(self, repository: str, digest: str, modified: float) -> bool:
        return bool(self.plan.options.get("delete_untagged")) and self.untagged(repository, digest, modified)

    def layer_link(self, repository: str, digest: str, modified: float) -> bool:
        return self._of(repository).layer_links.get(digest) == modified

    def upload(self, repository: str, name: str, upload: Weight) -> bool:
        return self._of(repository).uploads.get(name) == upload

    def blob(self, digest: str, blob: Weight) -> bool:
        return self.removal.blobs.get(digest) == blob

    def debris(self, path: str, debris: Debris) -> bool:
        return self.removal.debris.get(path) == debris

    def empty_repository(self, repository: str) -> bool:
        return self._of(repository).is_removed
