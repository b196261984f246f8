# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: made while open, saved, applied; they may only shrink. Results have the same keys whichever way a run went."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support import images
from support.images import Image
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import V3, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import (
    COUNTS,
    DAY,
    RESULT_KEYS,
    assert_same_plan,
    cleanup,
    push_aged,
    refused,
    successful,
    sweep,
)
from support.verify import assert_pulls, capture, exists

KEEP_ONE = [{"name": "test", "keep_n": 1}]


def test_a_saved_plan_is_applied(registry: RegistryProcess, store: Store, workspace: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    plan = workspace / "plan.json"
    expectation = capture(registry, {"app": ["3"]})
    before = snapshot(registry.home)
    preview = successful(cleanup(registry, check=True, diff=True, policies=KEEP_ONE, plan_dest=str(plan)))
    assert_untouched(registry.home, before)
    assert preview["registry_mode"] == "writable"
    assert preview["plan_dest"] == str(plan)
    assert json.loads(plan.read_text())["id"] == preview["plan_id"]
    with registry.closed():
        run = successful(cleanup(registry, diff=True, plan=str(plan)))
        assert_same_plan(preview, run)
        again = successful(cleanup(registry, plan=str(plan)))
    assert store.tags("app") == ["3"]
    assert not again["changed"]
    assert_pulls(registry, expectation)


def test_a_saved_plan_can_be_previewed(registry: RegistryProcess, store: Store, workspace: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    plan = str(workspace / "plan.json")
    with registry.closed():
        made = successful(cleanup(registry, check=True, diff=True, policies=KEEP_ONE, plan_dest=plan))
        before = snapshot(registry.home)
        seen = successful(cleanup(registry, check=True, diff=True, plan=plan))
        assert_untouched(registry.home, before)
    assert_same_plan(made, {**seen, "plan_dest": made["plan_dest"]})
    assert len(store.tags("app")) == 3


def test_the_id_is_the_same_tomorrow_and_another_for_another_plan(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    with registry.closed():
        ids = [cleanup(registry, check=True, policies=KEEP_ONE)["plan_id"] for _time in range(2)]
        other_policy = cleanup(registry, check=True, policies=[{"name": "test", "keep_n": 2}])["plan_id"]
        store.age_tag("app", "1", 10 * DAY)
        other_store = cleanup(registry, check=True, policies=KEEP_ONE)["plan_id"]
    assert ids[0] == ids[1]
    assert len({ids[0], other_policy, other_store}) == 3


class Drifted:
    """A store with a plan from yesterday, and what happened since."""

    def __init__(self, registry: RegistryProcess, plan: Path) -> None:
        self.registry = registry
        self.store = Store(registry.storage)
        self.base = images.layer("a layer that comes back")
        tags = ("pushed-again", "moved", "deleted", "plain", "shares")
        self.made: dict[str, Image] = {tag: images.image(tag) for tag in tags}
        self.made["shares"] = images.image("shares", [self.base])
        for tag, image in self.made.items():
            push(registry, "app", image, tag)
        self.store.age_everything(9 * DAY)
        push_aged(registry, "app", {"newest": 1.0})
        self.plan = plan
        self.preview = successful(cleanup(registry, check=True, diff=True, policies=KEEP_ONE, plan_dest=str(plan)))
        assert self.preview["deleted"]["tags"] == 5

    def happen(self) -> None:
        """A push onto a doomed layer, the push of a doomed tag again, a re-tag, a deletion."""
        self.fresh = images.image("fresh", [self.base])
        self.moved_to = images.image("moved to")
        push(self.registry, "app", self.fresh, "fresh")
        push(self.registry, "app", self.made["pushed-again"], "pushed-again")
        push(self.registry, "app", self.moved_to, "moved")
        Repository(self.registry, "app").delete_manifest(self.made["deleted"].digest)

    def run(self) -> Result:
        with self.registry.closed():
            return successful(cleanup(self.registry, diff=True, plan=str(self.plan)))


@pytest.fixture
def drifted(version: str, new_registry: Any, workspace: Path) -> Drifted:
    return Drifted(new_registry(version, delete_enabled=True), workspace / "plan.json")


@pytest.fixture
def drifted_anywhere(everywhere: RegistryProcess, workspace: Path) -> Drifted:
    """The same on each storage."""
    everywhere.stop()
    everywhere.delete_enabled = True
    everywhere.start()
    return Drifted(everywhere, workspace / "plan.json")


def test_drift_shrinks_the_plan_and_is_reported(drifted_anywhere: Drifted) -> None:
    drifted = drifted_anywhere
    drifted.happen()
    kept = capture(drifted.registry, {"app": ["newest", "fresh", "pushed-again", "moved"]})
    run = drifted.run()
    assert drifted.store.tags("app") == ["fresh", "moved", "newest", "pushed-again"]
    assert_pulls(drifted.registry, kept)
    assert not exists(drifted.registry, "app", drifted.made["plain"].digest)
    assert run["plan_id"] == drifted.preview["plan_id"]
    assert all(run["deleted"][key] <= drifted.preview["deleted"][key] for key in COUNTS)
    planned = {(one["repository"], one["tag"]) for one in drifted.preview["tags_deleted"]}
    gone = {(one["repository"], one["tag"]) for one in run["tags_deleted"]}
    assert gone == {("app", "plain"), ("app", "shares")}
    assert gone < planned
    drift = {(one["kind"], one["name"]) for one in run["drift"]}
    assert {("tag", "pushed-again"), ("tag", "moved"), ("tag", "deleted")} <= drift
    assert any(name == drifted.base.digest for _kind, name in drift)
    assert run["drift_total"] == len(run["drift"])
    assert all(one["why"] for one in run["drift"])


def test_an_approved_plan_empties_no_repository_whose_last_tag_has_gone(new_registry: Any, workspace: Path) -> None:
    registry = new_registry(V3, delete_enabled=True)
    store = Store(registry.storage)
    made = push_aged(registry, "app", {"1.9": 9.0, "1.10": 8.0, "1.11": 7.0})
    plan = str(workspace / "plan.json")
    approved = successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=plan))
    assert [one["tag"] for one in approved["tags_deleted"]] == ["1.9", "1.10"]
    Repository(registry, "app").delete_manifest(made["1.11"].digest)
    kept = capture(registry, {"app": ["1.10"]})
    with registry.closed():
        before = snapshot(registry.home)
        preview = successful(cleanup(registry, check=True, diff=True, plan=plan))
        assert_untouched(registry.home, before)
        run = successful(cleanup(registry, diff=True, plan=plan))
        again = successful(cleanup(registry, plan=plan))
    for key in ("plan", "deleted", "kept", "repositories", "tags_deleted", "drift", "drift_total", "diff"):
        assert preview[key] == run[key]
    assert store.tags("app") == ["1.10"]
    assert [one["tag"] for one in run["tags_deleted"]] == ["1.9"]
    assert [one["why"] for one in run["drift"] if one["name"] == "1.10"] == [
        "would be the last tag of its repository, or the last that pulls, to go (allow_empty is false)"
    ]
    assert not again["changed"]
    assert_pulls(registry, kept)


def test_what_became_an_orphan_meanwhile_waits(drifted_anywhere: Drifted) -> None:
    drifted = drifted_anywhere
    drifted.happen()
    late = images.layer("late orphan")
    Repository(drifted.registry, "app").push_blob(late)
    drifted.store.age(drifted.store.layer_link("app", late.digest), 9 * DAY)
    drifted.store.age(drifted.store.blob(late.digest), 9 * DAY)
    drifted.run()
    assert drifted.store.blob(late.digest).exists()
    with drifted.registry.closed():
        successful(cleanup(drifted.registry))
    assert not drifted.store.blob(late.digest).exists()


def test_a_reader_sees_the_same_in_a_preview_and_in_the_run_of_its_plan(
    everywhere: RegistryProcess, workspace: Path
) -> None:
    """The whole result and the diff, with debris beside tags that go, of which the storage is then rid."""
    registry, store = everywhere, Store(everywhere.storage)
    push_aged(registry, "team/app", {"1.9": 9.0, "1.10": 8.0, "b": 7.0, "10": 6.0, "2": 5.0, "newest": 4.0})
    push_aged(registry, "app", {"1.9": 9.0, "1.10": 8.0, "newest": 7.0})
    Repository(registry, "app").abandon_upload()
    for tag in ("1.9", "newest"):
        stray = store.current_link("app", tag).with_name("link.0b2ee0de.tmp")
        stray.write_bytes(b"")
        store.age(stray, 30 * DAY)
    plan = str(workspace / "plan.json")
    options: dict[str, Any] = {"policies": KEEP_ONE, "purge_uploads_older_than": "0s"}
    kept = capture(registry, {"app": ["newest"], "team/app": ["newest"]})
    preview = successful(cleanup(registry, check=True, diff=True, plan_dest=plan, **options))
    assert preview["deleted"]["debris"] == 2
    assert [one["tag"] for one in preview["tags_deleted"]] == ["1.9", "1.10", "1.9", "1.10", "2", "10", "b"]
    with registry.closed():
        run = successful(cleanup(registry, diff=True, plan=plan))
        again = successful(cleanup(registry, **options))
    about_the_call = {"invocation", "plan_dest", "registry_mode", "warnings", "free_bytes"}
    assert {key: preview[key] for key in preview.keys() - about_the_call} == {
        key: run[key] for key in run.keys() - about_the_call
    }
    assert not again["changed"]
    assert_pulls(registry, kept)


def test_no_drift_without_change(drifted_anywhere: Drifted) -> None:
    run = drifted_anywhere.run()
    assert_same_plan(drifted_anywhere.preview, run)
    assert drifted_anywhere.store.tags("app") == ["newest"]


@pytest.mark.parametrize("how", ["not json", "another format", "edited", "absent"])
def test_a_plan_that_cannot_be_trusted_is_refused(drifted: Drifted, how: str) -> None:
    data = json.loads(drifted.plan.read_text())
    if how == "not json":
        drifted.plan.write_text("{")
    elif how == "another format":
        drifted.plan.write_text(json.dumps({**data, "format": "something/else"}))
    elif how == "edited":
        text = drifted.plan.read_text()
        drifted.plan.write_text(text.replace(drifted.made["plain"].digest, "sha256:" + "0" * 64))
    else:
        drifted.plan.unlink()
    with drifted.registry.closed():
        before = snapshot(drifted.registry.home)
        refused(cleanup(drifted.registry, plan=str(drifted.plan)), str(drifted.plan))
        assert_untouched(drifted.registry.home, before)


def test_a_plan_of_another_store_is_refused(drifted: Drifted, new_registry: Any) -> None:
    other = new_registry(V3, name="other")
    push_aged(other, "app", {"1": 9.0})
    with other.closed():
        before = snapshot(other.home)
        refused(cleanup(other, plan=str(drifted.plan)), str(other.storage))
        assert_untouched(other.home, before)


def test_a_plan_beside_policies_is_a_contradiction(drifted: Drifted) -> None:
    with drifted.registry.closed():
        before = snapshot(drifted.registry.home)
        refused(cleanup(drifted.registry, plan=str(drifted.plan), policies=KEEP_ONE), "plan", "policies")
        assert_untouched(drifted.registry.home, before)


@pytest.mark.parametrize(
    ("restriction", "why"),
    [
        ({"exclude_repositories": ["team/**"]}, "is left alone: exclude_repositories has team/**"),
        ({"repositories": ["app"]}, "is left alone: repositories leaves it out"),
    ],
    ids=["exclude_repositories", "repositories"],
)
def test_a_saved_plan_touches_only_what_the_run_may_touch(
    new_registry: Any, workspace: Path, restriction: dict[str, Any], why: str
) -> None:
    """What both repositories share stays with the one that is left out."""
    registry = new_registry(V3)
    shared = images.layer("in both repositories")
    store = Store(registry.storage)
    for name in ("app", "team/app"):
        push(registry, name, images.image(f"{name} old", [shared]), "old")
    store.age_everything(9 * DAY)
    for name in ("app", "team/app"):
        push_aged(registry, name, {"new": 8.0})
    kept = capture(registry, {"app": ["new"], "team/app": ["old", "new"]})
    plan = str(workspace / "plan.json")
    made = successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=plan))
    assert made["deleted"]["tags"] == 2
    with registry.closed():
        before = snapshot(registry.home)
        preview = successful(cleanup(registry, check=True, diff=True, plan=plan, **restriction))
        assert_untouched(registry.home, before)
        run = successful(cleanup(registry, diff=True, plan=plan, **restriction))
        again = successful(cleanup(registry, plan=plan, **restriction))
    for key in ("plan_id", "plan", "deleted", "kept", "repositories", "tags_deleted", "drift", "drift_total", "diff"):
        assert preview[key] == run[key]
    assert (run["plan_id"], run["plan"]) == (made["plan_id"], made["plan"])
    assert run["tags_deleted"] == [one for one in made["tags_deleted"] if one["repository"] == "app"]
    left = [one for one in run["drift"] if one["repository"] == "team/app"]
    assert {one["kind"] for one in left} == {"tag", "manifest", "layer link"}
    assert {one["why"] for one in left} == {why}
    assert not again["changed"]
    assert (store.tags("app"), store.tags("team/app")) == (["new"], ["new", "old"])
    assert_pulls(registry, kept)


