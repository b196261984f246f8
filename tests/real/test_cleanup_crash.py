# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The crash test: a sweep killed at each of its changes in turn loses nothing, and the next run finishes it."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from support import images
from support.crashing import KILLED, killed_at_removal, run_until
from support.forked import run_forked
from support.pushing import Repository, push
from support.registries import V3, VERSIONS, NewRegistry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import DAY, successful
from support.verify import Expectation, assert_pulls, assert_whole, capture

POLICIES = [
    {"name": "test", "repositories": ["app"], "keep_n": 1},
    {"name": "empty", "repositories": ["gone"], "keep_n": 0},
]


class CrashBed:
    """A small store with everything a sweep removes, and a read-only registry without a cache on top of it.

    The registry keeps nothing in memory, so the storage below it can be put back to its beginning again and again.
    """

    def __init__(self, registry: RegistryProcess, workspace: Path) -> None:
        self.registry = registry
        self.workspace = workspace
        self.store = Store(registry.storage)
        self._fill()
        self.beginning = workspace / "beginning"
        shutil.copytree(registry.storage, self.beginning)
        self.expectation: Expectation = capture(registry, {"app": ["kept"], "app/deep": ["1"]})
        self.arguments: dict[str, Any] = {
            "registry_config": str(registry.config_path),
            "policies": POLICIES,
            "grace_period": "0s",
            "allow_empty": True,
        }

    def _fill(self) -> None:
        """One of each kind that a sweep removes, and no more: every change costs two runs and two pulls."""
        base = images.layer("base")
        child, deep = images.image("child", [base], platform=images.AMD64), images.image("deep", [base])
        gone = images.index([child])
        push(self.registry, "app", gone, "gone")
        push(self.registry, "app", images.signature(gone), images.fallback_tag(gone, ".sig"))
        push(self.registry, "gone", deep, "1")
        push(self.registry, "app/deep", deep, "1")
        self.store.age_everything(9 * DAY)
        push(self.registry, "app", images.index([child, images.image("new child")]), "kept")
        Repository(self.registry, "app").abandon_upload()
        self.store.age(self.store.repository("app") / "_uploads", 30 * DAY)

    def reset(self) -> None:
        shutil.rmtree(self.registry.storage)
        shutil.copytree(self.beginning, self.registry.storage)

    def end_state(self) -> dict[str, str]:
        """Every path of the registry's own tree with its content, directories too."""
        assert not self.store.quarantine.exists() or not list(self.store.quarantine.iterdir())
        return {path: entry.content for path, entry in snapshot(self.store.v2).items()}


@pytest.fixture
def bed(version: str, new_registry: NewRegistry, workspace: Path) -> CrashBed:
    registry = new_registry(version, cache=False)
    bed = CrashBed(registry, workspace)
    registry.read_only = True
    registry.restart()
    return bed


def test_killed_at_every_change(bed: CrashBed) -> None:
    bed.reset()
    code, changes, result = run_until("cleanup", bed.arguments, 0)
    assert code == 0, result
    deleted = successful(result)["deleted"]
    assert {key: deleted[key] for key in ("tags", "manifests", "uploads", "repositories")} == {
        "tags": 3,
        "manifests": 3,
        "uploads": 1,
        "repositories": 1,
    }
    wanted = bed.end_state()
    assert_pulls(bed.registry, bed.expectation)
    # What a kill leaves does not depend on the version: every other change is that of the other version's test.
    for last in itertools.count(1 + VERSIONS.index(bed.registry.version), len(VERSIONS)):
        bed.reset()
        code, _count, result = run_until("cleanup", bed.arguments, last)
        assert_pulls(bed.registry, bed.expectation)
        for name in bed.store.repositories():
            assert_whole(bed.registry, name, bed.store.tags(name))
        if code != KILLED:
            break
        code, _count, result = run_until("cleanup", bed.arguments, 0)
        assert code == 0, f"after change {last} of {changes}: {result}"
        assert bed.end_state() == wanted, f"after change {last} of {changes}"
    # One more or less: where what proves the storage to be the URL's is put in a directory that is there, or not.
    assert abs(last - 1 - changes) <= 5
    assert code == 0, result


