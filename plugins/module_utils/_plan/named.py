# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows where tags were named: which are left alone, and an error where one that was named has to stay."""

from __future__ import annotations

from typing import Iterator

from .._basics.errors import StillNeededError
from .._graph.drift import Drift
from .._retention.retention import Retention
from .plan import Plan

# So many tags are named in an error.
_SHOWN = 5


def left_alone(retention: Retention) -> Iterator[Drift]:
    """Yield the tags that point elsewhere than the user said."""
    for name, decisions in retention.decisions.items():
        for decision in decisions:
            if decision.is_kept:
                yield Drift(name, "tag", decision.tag.name, f"points to {decision.tag.digest or 'nothing'}")


def require_all(retention: Retention, plan: Plan, *, dead_may_stay: bool = False) -> None:
    """Raise StillNeededError where the plan keeps a tag that was decided to go.

    With `dead_may_stay` one that the registry lists and does not serve may.
    """
    kept = [
        f"{name}:{planned.tag.name} is {planned.reason}"
        for name, decisions in retention.decisions.items()
        for decided, planned in zip(decisions, plan.decisions[name])
        if planned.is_kept and not decided.is_kept and (decided.tag.digest or not dead_may_stay)
    ]
    if kept:
        more = [f"so are {len(kept) - _SHOWN} others"] if len(kept) > _SHOWN else []
        raise StillNeededError(
            f"nothing was deleted. {'; '.join([*kept[:_SHOWN], *more])}. Name these others too, or set "
            "overwrite_shared_tags: true, for which the account needs the right to push, or run "
            "drydock.registry.cleanup with registry_config (or storage) on the registry's host, where it deletes in "
            "the storage"
        )
