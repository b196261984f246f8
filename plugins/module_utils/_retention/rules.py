# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of one policy at work on the tags that it judges. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

from .._basics.durations import describe_duration
from .._basics.order import natural_key, version_key
from .._graph.graph import Tag
from .moments import Moment, Moments
from .policy import Policy

UNKNOWN_AGE = "kept: its age is unknown"


class Decision(NamedTuple):
    """What becomes of one tag, and why."""

    tag: Tag
    is_kept: bool
    reason: str


class _Standing(NamedTuple):
    """Whether a tag is among the newest of its group, and how it came to that."""

    is_newest: bool
    why: str


def keeps_all(policy: Policy, tags: Sequence[Tag]) -> bool:
    """Tell whether the policy keeps these tags whatever their dates are: no more images than `keep_n`."""
    if policy.keep_n is None or policy.expire_after is not None or policy.group_by is not None:
        return False
    return len({tag.digest for tag in tags}) <= policy.keep_n


class Rules:
    """One policy; `moments` tell when the images of tags appeared, `now` is in seconds since the epoch."""

    def __init__(self, policy: Policy, moments: Moments, now: float) -> None:
        self.policy = policy
        self.moments = moments
        self.now = now
        #: The images by whose places others have none.
        self.placed: set[str] = set()

    def decide(self, tags: list[Tag]) -> list[Decision]:
        """Return one decision for each tag."""
        if keeps_all(self.policy, tags):
            images = len({tag.digest for tag in tags})
            return [Decision(tag, True, f"kept: newest {images} of {images}") for tag in tags]
        groups, outside = self._group(tags)
        standings = self._standings(groups)
        decisions = [Decision(tag, True, "kept: in no group of group_by") for tag in outside]
        for members in groups:
            decisions.extend(self._judge(tag, standings.get(tag.name)) for tag in members)
        return decisions

    def _group(self, tags: list[Tag]) -> tuple[list[list[Tag]], list[Tag]]:
        """Split tags by what the groups of `group_by` captured; second, those that it does not match."""
        if self.policy.group_by is None:
            return ([tags] if tags else []), []
        groups: dict[tuple[str | None, ...], list[Tag]] = {}
        outside = []
        for tag in tags:
            match = self.policy.group_by.regex.fullmatch(tag.name)
            if match:
                groups.setdefault(match.groups(), []).append(tag)
            else:
                outside.append(tag)
        return list(groups.values()), outside

    def _standings(self, groups: list[list[Tag]]) -> dict[str, _Standing]:
        """Return the standing of each tag; none where the policy has no rule that counts."""
        policy = self.policy
        if policy.keep_n is None and policy.keep_groups is None:
            return {}
        standings: dict[str, _Standing] = {}
        newest_first = sorted(groups, key=lambda members: max(map(self._sort_key, members)), reverse=True)
        for position, members in enumerate(newest_first):
            if policy.keep_groups is not None and position >= policy.keep_groups:
                late = _Standing(False, f"not in the newest {policy.keep_groups} of {len(groups)} groups")
                standings.update((tag.name, late) for tag in members)
            else:
                standings.update(self._standings_in_group(members))
            standings.update((tag.name, self._without_rank()) for tag in members if self._rank(tag) is None)
        return standings

    def _standings_in_group(self, tags: list[Tag]) -> dict[str, _Standing]:
        """Rank images by the newest of their tags; an image among the newest `keep_n` stays with all its tags."""
        leads: dict[str, Tag] = {}
        for tag in sorted(tags, key=self._sort_key, reverse=True):
            if self._rank(tag) is not None:
                leads.setdefault(tag.digest, tag)
        wanted = len(leads) if self.policy.keep_n is None else self.policy.keep_n
        newest = set(list(leads)[:wanted])
        if wanted < len(leads) or self.policy.keep_groups is not None:
            self.placed |= newest
        chosen = _Standing(True, f"newest {min(wanted, len(leads))} of {len(leads)}")
        late = _Standing(False, f"not among the newest {wanted} of {len(leads)}")
        standings = {}
        for tag in tags:
            lead = leads.get(tag.digest, tag)
            same = _Standing(True, f"same image as tag {lead.name}")
            standings[tag.name] = late if tag.digest not in newest else chosen if lead is tag else same
        return standings

    def _without_rank(self) -> _Standing:
        return _Standing(True, "not a version" if self.policy.sort_by == "version" else "its age is unknown")

    def _rank(self, tag: Tag) -> Any | None:
        """Return what the policy sorts the tag by, None where the tag has no place in that order."""
        by = self.policy.sort_by
        if by == "version":
            return version_key(tag.name)
        return natural_key(tag.name) if by == "name" else self.moments.rank(tag, by).seconds

    def _sort_key(self, tag: Tag) -> tuple[Any, ...]:
        """Order by rank, and what is equal by name; what has no rank comes last."""
        rank = self._rank(tag)
        return (rank is not None, 0 if rank is None else rank, natural_key(tag.name))

    def _judge(self, tag: Tag, standing: _Standing | None) -> Decision:
        policy, moment = self.policy, self.moments.age(tag, self.policy.sort_by)
        if policy.expire_after is not None and self._is_older(moment, policy.expire_after):
            why = f"expired after {describe_duration(policy.expire_after)}"
            return Decision(tag, False, f"deleted: {moment.describe()}, {why}")
        if standing and standing.is_newest:
            return Decision(tag, True, f"kept: {standing.why}")
        if policy.older_than is not None:
            return self._judge_age(tag, moment, policy.older_than, standing)
        if standing:
            return Decision(tag, False, f"deleted: {standing.why}")
        return Decision(tag, True, f"kept: {moment.describe()}")

    def _judge_age(self, tag: Tag, moment: Moment, limit: float, standing: _Standing | None) -> Decision:
        if moment.seconds is None:
            return Decision(tag, True, UNKNOWN_AGE)
        if not self._is_older(moment, limit):
            return Decision(tag, True, f"kept: {moment.describe()}, not older than {describe_duration(limit)}")
        also = f", {standing.why}" if standing else ""
        return Decision(tag, False, f"deleted: {moment.describe()}, older than {describe_duration(limit)}{also}")

    def _is_older(self, moment: Moment, age: float) -> bool:
        return moment.seconds is not None and self.now - moment.seconds >= age
