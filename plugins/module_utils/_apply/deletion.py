# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying a plan over the API, one repository after the other, while others push to the same registry.

What a tag points to is asked right before it is deleted. Where tags go with their digest, every tag of the repository
is asked and the plan marked again: DELETE by digest takes all tags of that digest, and the registry does not mind that
an index still needs it (docs/registry_facts.md#mistakes-of-other-tools).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Iterable, NamedTuple, Optional, Sequence, Tuple, TypeVar, cast

from .._api.ability import refusal
from .._api.source import ApiSource
from .._basics.errors import RegistryError
from .._client.client import RegistryClient
from .._client.http import ATTEMPTS, Answer, UnexpectedAnswerError
from .._graph.ability import Ability
from .._graph.drift import Drift
from .._graph.graph import Graph, Tag
from .._graph.reach import Node
from .._graph.removal import Removal, RepositoryRemoval
from .._graph.throw_away import CONFIG, MEDIA_TYPE, new_manifest
from .._plan.plan import Plan
from .._plan.planning import going_broken, mark_again
from .._retention.protected import ProtectedImages
from .groups import referring_first, units

T = TypeVar("T")
#: Something that can be deleted: (repository, "tag" or "manifest", tag or digest).
Thing = Tuple[Optional[str], str, str]

_GONE = "is already gone"
_DELETED = (200, 202, 204)
# These say something about the registry; any other refusal is about one repository, and the next may take it.
_ABOUT_THE_REGISTRY = (401, 405, 429)


class NotDeleted(NamedTuple):
    """Something that was to be deleted and was not: the registry would not, or the run ended before it."""

    repository: str | None
    kind: str
    name: str
    why: str


class Abilities(NamedTuple):
    """What the server deletes by itself, and what can be deleted once throw-away images are used, too."""

    server: Ability
    plan: Ability


class _RefusedHereError(RegistryError):
    """The registry refused a deletion in one repository."""


class Deletion:
    """Deletes what a plan names. `done` and `drift` (what had changed and was left alone) are true at every moment."""

    def __init__(
        self, source: ApiSource, graph: Graph, plan: Plan, protected: ProtectedImages, abilities: Abilities
    ) -> None:
        self.source = source
        self.client = source.client
        self.graph = graph
        self.plan = plan
        self.protected = protected
        self.abilities = abilities
        self.drift: list[Drift] = []
        self._deleted: set[Thing] = set()
        self._overwritten: set[Thing] = set()
        self._refused: dict[str, RegistryError] = {}
        self._tried = False

    def run(self) -> None:
        """Delete everything. Raises RegistryError where something was refused, after all others were deleted."""
        counts = self.plan.removal.counts()
        by_tag = self.abilities.server.tags
        self.source.progress.stage("deleting", *((counts.tags, "tags") if by_tag else (counts.manifests, "manifests")))
        for names in units(self.graph, self.plan.removal):
            try:
                self._delete(names)
            except _RefusedHereError as error:
                self._refused.update(dict.fromkeys(names, error))
        if self._refused:
            raise next(iter(self._refused.values()))

    @property
    def _v2(self) -> RegistryClient:
        """Return the client where tags go with their digest, which is so nowhere else."""
        return cast(RegistryClient, self.client)

    @property
    def is_changed(self) -> bool:
        """Tell whether anything was changed: a tag that was overwritten counts, though it could not be deleted."""
        return bool(self._deleted or self._overwritten)

    @property
    def done(self) -> Removal:
        """Return what was deleted so far, in the order of the plan."""
        done = Removal()
        for name, gone in self.plan.removal.repositories.items():
            tags = {tag: found for tag, found in gone.tags.items() if (name, "tag", tag) in self._deleted}
            manifests = {d: time for d, time in gone.manifests.items() if (name, "manifest", d) in self._deleted}
            is_removed = (name, "repository", name) in self._deleted
            if tags or manifests or is_removed:
                done.repositories[name] = RepositoryRemoval(tags, manifests, is_removed=is_removed)
        return done

    def not_deleted(self, why: str) -> list[NotDeleted]:
        """Return what was neither deleted nor left alone; `why` where nothing was refused in its repository."""
        settled = self._deleted.union((found.repository, found.kind, found.name) for found in self.drift)
        planned = [
            (name, kind, what)
            for name, gone in self.plan.removal.repositories.items()
            for kind, things in (
                ("tag", list(gone.tags)),
                ("manifest", list(gone.manifests)),
                ("repository", [name] if gone.is_removed else []),
            )
            for what in things
        ]
        return [NotDeleted(*thing, str(self._refused.get(thing[0], why))) for thing in planned if thing not in settled]

    def _delete(self, names: Sequence[str]) -> None:
        part = Removal({name: self.plan.removal.repositories[name] for name in names})
        if self.abilities.server.tags:
            looks_again = _has_subject_tags(part) or any(going_broken(self.plan).get(name) for name in names)
            self._delete_by_tag(self._mark_again(part)[0] if looks_again else part)
        else:
            self._delete_by_digest(*self._mark_again(part))

    def _mark_again(self, part: Removal) -> tuple[Removal, Graph]:
        """Return what of this part may still go, and the repositories as they are now."""
        fresh = self.source.read_again(list(part.repositories), self.graph)
        plan = replace(self.plan, removal=part)
        look_at_broken(self.source, fresh, plan)
        removal, drift = mark_again(fresh, plan, self.protected, self.abilities.plan)
        self.drift.extend(drift)
        return removal, fresh

    def _delete_by_tag(self, removal: Removal) -> None:
        """Delete signatures and the like before their images: should the run end in between, the next finds both."""
        tags = _tags_of(removal)
        if not self._tried:
            self._try_out(tags)
        self._for_each(self._delete_tag, [found for found in tags if found[1].named_subject])
        self._for_each(self._delete_tag, [found for found in tags if not found[1].named_subject])
        for name, gone in removal.repositories.items():
            if gone.is_removed:
                self._delete_repository(name)

    def _delete_by_digest(self, removal: Removal, fresh: Graph) -> None:
        shared = [
            (name, tag) for name, tag in _tags_of(removal) if tag.digest not in removal.repositories[name].manifests
        ]
        for name in sorted({name for name, _tag in shared}):
            self._v2.put_blob(name, CONFIG)
        # One after the other: 2.8 reads all tags of a repository when it deletes a digest, and fails on a half-written
        # one, after the manifest is gone and before the tag is.
        for found in shared:
            self._overwrite_and_delete(*found)
        for group in referring_first(fresh, removal):
            self._for_each(self._delete_manifest, [(node, removal) for node in group])
        for name in removal.repositories:
            self._look_back(name, fresh, removal)

    def _try_out(self, tags: list[tuple[str, Tag]]) -> None:
        """Delete one tag whose image another tag keeps, and see that this one stays.

        Some servers delete the image with the tag. That must not be found out at the cost of more than one.
        """
        for name, tag in tags:
            sibling = self._sibling(name, tag)
            if sibling is not None:
                self._tried = True
                tags.remove((name, tag))
                self._delete_tag((name, tag))
                if self.client.manifest_digest(name, sibling.name) is None:
                    raise RegistryError(
                        f"{self.client.url} deleted tag {sibling.name} of {name} along with tag {tag.name}, for both "
                        "were the same image; it can't delete a tag alone. Push it again, and don't delete tags here"
                    )
                return

    def _sibling(self, name: str, tag: Tag) -> Tag | None:
        """Return a tag of the same image that stays."""
        going = self.plan.removal.repositories[name].tags
        others = self.graph.repositories[name].tags.values() if tag.digest else ()
        return next((other for other in others if other.digest == tag.digest and other.name not in going), None)

    def _for_each(self, function: Callable[[T], None], items: Iterable[T]) -> None:
        for _done in self.source.progress.each(self.client.map(function, items)):
            pass

    def _delete_tag(self, found: tuple[str, Tag]) -> None:
        name, tag = found
        if not self._is_unmoved(name, tag):
            return
        answer = self.client.delete_manifest(name, tag.name, tag.digest)
        if self._was_deleted(answer, name, tag.name):
            self._deleted.add((name, "tag", tag.name))
        else:
            self.drift.append(Drift(name, "tag", tag.name, _GONE))

    def _delete_repository(self, name: str) -> None:
        """Delete an empty repository; somebody may have pushed to it since its tags went."""
        left = self.client.tags(name)
        if left:
            self.drift.append(Drift(name, "repository", name, "is not empty"))
            return
        if left is not None:
            answer = self.client.delete_repository(name)
            if answer.status != 404:
                self._require_deleted(answer)
        self._deleted.add((name, "repository", name))

    def _delete_manifest(self, found: tuple[Node, Removal]) -> None:
        """Delete by digest; the tags that go with it were asked when the plan was marked again."""
        (name, digest), removal = found
        tags = [tag for tag in removal.repositories[name].tags.values() if tag.digest == digest]
        if self._was_deleted(self.client.delete_manifest(name, digest), name, digest):
            self._deleted.add((name, "manifest", digest))
            self._deleted.update((name, "tag", tag.name) for tag in tags)
        else:
            self.drift.append(Drift(name, "manifest", digest, _GONE))
            self.drift.extend(Drift(name, "tag", tag.name, _GONE) for tag in tags)

    def _overwrite_and_delete(self, name: str, tag: Tag) -> None:
        """Let the tag point to an image of its own and delete that one, for its own image is still needed."""
        if not self._is_unmoved(name, tag):
            return
        digest = self._v2.put_manifest(name, tag.name, MEDIA_TYPE, new_manifest())
        self._overwritten.add((name, "tag", tag.name))
        self._was_deleted(self.client.delete_manifest(name, digest), name, digest)
        self._deleted.add((name, "tag", tag.name))

    def _is_unmoved(self, name: str, tag: Tag) -> bool:
        """Tell whether the tag still points to what was planned to go; otherwise it is left alone."""
        now = self._digest_of(name, tag)
        if now != tag.digest:
            self.drift.append(Drift(name, "tag", tag.name, f"now points to {now}" if now else _GONE))
        return now == tag.digest

    def _digest_of(self, name: str, tag: Tag) -> str:
        """Return what the tag points to now; nothing where it has no manifest, or had none and can't be read."""
        try:
            return self.client.manifest_digest(name, tag.name, ATTEMPTS if tag.digest else 1) or ""
        except UnexpectedAnswerError as error:
            if tag.digest or not error.may_be_about_one_thing:
                raise
            return ""

    def _was_deleted(self, answer: Answer, name: str, reference: str) -> bool:
        """Tell whether this run deleted it, not somebody else. Raises RegistryError where it is still there.

        A 404 can say that it is gone, also because the DELETE was sent twice, or that nothing can be deleted by that.
        """
        if answer.status == 404 and self.client.manifest_digest(name, reference) is None:
            return answer.is_repeated
        self._require_deleted(answer)
        return True

    def _look_back(self, name: str, fresh: Graph, removal: Removal) -> None:
        """See what the tags did while digests were deleted.

        One that was pushed meanwhile is still there, and not deleted. RegistryError where one is lost that had to stay,
        or lost its manifest alone.
        """
        listed, going = set(self.client.tags(name) or ()), removal.repositories[name].tags
        dangling = []
        for tag in sorted(listed.intersection(going)):
            if (name, "tag", tag) in self._deleted:
                self._deleted.remove((name, "tag", tag))
                if self.client.manifest_digest(name, tag) is None:
                    dangling.append(tag)
                else:
                    self.drift.append(Drift(name, "tag", tag, "was pushed again"))
        there = {tag.name for tag in fresh.repositories[name].tags.values() if tag.digest}
        lost = sorted(there - set(going) - listed)
        if lost:
            raise RegistryError(
                f"{self.client.url} lost tags of {name} that had to stay: {', '.join(lost)}; somebody deleted them, or "
                "pushed them onto an image at the moment when it was deleted. Push them again"
            )
        if dangling:
            raise _RefusedHereError(
                f"{self.client.url} deleted manifests of {name} and not their tags, which dangle now: "
                f"{', '.join(dangling)}. Push any image to them, then delete them again"
            )

    def _require_deleted(self, answer: Answer) -> None:
        if answer.status in _DELETED and not answer.is_page:
            return
        if answer.is_page or answer.status in _ABOUT_THE_REGISTRY or answer.status >= 500:
            raise refusal(self.client, answer)
        raise _RefusedHereError(self.client.explain(answer))


def look_at_broken(source: ApiSource, graph: Graph, plan: Plan) -> None:
    """Ask again for the parts of the images that go because they do not pull."""
    broken = {name: {tag.digest for tag in tags if tag.digest} for name, tags in going_broken(plan).items()}
    source.look_for_parts(graph, {name: found for name, found in broken.items() if name in graph.repositories})


def _tags_of(removal: Removal) -> list[tuple[str, Tag]]:
    return [(name, tag) for name, gone in removal.repositories.items() for tag in gone.tags.values()]


def _has_subject_tags(removal: Removal) -> bool:
    return any(tag.named_subject for _name, tag in _tags_of(removal))
