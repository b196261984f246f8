# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: which tags stay and which go, each with its reason. A pure function of graph, settings and now."""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

from .._basics.order import natural_key
from .._basics.patterns import matches_any
from .._graph.broken import OTHER_SIZE, Broken, find_broken
from .._graph.graph import Graph, Repository, Tag
from .._graph.throw_away import CONFIG_DIGEST
from .keep_patterns import forgotten_wildcards
from .latest import latest_goes
from .moments import Moments
from .policy import Policy, Settings
from .protected import ProtectedImages
from .rules import UNKNOWN_AGE, Decision, Rules, keeps_all

BEGUN = "deleted: an interrupted run had begun to"
#: What the reason of a tag begins with that goes because it does not pull.
GOES_BROKEN = "deleted: does not pull"
WITNESS = "kept: shows that its repository was copied, and with it the tags of unknown age stay"
# So many tags are named in a warning.
_SHOWN = 5


class Retention(NamedTuple):
    """The decisions by repository, and what somebody should know about how they were reached.

    `relied_on` are the images by whose standing others go, by repository: they must pull. `broken` are the tags that
    do not.
    """

    decisions: dict[str, list[Decision]]
    warnings: list[str]
    relied_on: Mapping[str, set[str]] = {}
    broken: Sequence[Broken] = ()


def retain(graph: Graph, settings: Settings, now: float) -> Retention:
    """Decide on every ordinary tag of every repository that the settings select."""
    warnings: list[str] = []
    decisions: dict[str, list[Decision]] = {}
    relied_on: dict[str, set[str]] = {}
    broken: list[Broken] = []
    found = find_broken(graph)
    for name in sorted(graph.repositories):
        if settings.selects(name):
            judge = _Judge(graph, settings, graph.repositories[name], now, _sorted(found.get(name, {})))
            decisions[name] = judge.decide()
            warnings.extend(judge.warnings)
            relied_on[name] = judge.relied_on(decisions[name])
            broken.extend(
                Broken(name, tag, judge.repository.tags[tag].digest, why) for tag, why in judge.broken.items()
            )
    warnings.extend(forgotten_wildcards(decisions, settings))
    warnings.extend(latest_goes(decisions, found))
    return Retention(decisions, warnings, relied_on, broken)


def _sorted(broken: Mapping[str, str]) -> dict[str, str]:
    return {tag: broken[tag] for tag in sorted(broken, key=natural_key)}


def read_dates(
    graph: Graph, settings: Settings, now: float, read_created: Callable[[Graph, set[str]], None]
) -> set[str]:
    """Have every date read on which a decision may depend, and return whose these are.

    Some show whether others are needed, so that it is asked again until nothing is missing.
    """
    read: set[str] = set()
    while True:
        needed = images_to_date(graph, settings, now) - read
        if not needed:
            return read
        read_created(graph, needed)
        read |= needed


def images_to_date(graph: Graph, settings: Settings, now: float) -> set[str]:
    """Return the digests of the images on whose own date a decision may depend, as far as can be told by now."""
    needed: set[str] = set()
    for name, repository in graph.repositories.items():
        if settings.selects(name) and repository.kept_whole is None:
            moments = Moments(graph, repository, now)
            for policy, tags in _left_to_rules(repository, settings.policies):
                if not keeps_all(policy, tags):
                    needed |= _undated(policy, tags, moments, now)
    return needed


def _undated(policy: Policy, tags: list[Tag], moments: Moments, now: float) -> set[str]:
    if policy.sort_by == "created":
        return {tag.digest for tag in tags}
    return moments.undated(tags) if _may_go_by_time(policy, tags, moments, now) else set()


def _may_go_by_time(policy: Policy, tags: list[Tag], moments: Moments, now: float) -> bool:
    """Tell whether one of the tags may go, if all that is known are the times of their pushes, and for its time."""
    limits = [limit for limit in (policy.older_than, policy.expire_after) if limit is not None]
    if policy.counts and policy.older_than is None and policy.sort_by == "pushed":
        return True
    # Nothing is older than its push.
    return any(_is_old(moments.pushed(tag), min(limits), now) for tag in tags) if limits else False


def _is_old(pushed: float | None, limit: float, now: float) -> bool:
    return pushed is None or now - pushed >= limit


def _judged_by(repository: Repository, policies: Sequence[Policy]) -> Iterable[tuple[Tag, Policy]]:
    """Yield each ordinary tag that a policy judges with the first policy that does."""
    covering = [policy for policy in policies if policy.covers(repository.name)]
    for tag in repository.judged_tags():
        for policy in covering:
            if matches_any(policy.tags, tag.name):
                yield tag, policy
                break


