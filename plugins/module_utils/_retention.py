# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: which tags stay and which go, each with its reason. A pure function of graph, settings and now."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from ._durations import describe_duration
from ._graph import Graph, Repository, Tag
from ._order import natural_key, version_key
from ._patterns import matches_any
from ._policy import Policy, ProtectedImages, Settings

# A registry takes longer than this to accept an image; tags "pushed" faster than this one after the other were copied.
_FASTEST_PUSH_SECONDS = 0.05
_SPREAD_SECONDS = 86400.0
_UNKNOWN_AGE = "kept: its age is unknown"


class Decision(NamedTuple):
    """What becomes of one tag, and why."""

    tag: Tag
    is_kept: bool
    reason: str


class Retention(NamedTuple):
    """The decisions by repository, and what somebody should know about how they were reached."""

    decisions: Dict[str, List[Decision]]
    warnings: List[str]


class _Moment(NamedTuple):
    """When a tag's image appeared: `seconds` is None where that is unknown; `word` says which date it is."""

    seconds: Optional[float]
    word: str


def retain(graph: Graph, settings: Settings, now: float) -> Retention:
    """Decide on every ordinary tag of every repository that the settings select."""
    warnings: List[str] = []
    decisions: Dict[str, List[Decision]] = {}
    for name in sorted(graph.repositories):
        if settings.selects(name):
            judge = _Judge(graph, settings, graph.repositories[name], now)
            decisions[name] = judge.decide()
            warnings.extend(judge.warnings)
    warnings.extend(_unused_keep_patterns(graph, settings))
    return Retention(decisions, warnings)


def images_to_date(graph: Graph, settings: Settings) -> Set[str]:
    """Return the digests of the images whose own date is needed: none where no rule looks at it."""
    needed: Set[str] = set()
    for name, repository in graph.repositories.items():
        if not settings.selects(name):
            continue
        suspicious = _pushed_too_fast(repository)
        for tag, policy in _judged_by(repository, settings.policies):
            unsure = suspicious or tag.pushed is None
            if policy.sort_by == "created" or (unsure and _looks_at_time(policy)):
                needed.add(tag.digest)
    return needed


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


def _pushed_too_fast(repository: Repository) -> bool:
    """Tell whether the push times lie closer together than pushes can: a copied or restored store (DESIGN.md)."""
    times = [tag.pushed for tag in repository.judged_tags() if tag.pushed is not None]
    images = {tag.digest for tag in repository.judged_tags()}
    return len(images) > 1 and max(times) - min(times) < _FASTEST_PUSH_SECONDS * len(images) if times else False


def _unused_keep_patterns(graph: Graph, settings: Settings) -> List[str]:
    """Return a warning for each keep pattern that matches no tag anywhere: most often a typing error."""
    warnings = []
    for policy in settings.policies:
        names = [
            tag.name
            for repository in graph.repositories.values()
            if settings.selects(repository.name) and policy.covers(repository.name)
            for tag in repository.judged_tags()
        ]
        for pattern in policy.keep_tags:
            if not any(pattern.matches(name) for name in names):
                warnings.append(f"{policy.name}: the keep_tags pattern {pattern.text!r} matches no tag")
    return warnings


def is_protected(graph: Graph, protected: ProtectedImages, repository: str, tag: Tag) -> bool:
    """Tell whether the tag, its manifest, one of its children or a configuration of these is in use somewhere."""
    if (repository, tag.name) in protected.names:
        return True
    return bool(protected.digests) and not protected.digests.isdisjoint(_identities(graph, tag.digest))


