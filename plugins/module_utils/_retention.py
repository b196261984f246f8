# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: which tags stay and which go, each with its reason. A pure function of graph, settings and now."""

from __future__ import annotations

from itertools import islice
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ._broken import Broken, find_broken
from ._graph import Graph, Repository, Tag
from ._keep_patterns import forgotten_wildcards
from ._order import natural_key
from ._patterns import matches_any
from ._policy import Policy, Settings
from ._protected import ProtectedImages
from ._rules import UNKNOWN_AGE, Decision, Moment, Rules, keeps_all
from ._throw_away import CONFIG_DIGEST

# A registry takes longer than this to accept an image; tags "pushed" faster than this one after the other were copied.
_FASTEST_PUSH_SECONDS = 0.05
_SPREAD_SECONDS = 86400.0
BEGUN = "deleted: an interrupted run had begun to"
#: What the reason of a tag begins with that goes because it does not pull.
GOES_BROKEN = "deleted: does not pull"
# So many tags are named in a warning.
_SHOWN = 5


class Retention(NamedTuple):
    """The decisions by repository, and what somebody should know about how they were reached.

    `relied_on` are the images by whose standing others go, by repository: they must pull. `broken` are the tags that
    do not.
    """

    decisions: Dict[str, List[Decision]]
    warnings: List[str]
    relied_on: Mapping[str, Set[str]] = {}
    broken: Sequence[Broken] = ()


def retain(graph: Graph, settings: Settings, now: float) -> Retention:
    """Decide on every ordinary tag of every repository that the settings select."""
    warnings: List[str] = []
    decisions: Dict[str, List[Decision]] = {}
    relied_on: Dict[str, Set[str]] = {}
    broken: List[Broken] = []
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
    return Retention(decisions, warnings, relied_on, broken)


def _sorted(broken: Mapping[str, str]) -> Dict[str, str]:
    return {tag: broken[tag] for tag in sorted(broken, key=natural_key)}


def images_to_date(graph: Graph, settings: Settings) -> Set[str]:
    """Return the digests of the images whose own date is needed: none where no rule looks at it."""
    needed: Set[str] = set()
    for name, repository in graph.repositories.items():
        if not settings.selects(name):
            continue
        suspicious = _pushed_too_fast(repository)
        for policy, tags in _left_to_rules(repository, settings.policies):
            if not keeps_all(policy, tags):
                needed.update(tag.digest for tag in tags if _needs_date(policy, suspicious or tag.pushed is None))
    return needed


def _needs_date(policy: Policy, is_unsure: bool) -> bool:
    return policy.sort_by == "created" or (is_unsure and _looks_at_time(policy))


def _looks_at_time(policy: Policy) -> bool:
    return policy.sort_by == "pushed" or policy.older_than is not None or policy.expire_after is not None


def _judged_by(repository: Repository, policies: Sequence[Policy]) -> Iterable[Tuple[Tag, Policy]]:
    """Yield each ordinary tag that a policy judges with the first policy that does."""
    covering = [policy for policy in policies if policy.covers(repository.name)]
    for tag in repository.judged_tags():
        for policy in covering:
            if matches_any(policy.tags, tag.name):
                yield tag, policy
                break


def _left_to_rules(repository: Repository, policies: Sequence[Policy]) -> Iterable[Tuple[Policy, List[Tag]]]:
    """Yield each policy with the tags that it judges and that no keep pattern keeps."""
    covering = [policy for policy in policies if policy.covers(repository.name)]
    left: Dict[int, Tuple[Policy, List[Tag]]] = {}
    for tag, policy in _judged_by(repository, covering):
        if _keeping_pattern(covering, tag) is None:
            left.setdefault(id(policy), (policy, []))[1].append(tag)
    return left.values()


def _keeping_pattern(covering: Sequence[Policy], tag: Tag) -> Optional[str]:
    """Return the keep pattern that keeps the tag, and whose it is."""
    for policy in covering:
        for pattern in policy.keep_tags:
            if pattern.matches(tag.name):
                return f"keep_tags {pattern.text} of {policy.name}"
    return None


def _pushed_too_fast(repository: Repository) -> bool:
    """Tell whether the push times lie closer together than pushes can: a copied or restored store (DESIGN.md)."""
    times = [tag.pushed for tag in repository.judged_tags() if tag.pushed is not None]
    images = {tag.digest for tag in repository.judged_tags()}
    return len(images) > 1 and max(times) - min(times) < _FASTEST_PUSH_SECONDS * len(images) if times else False


