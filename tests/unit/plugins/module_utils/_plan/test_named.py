# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that were named: either all go, or nothing does and it is said why."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import StillNeededError
from ansible_collections.drydock.registry.plugins.module_utils._graph.drift import Drift
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.named import left_alone, require_all
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import Retention
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision
from support.graphs import digest

TAG, DEAD = Tag("v1", digest(1), None), Tag("dead", "", None)


def decided(*tags: Tag, keep: bool = False, reason: str = "deleted: it was named") -> dict[str, list[Decision]]:
    return {"app": [Decision(tag, keep, reason) for tag in tags]}


def plan_of(decisions: dict[str, list[Decision]]) -> Plan:
    return Plan({}, {}, 0.0, Removal(), decisions)


def test_a_tag_that_points_elsewhere_is_left_alone() -> None:
    kept = {"app": [*decided(TAG, DEAD, keep=True)["app"], *decided(TAG)["app"]]}
    assert list(left_alone(Retention(kept, []))) == [
        Drift("app", "tag", "v1", f"points to {digest(1)}"),
        Drift("app", "tag", "dead", "points to nothing"),
    ]


def test_a_plan_that_keeps_what_was_named_is_refused_with_its_reason_and_the_ways_out() -> None:
    plan = plan_of(decided(TAG, keep=True, reason="kept: same image as tag v2"))
    with pytest.raises(
        StillNeededError, match=r"^nothing was deleted\. app:v1 is kept: same image as tag v2\. "
    ) as error:
        require_all(Retention(decided(TAG), []), plan)
    for way in ("Name these others too", "overwrite_shared_tags: true", "drydock.registry.cleanup"):
        assert way in str(error.value)


def test_many_are_counted() -> None:
    tags = [Tag(f"v{number}", digest(number), None) for number in range(1, 9)]
    with pytest.raises(StillNeededError, match=r"app:v5 is kept: x; so are 3 others\. Name"):
        require_all(Retention(decided(*tags), []), plan_of(decided(*tags, keep=True, reason="kept: x")))


def test_what_was_to_stay_may_stay_and_what_goes_is_no_reason() -> None:
    require_all(Retention(decided(TAG, keep=True), []), plan_of(decided(TAG, keep=True)))
    require_all(Retention(decided(TAG), []), plan_of(decided(TAG)))


def test_a_dead_tag_may_stay_only_where_it_may() -> None:
    plan = plan_of(decided(DEAD, keep=True))
    require_all(Retention(decided(DEAD), []), plan, dead_may_stay=True)
    with pytest.raises(StillNeededError):
        require_all(Retention(decided(DEAD), []), plan)
