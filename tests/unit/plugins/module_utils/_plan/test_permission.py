# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may go once nothing refers to it: by age for a new plan, by name for one that was approved."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._api.ability import BY_DIGEST, BY_TAG
from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import UNFINISHED, Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Debris,
    Graph,
    Repository,
    Tag,
)
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged, Ageless, Approved
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from support.graphs import DAY, HOUR, NOW, digest, settings


def aged(**options: Any) -> Aged:
    return Aged(Graph(), settings(**options), NOW, {("app", digest(1))})


@pytest.mark.parametrize(("age", "goes"), [(HOUR - 1, False), (HOUR, True)])
def test_nothing_goes_within_the_grace_period(age: float, goes: bool) -> None:
    permission, modified = aged(grace_period="1h", purge_uploads_older_than="0s", delete_untagged=True), NOW - age
    assert permission.tag("app", Tag("v1", digest(2), modified)) == goes
    assert permission.manifest("app", digest(2), modified) == goes
    assert permission.layer_link("app", digest(2), modified) == goes
    assert permission.blob(digest(2), Weight(1, modified)) == goes
    assert permission.debris("path", Debris(None, 1, modified)) == goes
    assert permission.upload("app", "u1", Weight(1, modified)) == goes
    assert permission.spares_tags("app", digest(2), modified) != goes


def test_an_upload_waits_for_the_longer_of_both_times() -> None:
    for options in ({"purge_uploads_older_than": "7d"}, {"purge_uploads_older_than": "0s", "grace_period": "7d"}):
        permission = aged(**options)
        for age, goes in ((6 * DAY, False), (7 * DAY, True)):
            assert permission.upload("app", "u1", Weight(1, NOW - age)) == goes
            assert permission.debris(f"path{UNFINISHED}", Debris(None, 1, NOW - age)) == goes


def test_a_tag_of_unknown_time_is_not_kept_by_its_age() -> None:
    assert aged().tag("app", Tag("v1", digest(2), None))


def test_what_no_tag_reached_before_goes_only_where_that_was_asked_for_or_begun() -> None:
    old = NOW - 40 * DAY
    assert not aged().untagged("app", digest(2), old)
    assert aged().untagged("app", digest(1), old)
    assert aged(delete_untagged=True).untagged("app", digest(2), old)
    assert not aged(delete_untagged=True, untagged_older_than="50d").untagged("app", digest(2), old)


def test_over_the_api_only_tags_and_what_they_reach_may_go() -> None:
    permission = Ageless(Graph(), settings(), NOW, BY_DIGEST)
    assert permission.tag("app", Tag("v1", digest(1), None))
    assert permission.manifest("app", digest(1), NOW)
    assert not permission.spares_tags("app", digest(1), NOW)
    assert not permission.untagged("app", digest(1), 0.0)
    assert not permission.layer_link("app", digest(1), 0.0)
    assert not permission.blob(digest(1), Weight(1, 0.0))
    assert not permission.upload("app", "u1", Weight(1, 0.0))
    assert not permission.debris("path", Debris(None, 1, 0.0))


def test_a_signature_goes_over_the_api_only_where_its_subject_was_seen() -> None:
    tag, subject = Tag("sha256-x.sig", digest(2), None), digest(1)
    repository = Repository("app", {tag.name: tag}, {subject: 0.0}, attached={tag.name: subject})
    other = Repository("other", {tag.name: tag}, attached={tag.name: subject})
    graph = Graph({"app": repository, "other": other})
    part = Ageless(graph, settings(repositories=["app", "other"]), NOW, BY_TAG)
    assert (part.attached_tag("app", tag), part.attached_tag("other", tag)) == (True, False)
    assert Ageless(graph, settings(), NOW, BY_TAG).attached_tag("other", tag)
    repository.kept_whole = "it can't be read"
    assert not Ageless(graph, settings(), NOW, BY_TAG).attached_tag("other", tag)


TAG = Tag("v1", digest(1), 5.0)
GONE = RepositoryRemoval({"v1": TAG}, {digest(1): 5.0}, {digest(3): 5.0}, {"u1": Weight(1, 5.0)}, is_removed=True)
DEBRIS = Debris("old", 1, 5.0)
PLAN = Plan({}, {}, 100.0, Removal({"app": GONE}, {digest(1): Weight(9, 5.0)}, {"path": DEBRIS}), {})


def test_an_approved_plan_allows_what_it_names_as_it_was_and_nothing_else() -> None:
    permission = Approved(PLAN, BY_DIGEST._replace(tags=True))
    assert [permission.selects(name) for name in ("app", "old", "other")] == [True, True, False]
    for tag, goes in ((TAG, True), (TAG._replace(digest=digest(2)), False), (TAG._replace(pushed=6.0), False)):
        assert permission.tag("app", tag) == goes
        assert not permission.tag("other", tag)
    for modified, goes in ((5.0, True), (6.0, False)):
        assert permission.manifest("app", digest(1), modified) == goes
        assert permission.untagged("app", digest(1), modified) == goes
        assert permission.layer_link("app", digest(3), modified) == goes
        assert permission.upload("app", "u1", Weight(1, modified)) == goes
        assert permission.blob(digest(1), Weight(9, modified)) == goes
        assert permission.debris("path", DEBRIS._replace(modified=modified)) == goes
        assert permission.spares_tags("app", digest(1), modified) != goes
        assert not permission.manifest("app", digest(2), modified)
    assert [permission.empty_repository(name) for name in ("app", "other")] == [True, False]


def test_a_manifest_that_came_after_the_plan_spares_tags_and_an_older_one_does_not() -> None:
    permission = Approved(PLAN, BY_DIGEST)
    assert permission.spares_tags("app", digest(2), 101.0)
    assert not permission.spares_tags("app", digest(2), 100.0)


def test_manifests_that_are_not_ours_to_delete_hold_nothing() -> None:
    assert Approved(PLAN, BY_TAG).manifest("app", digest(2), 6.0)