class _Judge:
    """Decides on the tags of one repository."""

    def __init__(self, graph: Graph, settings: Settings, repository: Repository, now: float) -> None:
        self.graph = graph
        self.settings = settings
        self.repository = repository
        self.now = now
        self.warnings: List[str] = []
        self.covering = [policy for policy in settings.policies if policy.covers(repository.name)]
        self.trusts_pushes = self._trusts_pushes()

    def decide(self) -> List[Decision]:
        """Return one decision per ordinary tag, in the natural order of their names."""
        by_policy: Dict[int, List[Tag]] = {}
        policies = {id(policy): policy for policy in self.covering}
        reasons: Dict[str, Decision] = {}
        judged = {tag.name: policy for tag, policy in _judged_by(self.repository, self.covering)}
        for tag in self.repository.judged_tags():
            reason = self._always_kept(tag, judged.get(tag.name))
            if reason:
                reasons[tag.name] = Decision(tag, True, f"kept: {reason}")
            else:
                by_policy.setdefault(id(judged[tag.name]), []).append(tag)
        for key, tags in by_policy.items():
            for decision in self._apply_policy(policies[key], tags):
                reasons[decision.tag.name] = decision
        decisions = [reasons[name] for name in sorted(reasons, key=natural_key)]
        unknown = [decision.tag.name for decision in decisions if decision.reason == _UNKNOWN_AGE]
        if unknown:
            self.warnings.append(
                f"{self.repository.name}: {len(unknown)} tags of unknown age are kept, such as {unknown[0]}"
            )
        return decisions if self.settings.allow_empty else self._keep_one(decisions)

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
            return f"its manifest is of a kind not known here ({manifest.media_type})"
        for covering in self.covering:
            for pattern in covering.keep_tags:
                if pattern.matches(tag.name):
                    return f"keep_tags {pattern.text} of {covering.name}"
        if is_protected(self.graph, self.settings.protected, self.repository.name, tag):
            return "in use (protect_images)"
        return None if policy else "no policy judges it"

    def _moment(self, tag: Tag, policy: Policy) -> _Moment:
        if policy.sort_by != "created" and self.trusts_pushes and tag.pushed is not None:
            return _Moment(tag.pushed, "pushed")
        return _Moment(self.graph.created.get(tag.digest), "created")

    def _rank(self, tag: Tag, policy: Policy) -> Optional[Any]:
        """Return what the policy sorts the tag by, None where the tag has no place in that order."""
        if policy.sort_by == "version":
            return version_key(tag.name)
        return natural_key(tag.name) if policy.sort_by == "name" else self._moment(tag, policy).seconds

    def _apply_policy(self, policy: Policy, tags: List[Tag]) -> List[Decision]:
        chosen: Dict[str, str] = {}
        outside = [tag for tag in tags if policy.group_by and not policy.group_by.matches(tag.name)]
        tags = [tag for tag in tags if tag not in outside]
        groups = _groups(policy, tags)
        ranks_matter = policy.keep_n is not None or policy.keep_groups is not None
        dropped: Dict[str, str] = {}
        if ranks_matter:
            groups = self._newest_groups(policy, groups, dropped)
            for members in groups:
                self._choose_newest(policy, members, chosen, dropped)
        decisions = [Decision(tag, True, "kept: in no group of group_by") for tag in outside]
        for tag in tags:
            decisions.append(self._judge_age(policy, tag, chosen.get(tag.name), dropped.get(tag.name, "")))
        return decisions

    def _newest_groups(self, policy: Policy, groups: List[List[Tag]], dropped: Dict[str, str]) -> List[List[Tag]]:
        """Return the newest `keep_groups` groups; the tags of the others are dropped."""
        if policy.keep_groups is None:
            return groups
        newest_first = sorted(groups, key=lambda members: self._newest_key(policy, members), reverse=True)
        for members in newest_first[policy.keep_groups :]:
            for tag in members:
                if self._rank(tag, policy) is not None:
                    dropped[tag.name] = f"not in the newest {policy.keep_groups} of {len(groups)} groups"
        return newest_first

    def _newest_key(self, policy: Policy, tags: List[Tag]) -> Tuple[Any, ...]:
        return max(self._sort_key(policy, tag) for tag in tags)

    def _sort_key(self, policy: Policy, tag: Tag) -> Tuple[Any, ...]:
        """Order by rank, what is equal by name; what has no rank comes last and is never dropped."""
        rank = self._rank(tag, policy)
        return (rank is not None, rank if rank is not None else 0, natural_key(tag.name))

    def _choose_newest(self, policy: Policy, tags: List[Tag], chosen: Dict[str, str], dropped: Dict[str, str]) -> None:
        """Choose the newest `keep_n` images of a group, with all their tags; without `keep_n`, all that is not
        dropped."""
        ranked = [tag for tag in tags if self._rank(tag, policy) is not None]
        for tag in tags:
            if self._rank(tag, policy) is None:
                chosen[tag.name] = "not a version" if policy.sort_by == "version" else "its age is unknown"
        lead: Dict[str, Tag] = {}
        for tag in sorted(ranked, key=lambda tag: self._sort_key(policy, tag), reverse=True):
            lead.setdefault(tag.digest, tag)
        kept = len(lead) if policy.keep_n is None else policy.keep_n
        newest = set(list(lead)[:kept])
        for tag in ranked:
            if tag.name in dropped:
                continue
            if tag.digest not in newest:
                dropped[tag.name] = f"not among the newest {kept} of {len(lead)}"
            elif lead[tag.digest] is tag:
                chosen[tag.name] = f"newest {min(kept, len(lead))} of {len(lead)}"
            else:
                chosen[tag.name] = f"same image as tag {lead[tag.digest].name}"

    def _judge_age(self, policy: Policy, tag: Tag, chosen: Optional[str], dropped: str) -> Decision:
        moment = self._moment(tag, policy)
        said = f"{moment.word} {format_day(moment.seconds)}" if moment.seconds is not None else "its age is unknown"
        if policy.expire_after is not None and self._is_older(moment, policy.expire_after):
            return Decision(tag, False, f"deleted: {said}, expired after {describe_duration(policy.expire_after)}")
        if chosen:
            return Decision(tag, True, f"kept: {chosen}")
        if policy.older_than is None:
            return Decision(tag, not dropped, f"deleted: {dropped}" if dropped else f"kept: {said}")
        if moment.seconds is None:
            return Decision(tag, True, _UNKNOWN_AGE)
        limit = describe_duration(policy.older_than)
        if self._is_older(moment, policy.older_than):
            return Decision(tag, False, f"deleted: {said}, older than {limit}" + (f", {dropped}" if dropped else ""))
        return Decision(tag, True, f"kept: {said}, not older than {limit}")

    def _is_older(self, moment: _Moment, age: float) -> bool:
        return moment.seconds is not None and self.now - moment.seconds >= age

    def _keep_one(self, decisions: List[Decision]) -> List[Decision]:
        """Keep the newest tag of a repository that would lose its last one."""
        if not decisions or any(decision.is_kept for decision in decisions):
            return decisions
        last = max(decisions, key=lambda decision: self._age_key(decision.tag))
        spared = Decision(last.tag, True, "kept: the last tag of its repository (allow_empty is false)")
        return [spared if decision is last else decision for decision in decisions]

    def _age_key(self, tag: Tag) -> Tuple[Any, ...]:
        seconds = tag.pushed if self.trusts_pushes and tag.pushed is not None else self.graph.created.get(tag.digest)
        return (seconds if seconds is not None else float("-inf"), natural_key(tag.name))


def _groups(policy: Policy, tags: List[Tag]) -> List[List[Tag]]:
    """Split tags by what the groups of `group_by` captured; one group where the policy does not group."""
    if policy.group_by is None:
        return [tags]
    groups: Dict[Tuple[Optional[str], ...], List[Tag]] = {}
    for tag in tags:
        match = policy.group_by.regex.fullmatch(tag.name)
        if match:
            groups.setdefault(match.groups(), []).append(tag)
    return list(groups.values())


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


def format_day(seconds: float) -> str:
    """Return the UTC day of a time, as reasons name it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")
