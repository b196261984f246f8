# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns and protected images that match nothing: most often a mistake, and then what was meant to stay goes. Pure.

An exclusion, or a protected image, that matches nothing ends the run where something near it is there that would go
unprotected. Lists that many hosts share name what some of them do not have, so `on_unmatched` says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Iterator, NamedTuple, Sequence

from .._basics.errors import UnmatchedError
from .._basics.near import KnownNames, near_words
from .._basics.patterns import Pattern, compile_pattern, matches_any
from .._basics.sentences import few
from .._graph.graph import Graph, Repository
from .._graph.removal import RepositoryRemoval
from .._retention.policy import Policy, Settings
from .._retention.protected import ALL_TAGS, ProtectedImages, Reference
from .plan import Plan

FAIL, FAIL_IF_NEAR, WARN, IGNORE = "fail", "fail_if_near", "warn", "ignore"
_EVERYTHING = ("*", "**")
# So many entries are shown in one message.
_SHOWN = 5
# What is near is looked for so many of the images in use; lists of whole clusters have more of other registries.
_LOOKED_UP = 300


class Unmatched(NamedTuple):
    """An entry that matches nothing, of what kind, and in words what was probably meant."""

    text: str
    kind: str
    meant: str | None = None

    def describe(self) -> str:
        """Return it in words."""
        return f"'{self.text}' matches no {self.kind}" + (f"; {self.meant}" if self.meant else "")


def check_unmatched(graph: Graph, settings: Settings, on_unmatched: str) -> list[str]:
    """Return a warning for each option with entries that match nothing in the registry.

    Raises UnmatchedError for exclusions and protected images, as `on_unmatched` says. Of an empty registry nothing is
    said, for nothing can go.
    """
    known = KnownNames([*graph.repositories, *graph.unread])
    if not known.names:
        return []
    warnings = _selecting("repositories", settings.repositories, known)
    warnings += _check_protection(graph, settings, known, on_unmatched)
    for index, policy in enumerate(settings.policies):
        warnings += _selecting(f"{policy.name}: repositories", policy.repositories, known)
        excluded = _unmatched_exclusions(known, settings, policy)
        warnings += _answered(f"{policy.name}: exclude_repositories", excluded, on_unmatched)
        covered = [one for name, one in graph.repositories.items() if settings.selects(name) and policy.covers(name)]
        warnings += _check_tags(policy, covered)
        warnings += _overruled(policy, settings.policies[:index], covered)
    return warnings


def unmatched_selection(graph: Graph, included: Sequence[Pattern], excluded: Sequence[Pattern]) -> list[str]:
    """Return a warning for each of both options with patterns that match no repository."""
    known = KnownNames([*graph.repositories, *graph.unread])
    if not known.names:
        return []
    return _selecting("repositories", included, known) + _told(
        "exclude_repositories", _unmatched_patterns(excluded, known, known)
    )


def check_beside_plan(plan: Plan, settings: Settings, on_unmatched: str) -> list[str]:
    """Return warnings for what stands beside a plan and matches nothing of it; what it was made with is no news.

    Raises UnmatchedError as `check_unmatched`.
    """
    before = {option: plan.options.get(option) or [] for option in ("exclude_repositories", "protect_images")}
    added = replace(
        settings,
        exclude_repositories=[
            pattern for pattern in settings.exclude_repositories if pattern.text not in before["exclude_repositories"]
        ],
        protected=ProtectedImages(
            [one for one in settings.protected.references if one.text not in before["protect_images"]]
        ),
    )
    graph = Graph()
    for name in {*plan.decisions, *plan.removal.repositories}:
        tags = {found.tag.name: found.tag for found in plan.decisions.get(name, [])}
        gone = plan.removal.repositories.get(name, RepositoryRemoval()).tags
        graph.repositories[name] = Repository(name, {**tags, **gone})
    return _check_protection(graph, added, KnownNames(graph.repositories), on_unmatched, " of the plan")


def _check_protection(
    graph: Graph, settings: Settings, known: KnownNames, on_unmatched: str, of: str = ""
) -> list[str]:
    excluded = [one._replace(kind=one.kind + of) for one in _unmatched_exclusions(known, settings)]
    absent = list(_absent(graph, settings))
    images = [Unmatched(one.text, f"image{of}", _near_image(one, graph, settings)) for one in absent[:_LOOKED_UP]]
    images += [Unmatched(one.text, f"image{of}") for one in absent[_LOOKED_UP:]]
    return _answered("exclude_repositories", excluded, on_unmatched) + _answered("protect_images", images, on_unmatched)


def _selecting(option: str, patterns: Sequence[Pattern], known: KnownNames) -> list[str]:
    if not patterns:
        return [f"{option}: the list is empty, which selects nothing"]
    return _told(option, _unmatched_patterns(patterns, known, known))


def _unmatched_patterns(patterns: Iterable[Pattern], known: KnownNames, near: KnownNames) -> list[Unmatched]:
    missing = [pattern for pattern in patterns if not known.matches(pattern)]
    return [Unmatched(pattern.text, "repository", near.near_repository(pattern)) for pattern in missing]


