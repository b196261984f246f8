# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The id of a plan: it covers what is asked for and what goes, and neither reasons nor the time of day."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Debris, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan, covered_by_id, json_object
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision
from support.graphs import digest

TAG = Tag("v1", digest(1), 5.0)
GONE = RepositoryRemoval({"v1": TAG}, {digest(1): 5.0}, {digest(3): 5.0}, {"u1": Weight(1, 5.0)})
REMOVAL = Removal({"app": GONE, "b": RepositoryRemoval()}, {digest(1): Weight(9, 5.0)}, {"path": Debris("app", 1, 5.0)})
PLAN = Plan({"storage": "test"}, {"policies": []}, 100.0, REMOVAL, {"app": [Decision(TAG, False, "deleted: old")]})


def with_app(**change: Any) -> Removal:
    return replace(REMOVAL, repositories={**REMOVAL.repositories, "app": replace(GONE, **change)})


def test_what_it_covers_is_json_in_which_everything_stands() -> None:
    found = json.loads("{" + "".join(covered_by_id(PLAN)) + "}")
    assert found["repositories"]["app"]["tags"] == {"v1": [digest(1), 5.0]}
    assert found["repositories"]["app"]["uploads"] == {"u1": [1, 5.0]}
    assert found["blobs"] == {digest(1): [9, 5.0]}
    assert found["debris"] == {"path": ["app", 1, 5.0]}
    assert (found["source"], found["options"]) == (PLAN.source, PLAN.options)


def test_the_same_tomorrow_and_in_other_words() -> None:
    reasoned = {"app": [Decision(TAG, False, "deleted: in other words")]}
    assert replace(PLAN, now=200.0, decisions=reasoned).id == PLAN.id
    backwards = Removal(dict(reversed(REMOVAL.repositories.items())), REMOVAL.blobs, REMOVAL.debris, left_untagged=4)
    assert replace(PLAN, removal=backwards).id == PLAN.id


@pytest.mark.parametrize(
    "change",
    [
        {"source": {"storage": "other"}},
        {"options": {"policies": [1]}},
        {"removal": replace(REMOVAL, blobs={})},
        {"removal": replace(REMOVAL, blobs={digest(1): Weight(9, 6.0)})},
        {"removal": replace(REMOVAL, debris={})},
        {"removal": with_app(tags={})},
        {"removal": with_app(tags={"v1": TAG._replace(pushed=6.0)})},
        {"removal": with_app(manifests={})},
        {"removal": with_app(layer_links={})},
        {"removal": with_app(uploads={})},
        {"removal": with_app(is_removed=True)},
    ],
)
def test_another_object_or_another_time_of_one_is_another_plan(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change).id != PLAN.id


@given(st.integers(0, 3000))
def test_an_object_of_any_length_is_json(length: int) -> None:
    text = "".join(json_object("blobs", (f'"{number}": {number}' for number in range(length))))
    assert json.loads("{" + text + "}") == {"blobs": {str(number): number for number in range(length)}}


def test_a_path_that_is_no_utf_8_has_an_id() -> None:
    odd = replace(PLAN, removal=replace(REMOVAL, debris={"path-\udcff": Debris(None, 1, 5.0)}))
    assert odd.id.startswith("sha256:")