def _left_to_rules(repository: Repository, policies: Sequence[Policy]) -> Iterable[tuple[Policy, list[Tag]]]:
    """Yield each policy with the tags that it judges and that no keep pattern keeps."""
    covering = [policy for policy in policies if policy.covers(repository.name)]
    left: dict[int, tuple[Policy, list[Tag]]] = {}
    for tag, policy in _judged_by(repository, covering):
        if _keeping_pattern(covering, tag) is None:
            left.setdefault(id(policy), (policy, []))[1].append(tag)
    return left.values()


def _keeping_pattern(covering: Sequence[Policy], tag: Tag) -> str | None:
    """Return the keep pattern that keeps the tag, and whose it is."""
    for policy in covering:
        for pattern in policy.keep_tags:
            if pattern.matches(tag.name):
                return f"keep_tags {pattern.text} of {policy.name}"
    return None


def is_protected(graph: Graph, protected: ProtectedImages, repository: str, tag: Tag) -> bool:
    """Tell whether the tag, its manifest, one of its children or a configuration of these is in use somewhere."""
    if protected.has(repository, tag.name):
        return True
    return bool(protected.digests) and not protected.digests.isdisjoint(_identities(graph, tag.digest))


def last_to_stay(
    staying: Sequence[Tag], going: Sequence[Tag], pulls: Callable[[Tag], bool], age: Callable[[Tag], Any]
) -> Tag | None:
    """Return which tag of those that go has to stay, where a repository may not lose its last one: the youngest.

    None where enough stays. A tag that does not pull is nobody's last tag, unless no tag of the repository pulls.
    """
    if any(map(pulls, staying)):
        return None
    pulling = list(filter(pulls, going))
    if not pulling and staying:
        return None
    return max(pulling or going, key=age, default=None)


def is_thrown_away(graph: Graph, tag: Tag) -> bool:
    """Tell whether an interrupted run pushed the tag onto a throw-away image, in order to delete it."""
    manifest = graph.manifests.get(tag.digest)
    return manifest is not None and manifest.config == CONFIG_DIGEST