def is_protected(graph: Graph, protected: ProtectedImages, repository: str, tag: Tag) -> bool:
    """Tell whether the tag, its manifest, one of its children or a configuration of these is in use somewhere."""
    if protected.has(repository, tag.name):
        return True
    return bool(protected.digests) and not protected.digests.isdisjoint(_identities(graph, tag.digest))


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
        self._placed: Set[str] = set()
        self.warnings: List[str] = []
        self.covering = [policy for policy in settings.policies if policy.covers(repository.name)]
        self.trusts_pushes = self._trusts_pushes()

    def decide(self) -> List[Decision]:
        """Return one decision per ordinary tag, in the natural order of their names."""
        judged = {tag.name: policy for tag, policy in _judged_by(self.repository, self.covering)}
        decisions: Dict[str, Decision] = {}
        left: List[Tuple[Policy, List[Tag]]] = [(policy, []) for policy in self.covering]
        for tag in self.repository.judged_tags():
            reason = self._always_kept(tag, judged.get(tag.name))
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
        ordered = [decisions[name] for name in sorted(decisions, key=natural_key)]
        self._warn_of_unknown_ages(ordered)
        self._warn_of_broken()
        return ordered if self.settings.allow_empty else self._keep_one(ordered)

    def _warn_of_unknown_ages(self, decisions: List[Decision]) -> None:
        unknown = [decision.tag.name for decision in decisions if decision.reason == UNKNOWN_AGE]
        if unknown:
            self.warnings.append(
                f"{self.repository.name}: {len(unknown)} tags of unknown age are kept, such as {unknown[0]}"
            )

    def _warn_of_broken(self) -> None:
        if self.broken and not self.repository.kept_whole:
            shown = [f"{tag} ({why})" for tag, why in islice(self.broken.items(), _SHOWN)]
            more = f" and {len(self.broken) - _SHOWN} more" if len(self.broken) > _SHOWN else ""
            self.warnings.append(
                f"{self.repository.name}: {len(self.broken)} tags do not pull, and no other tag goes because of them: "
                f"{', '.join(shown)}{more}"
            )

    def _decide_broken(self, tag: Tag) -> Decision:
        why = f"({self.broken[tag.name]})"
        if self.settings.deletes_broken:
            return Decision(tag, False, f"{GOES_BROKEN} {why}")
        return Decision(tag, True, f"kept: does not pull {why}")

    def relied_on(self, decisions: List[Decision]) -> Set[str]:
        """Return the images by whose standing others go: those with a place in a ranking, and else one that stays."""
        if all(decision.is_kept for decision in decisions):
            return set()
        staying = [d.tag for d in decisions if d.is_kept and d.tag.name not in self.broken]
        if self.settings.allow_empty or not staying or not self._placed.isdisjoint(tag.digest for tag in staying):
            return self._placed
        return self._placed | {max(staying, key=self._age_key).digest}

    def _trusts_pushes(self) -> bool:
        if not _pushed_too_fast(self.repository):
            return True
        dates = [self.graph.created[t.digest] for t in self.repository.judged_tags() if t.digest in self.graph.created]
        if not dates or max(dates) - min(dates) < _SPREAD_SECONDS:
            return True
        self.warnings.append(
            f"{self.repository.name}: all tags show one push time, as after a copy; image dates are used instead"
        )
        return False

    def _always_kept(self, tag: Tag, policy: Optional[Policy]) -> Optional[str]:
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
        return None if policy else "no policy judges it"

    def _moment(self, tag: Tag, policy: Policy) -> Moment:
        if policy.sort_by != "created" and self.trusts_pushes and tag.pushed is not None:
            return Moment(tag.pushed, "pushed")
        return Moment(self.graph.created.get(tag.digest), "created")

    def _apply_policy(self, policy: Policy, tags: List[Tag]) -> List[Decision]:
        rules = Rules(policy, lambda tag: self._moment(tag, policy), self.now)
        decisions = rules.decide(tags)
        self._placed |= rules.placed
        return decisions

    def _keep_one(self, decisions: List[Decision]) -> List[Decision]:
        """Keep the newest tag of a repository that would lose its last one, or the last that pulls."""
        pulling = [decision for decision in decisions if decision.tag.name not in self.broken] or decisions
        if not pulling or any(decision.is_kept for decision in pulling):
            return decisions
        last = max(pulling, key=lambda decision: self._age_key(decision.tag))
        is_alone = not any(decision.is_kept for decision in decisions)
        which = "the last tag of its repository" if is_alone else "the last tag of its repository that pulls"
        spared = Decision(last.tag, True, f"kept: {which} (allow_empty is false)")
        return [spared if decision is last else decision for decision in decisions]

    def _age_key(self, tag: Tag) -> Tuple[Any, ...]:
        seconds = tag.pushed if self.trusts_pushes and tag.pushed is not None else self.graph.created.get(tag.digest)
        return (seconds if seconds is not None else float("-inf"), natural_key(tag.name))


def _identities(graph: Graph, digest: str) -> Set[str]:
    """Return every digest by which somebody may call this image: the manifest, its children, their configurations."""
    found: Set[str] = set()
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
