# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that a plan must keep to, or it is refused. Pure."""

from __future__ import annotations

from itertools import chain
from typing import Any, Container, Iterator, Mapping, NamedTuple, Sequence

from .._basics.errors import DoubtError, InvalidOptionError, PlanError
from .._basics.sentences import few
from .._basics.sizes import parse_optional_size
from .._basics.weight import Weight
from .._graph.graph import Graph
from .._graph.removal import Removal, RepositoryRemoval

# Of those beyond one limit; some hundred repositories make a message that still can be read.
_SHOWN = 100
# Of all blobs, for those that nobody asked to delete, where max_delete_store_percent says nothing.
_UNASKED_PERCENT = 90.0


class Limits(NamedTuple):
    """What a plan may take at most; None is no limit.

    `max_delete` counts tags and manifests, `max_delete_blobs` blobs, `max_delete_bytes` their bytes.
    `max_delete_percent` is a share of a repository's tags or manifests, `max_delete_store_percent` one of all blobs or
    of all their bytes.
    """

    max_delete: int | None = None
    max_delete_percent: float | None = None
    max_delete_blobs: int | None = None
    max_delete_bytes: int | None = None
    max_delete_store_percent: float | None = None


def read_limits(options: Mapping[str, Any]) -> Limits:
    """Read the limits. Raises InvalidOptionError."""
    for name in ("max_delete", "max_delete_blobs"):
        if options[name] is not None and options[name] < 0:
            raise InvalidOptionError(name, options[name], "a number from 0 up")
    for name in ("max_delete_percent", "max_delete_store_percent"):
        if options[name] is not None and not 0 <= options[name] <= 100:
            raise InvalidOptionError(name, options[name], "a number from 0 to 100")
    sizes = {"max_delete_bytes": parse_optional_size(options["max_delete_bytes"], "max_delete_bytes")}
    return Limits(**{**{name: options[name] for name in Limits._fields}, **sizes})


def require_links(graph: Graph, allow_empty: bool, begun: Container[str] = ()) -> None:
    """Raise DoubtError where there are blobs and nothing anywhere that links one: something is missing here.

    `begun` are blobs of an interrupted plan, which took their links before them.
    """
    repositories = graph.repositories.values()
    if allow_empty or any(one.tags or one.revisions or one.layer_links for one in repositories):
        return
    blobs = sum(digest not in begun for digest in graph.blobs)
    if not blobs:
        return
    raise DoubtError(
        f"there are {blobs} blobs here, and not one tag, manifest or layer link of any repository, so all "
        "of them would go; nothing was changed. Most often the repositories were not restored or not mounted, or a "
        "database has what they hold. If the registry really is to be emptied, say allow_empty: true"
    )


def check_limits(limits: Limits, removal: Removal, graph: Graph, begun: Container[str] = ()) -> None:
    """Raise PlanError, naming each limit beyond which the removal goes, with the figures.

    `begun` are blobs of which an interrupted plan, that was held against the limits, let go.
    """
    beyond = [*_beyond_numbers(limits, removal), *_beyond_shares(limits, removal, graph)]
    if beyond:
        options = list(dict.fromkeys(option for option, _how in beyond))
        raise PlanError(
            f"the plan is refused: it deletes {'; '.join(how for _option, how in beyond)}; nothing was changed. The "
            "diff names what it deletes; change the policies if that is wrong. If it is right, raise "
            f"{' and '.join(options)}"
        )
    if limits.max_delete_store_percent is None and len(removal.blobs) * 100 > _UNASKED_PERCENT * len(graph.blobs):
        _check_unasked(removal, graph, begun)


def _beyond_numbers(limits: Limits, removal: Removal) -> Iterator[tuple[str, str]]:
    """Yield the option and the sentence for each number beyond its limit."""
    counts = removal.counts()
    for option, kind, count in (
        ("max_delete", "tags", counts.tags),
        ("max_delete", "manifests", counts.manifests),
        ("max_delete_blobs", "blobs", counts.blobs),
        ("max_delete_bytes", "bytes", counts.bytes),
    ):
        limit = getattr(limits, option)
        if limit is not None and count > limit:
            yield option, f"{count} {kind}, {option} allows {limit}"


def _beyond_shares(limits: Limits, removal: Removal, graph: Graph) -> Iterator[tuple[str, str]]:
    """Hold what goes from each repository against all that it has, and what goes from the store against the store."""
    limit = limits.max_delete_percent
    if limit is not None:
        shares = [share for name, gone in removal.repositories.items() for share in _shares_of(name, gone, graph)]
        yield from _beyond("max_delete_percent", limit, shares)
    limit = limits.max_delete_store_percent
    if limit is not None:
        gone, found = removal.blobs, graph.blobs
        shares = [
            _Portion("blobs of the whole store", len(gone), len(found)),
            _Portion("bytes of blobs of the whole store", _bytes_of(gone), _bytes_of(found)),
        ]
        yield from _beyond("max_delete_store_percent", limit, shares)


class _Portion(NamedTuple):
    """How many of something go, out of how many."""

    what: str
    gone: int
    total: int


def _shares_of(name: str, gone: RepositoryRemoval, graph: Graph) -> list[_Portion]:
    """Return the share of its tags and of its manifests; the second only where it is larger, for it follows mostly."""
    found = graph.repositories[name]
    tags = _Portion(f"tags of {name}", len(gone.tags), len(found.tags))
    manifests = _Portion(f"manifests of {name}", len(gone.manifests), len(found.revisions))
    is_larger = manifests.gone * tags.total > tags.gone * manifests.total or not tags.total
    return [tags, manifests] if is_larger else [tags]


def _beyond(option: str, limit: float, shares: Sequence[_Portion]) -> Iterator[tuple[str, str]]:
    """Yield the option and in one sentence which of them are more than `limit` percent, the largest share first."""
    beyond = [share for share in shares if share.gone * 100 > limit * share.total]
    beyond.sort(key=lambda share: -share.gone / max(share.total, 1))
    if beyond:
        named = few([f"{gone} of {total} {what}" for what, gone, total in beyond], _SHOWN)
        yield option, f"{', '.join(named)}, {option} allows {limit:g} %"


def _check_unasked(removal: Removal, graph: Graph, begun: Container[str]) -> None:
    """Refuse nearly all blobs where no tag goes, or where one goes and they are no part of anything that is linked."""
    total, gone = len(graph.blobs), removal.repositories.values()
    asked: set[str] = set()
    seen = "it deletes no tag, and yet {} of all {} blobs"
    if any(one.tags for one in gone):
        asked = {graph.stored_as(digest) for one in gone for digest in chain(one.manifests, one.layer_links)}
        seen = "it deletes {} of all {} blobs that no repository links"
    count = sum(digest not in begun and digest not in asked for digest in removal.blobs)
    if count * 100 > _UNASKED_PERCENT * total:
        raise PlanError(
            f"the plan is refused: {seen.format(count, total)}; nothing was changed. See that the storage is whole and "
            "this registry's own. If these really are orphans, say max_delete_store_percent: 100"
        )


def _bytes_of(blobs: Mapping[str, Weight]) -> int:
    return sum(blob.size for blob in blobs.values())