def test_max_delete_guards_a_saved_plan_too(drifted: Drifted) -> None:
    with drifted.registry.closed():
        before = snapshot(drifted.registry.home)
        refused(cleanup(drifted.registry, plan=str(drifted.plan), max_delete=4), "max_delete")
        assert_untouched(drifted.registry.home, before)


def test_a_refused_plan_deletes_nothing_in_its_result_either(drifted: Drifted) -> None:
    """Ansible prints that of a failed task whole: how much the plan was to do, and only in the diff what."""
    refusing: dict[str, Any] = {"max_delete": 2, "policies": KEEP_ONE, "diff": True}
    with drifted.registry.closed():
        results = [cleanup(drifted.registry, check=check, **refusing) for check in (True, False)]
        results.append(cleanup(drifted.registry, check=True, diff=True, plan=str(drifted.plan), max_delete=2))
    for result in results:
        refused(result, "max_delete")
        assert not any(result["deleted"].values())
        assert result["plan"]["tags"] == result["tags_deleted_total"] > 2
        assert [result[key] for key in ("repositories", "tags_deleted", "broken_tags", "notes")] == [[], [], [], []]
        assert result["diff"]["before"] != result["diff"]["after"]
        assert not result["changed"]


def test_result_keys_are_the_same_in_every_path(registry: RegistryProcess, workspace: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    plan = str(workspace / "plan.json")
    results = [cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=plan)]
    with registry.closed():
        results += [
            cleanup(registry, check=True, policies=KEEP_ONE),
            cleanup(registry, plan=plan, quarantine="keep"),
            cleanup(registry, check=True, quarantine="purge"),
            cleanup(registry, quarantine="purge"),
            cleanup(registry, policies=KEEP_ONE),
            cleanup(registry, policies=KEEP_ONE, require_read_only=False),
        ]
    about_the_call = {"invocation", "warnings", "deprecations"}
    assert [set(successful(result)) - about_the_call for result in results] == [RESULT_KEYS] * len(results)
    assert all(set(result["plan"]) == set(result["deleted"]) == set(COUNTS) for result in results)
    assert {type(result[key]) for result in results for key in ("drift_total", "notes_total")} == {int}


