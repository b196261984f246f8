# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of one policy: groups, places and ages, whatever the order in which tags come."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.moments import Moments
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision, Rules, keeps_all
from support.graphs import DAY, NOW, digest, settings

#: Tags as (number of the image, days since the push).
Tags = dict[str, tuple[int, float]]


def rules_for(tags: Tags, **policy: Any) -> tuple[Rules, list[Tag]]:
    found = {name: Tag(name, digest(number), NOW - days * DAY) for name, (number, days) in tags.items()}
    repository = Repository("app", found, {tag.digest: 1.0 for tag in found.values()})
    moments = Moments(Graph({"app": repository}), repository, NOW)
    return Rules(settings(policies=[policy]).policies[0], moments, NOW), list(found.values())


def decided(tags: Tags, **policy: Any) -> dict[str, str]:
    rules, found = rules_for(tags, **policy)
    return {decision.tag.name: decision.reason for decision in rules.decide(found)}


def test_a_group_is_what_the_expression_captures() -> None:
    tags = {"1.0.1": (1, 4.0), "1.0.2": (2, 3.0), "1.1.0": (3, 2.0), "edge": (4, 1.0)}
    assert decided(tags, keep_n=1, group_by=r"~(\d+\.\d+)\..*") == {
        "1.0.1": "deleted: not among the newest 1 of 2",
        "1.0.2": "kept: newest 1 of 2",
        "1.1.0": "kept: newest 1 of 1",
        "edge": "kept: in no group of group_by",
    }


def test_the_newest_groups_stay_each_with_its_own_places() -> None:
    tags = {"a-1": (1, 9.0), "a-2": (2, 8.0), "b-1": (3, 7.0), "b-2": (4, 6.0)}
    assert decided(tags, keep_n=1, keep_groups=1, group_by=r"~(\w)-.*") == {
        "a-1": "deleted: not in the newest 1 of 2 groups",
        "a-2": "deleted: not in the newest 1 of 2 groups",
        "b-1": "deleted: not among the newest 1 of 2",
        "b-2": "kept: newest 1 of 2",
    }


def test_an_image_with_a_place_gives_it_to_all_its_tags() -> None:
    rules, tags = rules_for({"old": (1, 9.0), "new": (1, 1.0), "other": (2, 5.0)}, keep_n=1)
    assert {one.tag.name: one.is_kept for one in rules.decide(tags)} == {"old": True, "new": True, "other": False}
    assert rules.placed == {digest(1)}


@pytest.mark.parametrize(("days", "goes"), [(29.0, False), (30.0, True), (31.0, True)])
def test_older_than_is_from_that_age_on(days: float, goes: bool) -> None:
    assert decided({"v1": (1, days)}, older_than="30d")["v1"].startswith("deleted") == goes


def test_what_has_expired_goes_from_any_place() -> None:
    tags = {"v1": (1, 50.0), "v2": (2, 40.0)}
    assert {reason.partition(":")[0] for reason in decided(tags, keep_n=5, expire_after="30d").values()} == {"deleted"}


def test_what_has_no_rank_stays_and_takes_no_place() -> None:
    found = decided({"1.0": (1, 1.0), "2.0": (2, 2.0), "edge": (3, 3.0)}, keep_n=1, sort_by="version")
    assert found == {
        "1.0": "deleted: not among the newest 1 of 2",
        "2.0": "kept: newest 1 of 2",
        "edge": "kept: not a version",
    }


def test_a_policy_that_keeps_all_needs_no_date_and_says_the_same() -> None:
    rules, tags = rules_for({"a": (1, 3.0), "b": (2, 2.0), "c": (2, 1.0)}, keep_n=2)
    assert keeps_all(rules.policy, tags)
    assert {one.reason for one in rules.decide(tags)} == {"kept: newest 2 of 2"}
    assert rules.placed == set()


policies = st.fixed_dictionaries(
    {"keep_n": st.integers(0, 3)},
    optional={
        "older_than": st.sampled_from(["1d", "5d"]),
        "expire_after": st.sampled_from(["7d", "9d"]),
        "group_by": st.just("~(.).*"),
        "sort_by": st.sampled_from(["pushed", "name", "version"]),
    },
)
TAGS = st.dictionaries(
    st.text("ab12.", min_size=1, max_size=3), st.tuples(st.integers(1, 4), st.sampled_from([1.0, 4.0, 6.0, 8.0, 12.0]))
)


@given(TAGS, policies, st.randoms(use_true_random=False))
def test_the_order_in_which_tags_come_decides_nothing(tags: Tags, policy: Any, chance: random.Random) -> None:
    rules, found = rules_for(tags, **policy)
    again, shuffled = rules_for(tags, **policy)
    chance.shuffle(shuffled)

    def by_name(decisions: list[Decision]) -> list[Decision]:
        return sorted(decisions, key=lambda one: one.tag.name)

    assert by_name(rules.decide(found)) == by_name(again.decide(shuffled))
    assert rules.placed == again.placed


@given(TAGS, policies)
def test_a_larger_keep_n_never_lets_more_go(tags: Tags, policy: Any) -> None:
    rules, found = rules_for(tags, **policy)
    more, same = rules_for(tags, **{**policy, "keep_n": policy["keep_n"] + 1})
    kept = {one.tag.name for one in rules.decide(found) if one.is_kept}
    assert kept <= {one.tag.name for one in more.decide(same) if one.is_kept}
