# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans over the API: saved, approved, applied while others push to the registry. They may only shrink."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import images
from support.images import AMD64, Image
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry
from support.sweeping import COUNTS, assert_same_plan, refused, successful
from support.sweeping_api import (
    DeletingRegistry,
    Seen,
    cleanup_over_api,
    deletes_tags,
    push_dated,
    tags_of,
)
from support.verify import assert_pulls, capture, exists

KEEP_ONE = [{"name": "test", "keep_n": 1}]


def test_a_saved_plan_is_applied(deleting: DeletingRegistry, workspace: Path) -> None:
    push_dated(deleting, "app", {"1": 9, "2": 8, "3": 7})
    plan = str(workspace / "plan.json")
    before = Seen(deleting)
    preview = successful(cleanup_over_api(deleting, check=True, diff=True, policies=KEEP_ONE, plan_dest=plan))
    seen = successful(cleanup_over_api(deleting, check=True, diff=True, plan=plan))
    before.assert_same()
    assert_same_plan(preview, {**seen, "plan_dest": plan})
    run = successful(cleanup_over_api(deleting, diff=True, plan=plan))
    assert_same_plan(preview, run)
    assert json.loads(Path(plan).read_text())["id"] == run["plan_id"]
    assert tags_of(deleting)["app"] == ["3"]
    again = successful(cleanup_over_api(deleting, plan=plan))
    assert not again["changed"]
    assert {one["why"] for one in again["drift"] if one["kind"] == "tag"} == {"is already gone"}


def delete(registry: DeletingRegistry, repository: str, tag: str, image: Image) -> None:
    """As somebody else would do it at the same time."""
    Repository(registry, repository).delete_manifest(tag if deletes_tags(registry) else image.digest)


class Drifted:
    """A registry with a plan from yesterday, and what happened since."""

    def __init__(self, registry: DeletingRegistry, plan: Path) -> None:
        self.registry = registry
        doomed = {"moved": 13.0, "deleted": 12.0, "plain": 11.0, "pushed-again": 10.0, "shared": 9.0}
        self.made: dict[str, Image] = push_dated(registry, "app", doomed)
        self.made["index"] = images.multi_platform("index")
        push(registry, "app", self.made["index"], "index")
        push_dated(registry, "app", {"newest": 1.0})
        self.plan = str(plan)
        policies = [{"name": "test", "keep_tags": ["newest"], "keep_n": 0}]
        self.preview = successful(
            cleanup_over_api(registry, check=True, diff=True, policies=policies, plan_dest=self.plan)
        )
        assert self.preview["deleted"]["tags"] == 6

    def happen(self) -> None:
        """A re-tag, a deletion, a re-push, another tag on a doomed image, a new index on a doomed platform."""
        app = Repository(self.registry, "app")
        app.push(images.image("moved to"), "moved")
        delete(self.registry, "app", "deleted", self.made["deleted"])
        app.push(self.made["pushed-again"], "pushed-again")
        app.push_manifest(self.made["shared"].manifest, "in-use")
        app.push(images.index([self.made["index"].children[0], images.image("beside", platform=AMD64)]), "new-index")
        app.push(images.image("late", created="2020-01-01T00:00:00Z"), "late")

    def run(self, **options: Any) -> Result:
        return successful(cleanup_over_api(self.registry, diff=True, plan=self.plan, **options))


def test_an_approved_plan_empties_no_repository_whose_last_tag_has_gone(
    deleting: DeletingRegistry, workspace: Path
) -> None:
    made = push_dated(deleting, "app", {"1.9": 9, "1.10": 8, "1.11": 7})
    plan = str(workspace / "plan.json")
    approved = successful(cleanup_over_api(deleting, check=True, policies=KEEP_ONE, plan_dest=plan))
    assert [one["tag"] for one in approved["tags_deleted"]] == ["1.9", "1.10"]
    delete(deleting, "app", "1.11", made["1.11"])
    kept = capture(deleting, {"app": ["1.10"]})
    preview = successful(cleanup_over_api(deleting, check=True, diff=True, plan=plan))
    run = successful(cleanup_over_api(deleting, diff=True, plan=plan))
    assert tags_of(deleting)["app"] == ["1.10"]
    assert_pulls(deleting, kept)
    for key in ("deleted", "tags_deleted", "drift", "drift_total", "diff"):
        assert preview[key] == run[key]
    why = {one["name"]: one["why"] for one in run["drift"] if one["kind"] == "tag"}
    assert "allow_empty is false" in why["1.10"]


@pytest.fixture
def drifted(deleting: DeletingRegistry, workspace: Path) -> Drifted:
    return Drifted(deleting, workspace / "plan.json")