def test_quarantine_keep_and_purge(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        kept = successful(cleanup(registry, policies=KEEP_ONE, quarantine="keep"))
        aside = Path(kept["quarantine"]["path"])
        assert aside.is_relative_to(store.quarantine)
        assert sum(path.stat().st_size for path in aside.rglob("data")) == kept["deleted"]["bytes"]
        assert kept["quarantine"]["bytes"] >= kept["deleted"]["bytes"]
    assert exists(registry, "app", "2")
    before = snapshot(registry.home)
    preview = successful(cleanup(registry, check=True, quarantine="purge"))
    assert_untouched(registry.home, before)
    purged = successful(cleanup(registry, quarantine="purge"))  # needs no closed registry
    assert purged["changed"]
    assert preview["changed"]
    assert not store.quarantine.exists() or not os.listdir(store.quarantine)
    assert not successful(cleanup(registry, quarantine="purge"))["changed"]
    assert store.tags("app") == ["2"]


def test_nothing_is_left_aside_by_default(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    sweep(registry, {"app": ["2"]}, policies=KEEP_ONE)
    assert not store.quarantine.exists() or not os.listdir(store.quarantine)


def test_a_plan_file_is_its_owners(registry: RegistryProcess, workspace: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    plan = workspace / "plan.json"
    successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=str(plan)))
    assert plan.stat().st_mode & 0o777 == 0o600
    assert list(workspace.iterdir()) == [plan]


def test_the_diff_lists_tags_with_reasons(registry: RegistryProcess) -> None:
    made = push_aged(registry, "team/app", {"1": 9.0, "2": 8.0, "3": 7.0})
    with registry.closed():
        result = successful(cleanup(registry, check=True, diff=True, policies=KEEP_ONE))
    before, after = result["diff"]["before"], result["diff"]["after"]
    assert "team/app" in before
    assert "not among the newest 1 of 3" in before + after
    assert made["1"].digest in before
    assert made["1"].digest not in after
    assert made["3"].digest not in before or made["3"].digest in after