def _unmatched_exclusions(known: KnownNames, settings: Settings, policy: Policy | None = None) -> list[Unmatched]:
    """Return those of a policy, or of the run; what was meant is looked for only in what would go."""
    excluding = policy.exclude_repositories if policy else settings.exclude_repositories
    missing = [pattern for pattern in excluding if not known.matches(pattern)]
    if not missing:
        return []
    at_risk = (name for name in known.names if settings.selects(name) and (policy is None or policy.covers(name)))
    return _unmatched_patterns(missing, known, KnownNames(at_risk))


def _absent(graph: Graph, settings: Settings) -> Iterator[Reference]:
    """Yield the references of which nothing is there, as far as the registry was read."""
    wanted = settings.protected.digests
    found = wanted.intersection(_all_digests(graph)) if wanted else set()
    # Elsewhere is nobody who could say.
    knows_digests = bool(graph.manifests) and not graph.unread
    elsewhere = set(graph.unread)
    for reference in settings.protected.references:
        is_there = any(name in elsewhere or _has(graph, name, tag) for name, tag in reference.names)
        if not is_there and (not reference.digests or (knows_digests and not reference.digests & found)):
            yield reference


def _has(graph: Graph, name: str, tag: str) -> bool:
    if name not in graph.repositories:
        return False
    repository = graph.repositories[name]
    return tag == ALL_TAGS or tag in repository.tags or tag in repository.dangling


def _all_digests(graph: Graph) -> Iterator[str]:
    for repository in graph.repositories.values():
        yield from repository.revisions
        yield from (tag.digest for tag in repository.tags.values())
    for digest, manifest in graph.manifests.items():
        yield digest
        yield from manifest.children
        if manifest.config:
            yield manifest.config


def _near_image(reference: Reference, graph: Graph, settings: Settings) -> str | None:
    """Return what was probably meant and would go: the same without a host, or with one letter less wrong."""

    def would_go(name: str, tag: str) -> bool:
        return _has(graph, name, tag) and settings.selects(name) and not settings.protected.has(name, tag)

    for name, tag in sorted(reference.names):
        if tag == ALL_TAGS:
            names = KnownNames(name for name in graph.repositories if would_go(name, ALL_TAGS))
            meant = names.near_repository(compile_pattern(name, "protect_images"))
            return f"as exclude_repositories {meant}" if meant else None
        # With a host before it, it is known what the repository is called.
        others = [name.partition("/")[2]] if len(reference.names) == 1 and "/" in name else []
        pairs = [
            *((name, other) for other in near_words(tag)),
            *((other, tag) for other in (*others, *near_words(name))),
        ]
        meant = next((f"{one}:{other}" for one, other in pairs if would_go(one, other)), None)
        if meant:
            return f"'{meant}' is there"
    return None


def _check_tags(policy: Policy, covered: Sequence[Repository]) -> list[str]:
    if not policy.tags:
        return [f"{policy.name}: tags: the list is empty, which selects nothing"]
    grouped = [policy.group_by] if policy.group_by else []
    options = (("tags", policy.tags), ("keep_tags", policy.keep_tags), ("group_by", grouped))
    if all(pattern.text in _EVERYTHING for _option, patterns in options for pattern in patterns):
        return []
    names = KnownNames(tag.name for repository in covered for tag in repository.judged_tags())
    warnings: list[str] = []
    for option, patterns in options if names.names else ():
        missing = [pattern for pattern in patterns if not names.matches(pattern)]
        shown = [Unmatched(pattern.text, "tag", names.near_tag(pattern)) for pattern in missing[:_SHOWN]]
        rest = [Unmatched(pattern.text, "tag") for pattern in missing[_SHOWN:]]
        warnings += _told(f"{policy.name}: {option}", shown + rest)
    return warnings


def _overruled(policy: Policy, earlier: Sequence[Policy], covered: Sequence[Repository]) -> list[str]:
    """Return a warning where the policy judges no tag, because earlier ones judge all of those that it matches."""
    example: str | None = None
    for repository in covered if earlier else ():
        before = [other for other in earlier if other.covers(repository.name)]
        for tag in repository.judged_tags():
            if matches_any(policy.tags, tag.name):
                judge = next((other.name for other in before if matches_any(other.tags, tag.name)), None)
                if judge is None:
                    return []
                example = example or f"{repository.name}:{tag.name} ({judge})"
    if example is None:
        return []
    return [f"{policy.name}: it judges no tag, for earlier policies judge all those that it matches, such as {example}"]


def _answered(option: str, found: list[Unmatched], on_unmatched: str) -> list[str]:
    """Return a warning for protections that match nothing. Raises UnmatchedError as `on_unmatched` says."""
    if on_unmatched == IGNORE:
        return []
    failing = [one for one in found if on_unmatched == FAIL or (on_unmatched == FAIL_IF_NEAR and one.meant)]
    if failing:
        raise UnmatchedError(
            f"{_told(option, failing)[0]}. Nothing was changed. Correct it, or if it is right set on_unmatched: warn"
        )
    return _told(option, found)


def _told(option: str, found: list[Unmatched]) -> list[str]:
    if not found:
        return []
    return [f"{option}: {'; '.join(few([one.describe() for one in found], _SHOWN))}"]