def test_drift_shrinks_the_plan_and_is_reported(drifted: Drifted) -> None:
    drifted.happen()
    staying = ["in-use", "late", "moved", "new-index", "newest"]
    if not deletes_tags(drifted.registry):
        staying.append("shared")
    kept = capture(drifted.registry, {"app": staying})
    run = drifted.run()
    assert tags_of(drifted.registry)["app"] == sorted(staying)
    assert_pulls(drifted.registry, kept)
    assert run["plan_id"] == drifted.preview["plan_id"]
    assert all(run["deleted"][key] <= drifted.preview["deleted"][key] for key in COUNTS)
    gone = {one["tag"] for one in run["tags_deleted"]}
    assert gone == {"index", "plain", "pushed-again", "shared"} - set(staying)
    drift = {one["name"]: one["why"] for one in run["drift"] if one["kind"] == "tag"}
    assert drift.keys() == {"deleted", "moved", "shared"} - gone
    assert drift["deleted"] == "is already gone"
    assert drift["moved"].startswith("now points to sha256:")
    assert run["not_deleted"] == []


def test_no_platform_of_a_new_index_goes(new_registry: NewRegistry, workspace: Path) -> None:
    """Its other platform has nobody left and goes as planned."""
    drifted = Drifted(new_registry(V2, delete_enabled=True), workspace / "plan.json")
    drifted.happen()
    run = drifted.run()
    reused, other = (child.digest for child in drifted.made["index"].children)
    assert exists(drifted.registry, "app", reused)
    assert not exists(drifted.registry, "app", other)
    assert (reused, "is in use again") in {(one["name"], one["why"]) for one in run["drift"]}


def test_images_in_use_since_the_plan_stay(drifted: Drifted) -> None:
    child = drifted.made["index"].children[1]
    kept = capture(drifted.registry, {"app": ["plain", "index"]})
    run = drifted.run(protect_images=["app:plain", child.config.digest])
    assert_pulls(drifted.registry, kept)
    assert run["deleted"]["tags"] == 4


def test_a_saved_plan_touches_only_what_the_run_may_touch(deleting: DeletingRegistry, workspace: Path) -> None:
    for name in ("app", "team/app"):
        push_dated(deleting, name, {"1": 9, "2": 8})
    plan = str(workspace / "plan.json")
    made = successful(cleanup_over_api(deleting, check=True, policies=KEEP_ONE, plan_dest=plan))
    kept = capture(deleting, {"app": ["2"], "team/app": ["1", "2"]})
    before = Seen(deleting)
    for check in (True, False):
        refused(
            cleanup_over_api(deleting, check=check, plan=plan, exclude_repositories=["team"]),
            "exclude_repositories: 'team' matches no repository of the plan; 'team/**' would match 1",
        )
    excluded: dict[str, Any] = {"plan": plan, "exclude_repositories": ["team/**"]}
    preview = successful(cleanup_over_api(deleting, check=True, diff=True, **excluded))
    before.assert_same()
    run = successful(cleanup_over_api(deleting, diff=True, **excluded))
    for key in ("plan_id", "plan", "deleted", "kept", "repositories", "tags_deleted", "drift", "drift_total", "diff"):
        assert preview[key] == run[key]
    assert run["plan_id"] == made["plan_id"]
    assert tags_of(deleting) == {"app": ["2"], "team/app": ["1", "2"]}
    assert {(one["repository"], one["why"]) for one in run["drift"]} == {
        ("team/app", "is left alone: exclude_repositories has team/**")
    }
    assert_pulls(deleting, kept)


def test_a_repository_that_is_gone_is_drift(deleting: DeletingRegistry, workspace: Path) -> None:
    made = {name: push_dated(deleting, name, {"1": 9, "2": 8}) for name in ("a", "b")}
    plan = str(workspace / "plan.json")
    policies = [{"name": "test", "keep_n": 0}]
    successful(cleanup_over_api(deleting, check=True, policies=policies, allow_empty=True, plan_dest=plan))
    for tag, image in made["a"].items():
        delete(deleting, "a", tag, image)
    run = successful(cleanup_over_api(deleting, plan=plan))
    assert run["deleted"]["tags"] == 2
    assert {one["repository"] for one in run["drift"]} == {"a"}
    assert not any(tags_of(deleting).values())


def test_a_plan_for_another_registry_is_refused(new_registry: NewRegistry, workspace: Path) -> None:
    plan = str(workspace / "plan.json")
    one, other = (new_registry(V3, name, delete_enabled=True) for name in ("one", "other"))
    for registry in (one, other):
        push_dated(registry, "app", {"1": 9, "2": 8})
    successful(cleanup_over_api(one, check=True, policies=KEEP_ONE, plan_dest=plan))
    refused(cleanup_over_api(other, plan=plan), one.url, other.url, "nothing was changed")
    assert tags_of(other)["app"] == ["1", "2"]


def test_limits_hold_for_a_given_plan(drifted: Drifted) -> None:
    before = Seen(drifted.registry)
    for check in (True, False):
        refused(cleanup_over_api(drifted.registry, check=check, plan=drifted.plan, max_delete=5), "max_delete", "6")
        result = cleanup_over_api(drifted.registry, check=check, plan=drifted.plan, max_delete_percent=80)
        refused(result, "max_delete_percent", "6 of 7 tags of app")
    before.assert_same()
