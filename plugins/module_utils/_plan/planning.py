# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a plan, and marking again before it is applied. Pure.

Both follow the same consequences; they differ in what they may remove. A plan that is marked again can only shrink.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, TypeVar

from .._basics.order import natural_key
from .._graph.ability import IN_STORAGE, Ability
from .._graph.broken import Pulling
from .._graph.drift import Drift
from .._graph.graph import Graph, Repository, Tag
from .._graph.reach import Node, reach, referrers
from .._graph.removal import Removal, RepositoryRemoval
from .._retention.policy import Bounds
from .._retention.protected import ProtectedImages
from .._retention.retention import GOES_BROKEN, Retention, is_protected, is_thrown_away, last_to_stay
from .._retention.rules import Decision
from .consequences import DoomedTags, Spared, follow
from .permission import Aged, Ageless, Approved
from .plan import Plan

W = TypeVar("W")
_LAST = "would be the last tag of its repository, or the last that pulls, to go (allow_empty is false)"


class Marked(NamedTuple):
    """A plan, and what of it may go from the registry as it is now."""

    plan: Plan
    graph: Graph
    removal: Removal
    drift: list[Drift]


def make_plan(
    graph: Graph,
    bounds: Bounds,
    retention: Retention,
    source: dict[str, str],
    permission: Aged | Ageless,
) -> Plan:
    """Return the plan that follows from the decisions, of what `permission` lets go."""
    removal, spared = follow(graph, doomed_tags(retention), permission, bounds.protected)
    return Plan(source, bounds.options, permission.now, removal, _with_spared(retention.decisions, spared))


def condemned(graph: Graph, interrupted: Iterable[Plan]) -> set[Node]:
    """Return the manifests whose removal interrupted plans have begun: they go, though no tag leads to them any more.

    That is so where a tag that led to one is gone; the graph has to know what that tag pointed to. One that had no tag
    before, or that was pushed again since, stays or goes as the options of this run say.
    """
    plans = list(interrupted)
    removals = [(name, gone) for plan in plans for name, gone in plan.removal.repositories.items()]
    now = {name: repository.tags for name, repository in graph.repositories.items()}
    begun = (
        (name, tag.digest) for name, gone in removals for tag in gone.tags.values() if tag.name not in now.get(name, {})
    )
    reached = reach(graph, begun, referrers(graph)) if plans else {}
    return {
        (name, digest)
        for name, gone in removals
        if name in graph.repositories
        for digest, modified in gone.manifests.items()
        if digest in reached.get(name, ()) and graph.repositories[name].revisions.get(digest) == modified
    }


def doomed_tags(retention: Retention) -> DoomedTags:
    """Return the tags that the decisions let go."""
    return {
        name: {decision.tag.name: decision.tag for decision in decisions if not decision.is_kept}
        for name, decisions in retention.decisions.items()
    }


def _with_spared(decisions: Mapping[str, list[Decision]], spared: list[Spared]) -> dict[str, list[Decision]]:
    reasons = {(name, tag.name): reason for name, tag, reason in spared}
    return {
        name: [Decision(d.tag, True, reasons[name, d.tag.name]) if (name, d.tag.name) in reasons else d for d in found]
        for name, found in decisions.items()
    }


def mark_again(
    graph: Graph, plan: Plan, protected: ProtectedImages, ability: Ability = IN_STORAGE
) -> tuple[Removal, list[Drift]]:
    """Return what of the plan may still go now, and what of it does not and why. The result is a subset of the plan."""
    plan = _as_begun(graph, plan)
    doomed = _still_doomed(graph, plan, protected)
    last = _spare_last(graph, plan, doomed)
    removal, _spared = follow(graph, doomed, Approved(plan, ability), protected)
    removal.blobs = _one_of_two(removal.blobs, plan.removal.blobs)
    for name, planned in plan.removal.repositories.items():
        gone = removal.repositories.get(name, planned)
        gone.layer_links = _one_of_two(gone.layer_links, planned.layer_links)
    return removal, list(_drift(graph, plan.removal, removal, last))


def _still_doomed(graph: Graph, plan: Plan, protected: ProtectedImages) -> DoomedTags:
    """Return the tags that the plan lets go, that are as they were, and that nobody needs."""
    pulling = _pulling_again(graph, plan)
    doomed: DoomedTags = {}
    for name, gone in plan.removal.repositories.items():
        found = graph.repositories.get(name)
        named = {decision.tag.name for decision in plan.decisions.get(name, []) if not decision.is_kept}
        doomed[name] = {
            tag.name: tag
            for tag in gone.tags.values()
            # One that is attached goes only if its subject still does, unless somebody named the tag itself.
            if tag.name in named
            and found
            and (plan.is_by_name or tag.name not in found.attached)
            and found.tags.get(tag.name) == tag
            and (name, tag.name) not in pulling
            and not is_protected(graph, protected, name, tag)
        }
    return doomed