class _Judge:
    """Decides on the tags of one repository."""

    def __init__(
        self, graph: Graph, settings: Settings, repository: Repository, now: float, broken: Mapping[str, str]
    ) -> None:
        self.graph = graph
        self.settings = settings
        self.repository = repository
        self.now = now
        self.broken = broken
        self._placed: set[str] = set()
        self.warnings: list[str] = []
        self.covering = [policy for policy in settings.policies if policy.covers(repository.name)]
        self.moments = Moments(graph, repository, now)

    def decide(self) -> list[Decision]:
        """Return one decision per ordinary tag, in the natural order of their names."""
        judged = {tag.name: policy for tag, policy in _judged_by(self.repository, self.covering)}
        decisions: dict[str, Decision] = {}
        left: list[tuple[Policy, list[Tag]]] = [(policy, []) for policy in self.covering]
        for tag in self.repository.judged_tags():
            reason = self._always_kept(tag) or (None if tag.name in judged else "no policy judges it")
            if reason:
                decisions[tag.name] = Decision(tag, True, f"kept: {reason}")
            elif is_thrown_away(self.graph, tag):
                decisions[tag.name] = Decision(tag, False, BEGUN)
            elif tag.name in self.broken:
                decisions[tag.name] = self._decide_broken(tag)
            else:
                next(tags for policy, tags in left if policy is judged[tag.name]).append(tag)
        for policy, tags in left:
            decisions.update((decision.tag.name, decision) for decision in self._apply_policy(policy, tags))
        ordered = self._keep_witnesses([decisions[name] for name in sorted(decisions, key=natural_key)])
        self._warn_of_times(ordered)
        self._warn_of_broken()
        return [*(ordered if self.settings.allow_empty else self._keep_one(ordered)), *self._decide_detached()]

    def _decide_detached(self) -> Iterator[Decision]:
        """Yield a decision for each tag that belongs to an image which is nowhere, where these are to go."""
        for name in self.repository.detached if self.settings.delete_detached_referrers else ():
            tag = self.repository.tags[name]
            reason = self._always_kept(tag)
            deleted = f"deleted: its subject {self.repository.detached[name]} is in no repository"
            yield Decision(tag, bool(reason), f"kept: {reason}" if reason else deleted)

    def _keep_witnesses(self, decisions: list[Decision]) -> list[Decision]:
        """Keep what shows that the repository was copied, where tags stay because nothing tells their age.

        Without it the next run would take the hour of the copy for their age, and they would go, or others for them.
        """
        if not self.moments.is_copied or all(decision.reason != UNKNOWN_AGE for decision in decisions):
            return decisions
        staying = {decision.tag.digest for decision in decisions if decision.is_kept}
        going = {decision.tag.digest for decision in decisions if not decision.is_kept} - staying
        witnesses = self.moments.witnesses(staying, going)
        return [
            Decision(decision.tag, True, WITNESS) if decision.tag.digest in witnesses else decision
            for decision in decisions
        ]

    def _warn_of_times(self, decisions: list[Decision]) -> None:
        name = self.repository.name
        if self.moments.is_copied:
            self.warnings.append(
                f"{name}: the push times of tags are in another order than the dates of their images, as after a copy; "
                "image dates are used instead, and nothing counts as older than its push"
            )
        unknown = [decision.tag for decision in decisions if decision.reason == UNKNOWN_AGE]
        if unknown:
            stamped = sum(tag.digest in self.moments.stamped for tag in unknown)
            also = f"; {stamped} of them have images with one and the same date" if stamped else ""
            self.warnings.append(
                f"{name}: {len(unknown)} tags of unknown age are kept, such as {unknown[0].name}{also}"
            )

    def _warn_of_undated(self, decisions: list[Decision]) -> None:
        """Warn where of images that were pushed in one go some stay and some go, and nothing tells what is newer."""
        for images in self.moments.in_one_go:
            together = [decision for decision in decisions if decision.tag.digest in images]
            undated = [decision.tag.name for decision in together if not self.moments.is_dated(decision.tag)]
            if undated and len({decision.is_kept for decision in together}) > 1:
                self.warnings.append(
                    f"{self.repository.name}: {len(together)} tags were pushed in one go, and the image dates of "
                    f"{len(undated)} of them are unknown, such as {undated[0]}; they are taken to be as new as their "
                    "pushes. If they were copied, use sort_by: version or name"
                )

    def _warn_of_broken(self) -> None:
        if self.broken and not self.repository.kept_whole:
            shown = [f"{tag} ({why})" for tag, why in islice(self.broken.items(), _SHOWN)]
            more = f" and {len(self.broken) - _SHOWN} more" if len(self.broken) > _SHOWN else ""
            way = "" if self.settings.deletes_broken else ". Push them again, or let them go with broken_tags: delete"
            self.warnings.append(
                f"{self.repository.name}: tags that do not pull take no place among the newest: "
                f"{', '.join(shown)}{more}{way}"
            )

    def _decide_broken(self, tag: Tag) -> Decision:
        why = f"({self.broken[tag.name]})"
        if self.settings.deletes_broken and not self.broken[tag.name].startswith(OTHER_SIZE):
            return Decision(tag, False, f"{GOES_BROKEN} {why}")
        return Decision(tag, True, f"kept: does not pull {why}")

    def relied_on(self, decisions: list[Decision]) -> set[str]:
        """Return the images by whose standing others go: those with a place in a ranking, and else one that stays."""
        if all(decision.is_kept for decision in decisions):
            return set()
        staying = [d.tag for d in decisions if d.is_kept and d.tag.name not in self.broken]
        if self.settings.allow_empty or not staying or not self._placed.isdisjoint(tag.digest for tag in staying):
            return self._placed
        return self._placed | {max(staying, key=self._age_key).digest}

    def _always_kept(self, tag: Tag) -> str | None:
        """Return why the tag stays whatever the rules say, None where it is for the rules to decide."""
        if self.repository.kept_whole:
            return f"its repository is kept whole, because {self.repository.kept_whole}"
        manifest = self.graph.manifests.get(tag.digest)
        if manifest is not None and not manifest.is_known:
            return f"its manifest is not understood ({manifest.media_type})"
        pattern = _keeping_pattern(self.covering, tag)
        if pattern is not None:
            return pattern
        if is_protected(self.graph, self.settings.protected, self.repository.name, tag):
            return "in use (protect_images)"
        return None

    def _apply_policy(self, policy: Policy, tags: list[Tag]) -> list[Decision]:
        rules = Rules(policy, self.moments, self.now)
        decisions = rules.decide(tags)
        self._placed |= rules.placed
        if policy.sort_by == "pushed" and policy.counts:
            self._warn_of_undated(decisions)
        return decisions

    def _keep_one(self, decisions: list[Decision]) -> list[Decision]:
        """Keep the newest tag of a repository that would lose its last one, or the last that pulls."""
        staying = [decision.tag for decision in decisions if decision.is_kept]
        going = [decision.tag for decision in decisions if not decision.is_kept]
        last = last_to_stay(staying, going, lambda tag: tag.name not in self.broken, self._age_key)
        if last is None:
            return decisions
        which = "the last tag of its repository that pulls" if staying else "the last tag of its repository"
        spared = Decision(last, True, f"kept: {which} (allow_empty is false)")
        return [spared if decision.tag is last else decision for decision in decisions]

    def _age_key(self, tag: Tag) -> tuple[Any, ...]:
        seconds = self.moments.rank(tag, "pushed").seconds
        return (seconds if seconds is not None else float("-inf"), natural_key(tag.name))


def _identities(graph: Graph, digest: str) -> set[str]:
    """Return every digest by which somebody may call this image: the manifest, its children, their configurations."""
    found: set[str] = set()
    waiting = [digest]
    while waiting:
        current = waiting.pop()
        manifest = graph.manifests.get(current)
        if current not in found and manifest is not None:
            waiting.extend(manifest.children)
            if manifest.config:
                found.add(manifest.config)
        found.add(current)
    return found
