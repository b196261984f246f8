# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When images were built: from the dates in their configurations and, for artifacts, in their annotations. Pure."""

from __future__ import annotations

from typing import Iterable, Mapping

from .graph import Graph
from .manifest import ImageConfig


def parts_of(graph: Graph, digests: Iterable[str]) -> set[str]:
    """Return the manifests whose dates make up those of the given ones: an index has those of its children."""
    return {part for digest in digests for part in _parts(graph, digest)}


def add_dates(graph: Graph, digests: Iterable[str], configs: Iterable[tuple[str, ImageConfig]]) -> None:
    """Add to the graph the dates of the given manifests, as far as there are any.

    `configs` are those of their parts, by manifest digest. An index is as old as the youngest of its children.
    """
    built = {part: config.created for part, config in configs if config.created is not None}
    for digest in digests:
        date = date_of(graph, digest, _parts(graph, digest), built)
        if date is not None:
            graph.created[digest] = date


def date_of(graph: Graph, digest: str, parts: Iterable[str], built: Mapping[str, float]) -> float | None:
    """Return the youngest date of the parts, of each its configuration's or else its own, or else that of the whole."""
    dates: dict[str, float | None] = {part: built.get(part, _annotated(graph, part)) for part in parts}
    return max((date for date in dates.values() if date is not None), default=_annotated(graph, digest))


def _parts(graph: Graph, digest: str) -> tuple[str, ...]:
    return graph.children_of(digest) or (digest,)


def _annotated(graph: Graph, digest: str) -> float | None:
    manifest = graph.manifests.get(digest)
    return None if manifest is None else manifest.created
