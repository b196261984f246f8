# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manifest that can't be read does to the repositories that have it: they are kept whole, and no other is. Pure.

It may refer to anything that its repository links, and what other repositories link it can't refer to: a registry
serves a part only where it is linked.
"""

from __future__ import annotations

from typing import Iterable

from .._basics.order import natural_key
from .graph import Graph, Repository
from .reach import LeadingTo

_SHOWN = 5


def keep_damaged_whole(graph: Graph) -> None:
    """Keep every repository whole that has a damaged manifest, and warn, naming the tags that need it."""
    damaged = {digest: manifest.damage for digest, manifest in graph.manifests.items() if manifest.damage}
    if not damaged:
        return
    found = {name: sorted(_linked(repository) & damaged.keys()) for name, repository in graph.repositories.items()}
    needing = LeadingTo(graph, [(name, digest) for name, digests in found.items() for digest in digests], {})
    for name, digests in found.items():
        repository = graph.repositories[name]
        if digests and repository.kept_whole is None:
            tags = [tag.name for tag in repository.tags.values() if (name, tag.digest) in needing]
            keep_whole(graph, repository, f"manifest {digests[0]} {damaged[digests[0]]}", tags)


def keep_whole(graph: Graph, repository: Repository, why: str, tags: Iterable[str]) -> None:
    """Keep a repository whole, and warn: these of its tags don't pull."""
    named = sorted(tags, key=natural_key)
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    needing = f"needed by tag {', '.join(named[:_SHOWN])}{more}" if named else "needed by no tag"
    repository.kept_whole = why
    graph.warnings.append(
        f"{repository.name}: {why} ({needing}), so the whole repository is kept; "
        "restore what is damaged from a backup, or delete it"
    )


def _linked(repository: Repository) -> set[str]:
    return {*repository.revisions, *(tag.digest for tag in repository.tags.values())}
