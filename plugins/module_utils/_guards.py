# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that a plan must keep to, or it is refused. Pure."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

from ._errors import InvalidOptionError, PlanError
from ._graph import Graph
from ._plan import Removal

_ADVICE = "Look at it in check mode with --diff, then change the policies or the limit"


class Guards(NamedTuple):
    """`max_delete` counts tags and manifests, `max_delete_percent` is a share of a repository's; None is no limit."""

    max_delete: Optional[int]
    max_delete_percent: Optional[float]


def read_guards(params: Mapping[str, Any]) -> Guards:
    """Validate the limits. Raises InvalidOptionError."""
    guards = Guards(params["max_delete"], params["max_delete_percent"])
    if guards.max_delete is not None and guards.max_delete < 0:
        raise InvalidOptionError("max_delete", guards.max_delete, "a number from 0 up")
    if guards.max_delete_percent is not None and not 0 <= guards.max_delete_percent <= 100:
        raise InvalidOptionError("max_delete_percent", guards.max_delete_percent, "a number from 0 to 100")
    return guards


def check_guards(guards: Guards, removal: Removal, graph: Graph) -> None:
    """Raise PlanError, naming the limit and the figures, where the removal goes beyond a limit."""
    if guards.max_delete is not None:
        counts = removal.counts()
        for kind, count in (("tags", counts.tags), ("manifests", counts.manifests)):
            if count > guards.max_delete:
                raise PlanError(
                    f"the plan is refused: it deletes {count} {kind}, max_delete allows {guards.max_delete}; "
                    f"nothing was changed. {_ADVICE}"
                )
    if guards.max_delete_percent is not None:
        _check_shares(guards.max_delete_percent, removal, graph)


def _check_shares(limit: float, removal: Removal, graph: Graph) -> None:
    for name, gone in removal.repositories.items():
        repository = graph.repositories[name]
        for kind, count, total in (
            ("tags", len(gone.tags), len(repository.tags)),
            ("manifests", len(gone.manifests), len(repository.revisions)),
        ):
            if count * 100 > limit * total:
                raise PlanError(
                    f"the plan is refused: it deletes {count} of {total} {kind} of {name}, max_delete_percent allows "
                    f"{limit:g} %; nothing was changed. {_ADVICE}"
                )