def _spare_last(graph: Graph, plan: Plan, doomed: DoomedTags) -> set[tuple[str, str]]:
    """Take from the doomed the last tag of each repository that may not lose it, and return them (repository, tag).

    The tag that was to stay may have gone, or may not pull any more. Plans for what was named have no `allow_empty`.
    """
    if plan.options.get("allow_empty", True):
        return set()
    pulling = Pulling(graph)
    spared: set[tuple[str, str]] = set()
    for name, tags in doomed.items():
        judged = list(graph.repositories[name].judged_tags()) if tags else []
        staying = [tag for tag in judged if tag.name not in tags]
        going = [tag for tag in judged if tag.name in tags]
        last = last_to_stay(staying, going, partial(pulling.has, name), _by_age)
        if last is not None:
            del tags[last.name]
            spared.add((name, last.name))
    return spared


def _by_age(tag: Tag) -> tuple[Any, ...]:
    return (float("-inf") if tag.pushed is None else tag.pushed, natural_key(tag.name))


def narrowed(plan: Plan, bounds: Bounds) -> tuple[Plan, list[Drift]]:
    """Return the plan without the repositories that the bounds leave out, and all that is left alone there."""
    removal = plan.removal
    left = {name: gone for name, gone in removal.repositories.items() if not bounds.selects(name)}
    litter = {path: found for path, found in removal.debris.items() if found.repository in left}
    if not left:
        return plan, []
    kept = replace(
        removal,
        repositories={name: gone for name, gone in removal.repositories.items() if name not in left},
        debris={path: found for path, found in removal.debris.items() if path not in litter},
    )
    drift = [entry for name, gone in left.items() for entry in _left_alone(name, gone, bounds.why_not(name))]
    drift.extend(Drift(None, "debris", path, bounds.why_not(str(found.repository))) for path, found in litter.items())
    return replace(plan, removal=kept), drift


def _left_alone(name: str, gone: RepositoryRemoval, why: str) -> Iterator[Drift]:
    for kind, things in (
        ("tag", gone.tags),
        ("manifest", gone.manifests),
        ("layer link", gone.layer_links),
        ("upload", gone.uploads),
    ):
        yield from (Drift(name, kind, thing, why) for thing in things)
    if gone.is_removed:
        yield Drift(name, "repository", name, why)


def going_broken(plan: Plan) -> dict[str, list[Tag]]:
    """Return by repository the tags that the plan lets go because they do not pull."""
    return {
        name: [decision.tag for decision in decisions if decision.reason.startswith(GOES_BROKEN)]
        for name, decisions in plan.decisions.items()
        if name in plan.removal.repositories
    }


def _pulling_again(graph: Graph, plan: Plan) -> set[tuple[str, str]]:
    """Return those of them (repository, name) that pull now: somebody has mended the store."""
    pulling = Pulling(graph)
    return {
        (name, tag.name)
        for name, tags in going_broken(plan).items()
        if name in graph.repositories
        for tag in tags
        if pulling.has(name, graph.repositories[name].tags.get(tag.name, tag))
    }


def _one_of_two(found: dict[str, W], planned: dict[str, W]) -> dict[str, W]:
    """Return what was found, in the memory of what was planned where it is the same."""
    return planned if found == planned else found


def _as_begun(graph: Graph, plan: Plan) -> Plan:
    """Return the plan with its tags where an interrupted run of it left them: on throw-away images."""
    begun = {
        name: {tag: now[tag] for tag in gone.tags if tag in now and is_thrown_away(graph, now[tag])}
        for name, gone in plan.removal.repositories.items()
        for now in [graph.repositories.get(name, Repository(name)).tags]
    }
    if not any(begun.values()):
        return plan
    repositories = {
        name: replace(gone, tags={**gone.tags, **begun[name]}) for name, gone in plan.removal.repositories.items()
    }
    return replace(plan, removal=replace(plan.removal, repositories=repositories))


def _drift(graph: Graph, planned: Removal, left: Removal, last: set[tuple[str, str]]) -> Iterator[Drift]:
    for name, gone in planned.repositories.items():
        found = graph.repositories.get(name, Repository(name))
        still = left.repositories.get(name, RepositoryRemoval())
        for tag in gone.tags.values():
            if tag.name not in still.tags:
                yield Drift(name, "tag", tag.name, _LAST if (name, tag.name) in last else _why_tag(found, tag))
        for kind, before, after, present in (
            ("manifest", gone.manifests, still.manifests, found.revisions),
            ("layer link", gone.layer_links, still.layer_links, found.layer_links),
            ("upload", gone.uploads, still.uploads, found.uploads),
        ):
            yield from _drift_of(name, kind, before, after, present)
        if gone.is_removed and not still.is_removed:
            yield Drift(name, "repository", name, "is not empty" if name in graph.repositories else "is already gone")
    yield from _drift_of(None, "blob", planned.blobs, left.blobs, graph.blobs)
    yield from _drift_of(None, "debris", planned.debris, left.debris, graph.debris)


def _drift_of(
    repository: str | None,
    kind: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    present: Mapping[str, object],
) -> Iterator[Drift]:
    for name in before:
        if name not in after:
            if name not in present:
                why = "is already gone"
            else:
                why = "is in use again" if present[name] == before[name] else "has changed since the plan was made"
            yield Drift(repository, kind, name, why)


def _why_tag(found: Repository, tag: Tag) -> str:
    now = found.tags.get(tag.name)
    if now is None:
        return "is already gone"
    if now.digest != tag.digest:
        return f"now points to {now.digest}" if now.digest else "is already gone"
    return (
        "was pushed again"
        if now.pushed != tag.pushed
        else "its image is in use, pulls again, or has a part that is new since the plan was made"
    )