def test_an_interrupted_plan_is_named(bed: CrashBed) -> None:
    bed.reset()
    _code, changes, whole = run_until("cleanup", bed.arguments, 0)
    bed.reset()
    run_until("cleanup", bed.arguments, changes // 3)
    result = successful(run_forked("cleanup", bed.arguments)[1])
    assert result["interrupted_plans"] == [whole["plan_id"]]
    assert successful(run_forked("cleanup", bed.arguments)[1])["interrupted_plans"] == []


def test_a_preview_after_a_crash_touches_nothing_and_is_true(bed: CrashBed) -> None:
    bed.reset()
    _code, changes, _whole = run_until("cleanup", bed.arguments, 0)
    bed.reset()
    run_until("cleanup", bed.arguments, changes // 3)
    before = snapshot(bed.registry.home)
    preview = successful(run_forked("cleanup", bed.arguments, check=True, diff=True)[1])
    assert_untouched(bed.registry.home, before)
    run = successful(run_forked("cleanup", bed.arguments, diff=True)[1])
    assert preview["changed"]
    assert {key: preview[key] for key in ("plan", "deleted", "tags_deleted")} == {
        key: run[key] for key in ("plan", "deleted", "tags_deleted")
    }


def test_a_run_that_may_do_less_leaves_an_interrupted_plan_for_later(bed: CrashBed) -> None:
    bed.reset()
    _code, changes, whole = run_until("cleanup", bed.arguments, 0)
    wanted = bed.end_state()
    bed.reset()
    run_until("cleanup", bed.arguments, changes // 3)
    narrow = successful(run_forked("cleanup", {**bed.arguments, "repositories": ["gone"]})[1])
    assert narrow["interrupted_plans"] == []
    assert whole["plan_id"] in str(narrow["warnings"])
    assert successful(run_forked("cleanup", bed.arguments)[1])["interrupted_plans"] == [whole["plan_id"]]
    assert bed.end_state() == wanted


class UntaggedBed:
    """An index, its attached signature and a plain image that lose their tags, and others that never had one."""

    def __init__(self, registry: RegistryProcess, workspace: Path) -> None:
        self.registry, self.store = registry, Store(registry.storage)
        self.index = images.index([images.image("child", platform=images.AMD64)])
        self.untagged = images.index([images.image("child of untagged", platform=images.AMD64)])
        push(registry, "app", self.index, "old")
        push(registry, "app", images.signature(self.index), images.fallback_tag(self.index, ".sig"))
        push(registry, "app", images.image("plain"), "older")
        Repository(registry, "app").push(self.untagged, self.untagged.digest)
        self.store.age_everything(9 * DAY)
        push(registry, "app", images.image("kept"), "kept")
        self.arguments: dict[str, Any] = {
            "registry_config": str(registry.config_path),
            "policies": [{"name": "test", "keep_n": 1}],
            "grace_period": "0s",
            "untagged_older_than": "0s",
        }
        self.expectation = capture(registry, {"app": ["kept", self.untagged.digest]})
        self.beginning = workspace / "beginning"
        shutil.copytree(registry.storage, self.beginning)

    def reset(self) -> None:
        shutil.rmtree(self.registry.storage)
        shutil.copytree(self.beginning, self.registry.storage)

    def push_again(self) -> None:
        """Push what had no tag again, by its digest: its revision links are written anew."""
        self.registry.read_only = False
        self.registry.restart()
        Repository(self.registry, "app").push(self.untagged, self.untagged.digest)
        self.registry.read_only = True
        self.registry.restart()

    def manifests_and_tags(self) -> set[str]:
        return {path for path in snapshot(self.store.v2) if "/_manifests/" in path and path.endswith("/link")}

    def untagged_revisions(self) -> set[str]:
        wanted = {self.untagged.digest, *(child.digest for child in self.untagged.children)}
        return wanted & set(self.store.revisions("app"))


@pytest.fixture
def untagged_bed(new_registry: NewRegistry, workspace: Path) -> UntaggedBed:
    registry = new_registry(V3, cache=False)
    bed = UntaggedBed(registry, workspace)
    registry.read_only = True
    registry.restart()
    return bed


@pytest.mark.parametrize("pushed_again", [False, True])
def test_an_interrupted_plan_condemns_only_what_it_had_begun(untagged_bed: UntaggedBed, pushed_again: bool) -> None:
    """Killed anywhere: what had no tag before stays where the next run may not delete it, all else is finished."""
    bed = untagged_bed
    successful(run_forked("cleanup", bed.arguments)[1])
    wanted = bed.manifests_and_tags()
    assert_pulls(bed.registry, bed.expectation)
    all_untagged = bed.untagged_revisions()
    assert len(all_untagged) == 2
    seen = set()
    for number in (1, 4) if pushed_again else itertools.count(1):
        bed.reset()
        arguments = {**bed.arguments, "delete_untagged": True}
        code, _result = run_forked("cleanup", arguments, before=killed_at_removal(number))
        left, tags = bed.untagged_revisions(), bed.store.tags("app")
        if code != KILLED or not left:
            break
        seen.add((left == all_untagged, len(tags)))
        if pushed_again:
            bed.push_again()
            left = all_untagged
        before = snapshot(bed.registry.home)
        preview = successful(run_forked("cleanup", bed.arguments, check=True, diff=True)[1])
        assert_untouched(bed.registry.home, before)
        run = successful(run_forked("cleanup", bed.arguments, diff=True)[1])
        for key in ("plan_id", "plan", "deleted", "kept", "tags_deleted", "diff", "interrupted_plans"):
            assert preview[key] == run[key], f"before removal {number}"
        assert bed.untagged_revisions() == left, f"before removal {number}"
        if left == all_untagged:
            assert bed.manifests_and_tags() == wanted, f"before removal {number}"
            assert_pulls(bed.registry, bed.expectation)
    # Before anything went, between tags, after all tags, and while what had no tag was going.
    assert {(True, 4), (True, 1)} <= seen
    assert pushed_again or {(True, 3), (True, 2), (False, 1)} <= seen
