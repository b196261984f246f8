# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The random name of a storage: the first run that changes it makes it; plans for another with its path are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.crashing import KILLED, killed_at_removal
from support.forked import run_forked
from support.registries import V3, NewRegistry, RegistryProcess
from support.store import assert_same, assert_untouched, snapshot
from support.sweeping import cleanup, push_aged, refused, seen, successful
from support.verify import assert_pulls, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]
OTHER = "0" * 32 + "\nsha256:" + "0" * 64 + "\n"


def name_file(registry: RegistryProcess) -> Any:
    return registry.storage / "docker/registry/drydock.id"


def source_of(plan: Path) -> dict[str, str]:
    source: dict[str, str] = json.loads(plan.read_text())["source"]
    return source


def test_the_first_run_agrees_with_its_preview_and_names_the_storage(
    everywhere: RegistryProcess, workspace: Path
) -> None:
    registry, plan, later = everywhere, workspace / "plan.json", workspace / "later.json"
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    kept = capture(registry, {"app": ["3"]})
    preview = successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=str(plan)))
    assert "storage_id" not in source_of(plan)
    with registry.closed():
        nothing = successful(cleanup(registry))
        assert not nothing["changed"]
        assert not name_file(registry).exists()
        run = successful(cleanup(registry, plan=str(plan)))
        name = name_file(registry).read_text()
        again = successful(cleanup(registry, plan=str(plan)))
        before = seen(registry)
        successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=str(later)))
        successful(cleanup(registry, policies=KEEP_ONE))
        assert_same(before, seen(registry))
    assert (run["plan_id"], run["deleted"], run["drift"]) == (preview["plan_id"], preview["deleted"], [])
    assert not again["changed"]
    assert source_of(later) == {**source_of(plan), "storage_id": name.split()[0]}
    assert name_file(registry).read_text() == name
    assert_pulls(registry, kept)


def test_a_plan_for_another_storage_with_the_same_path_is_refused(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    unnamed, named = str(workspace / "unnamed.json"), str(workspace / "named.json")
    successful(cleanup(registry, check=True, policies=[{"name": "other", "keep_n": 1}], plan_dest=unnamed))
    with registry.closed():
        successful(cleanup(registry, policies=KEEP_ONE))
        successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=named))
        name_file(registry).write_text(OTHER)
        before = snapshot(registry.home)
        refused(cleanup(registry, plan=named), "make the plan again", "0" * 32)
        refused(cleanup(registry, plan=unnamed), "make the plan again", "0" * 32)
        assert_untouched(registry.home, before)


def test_who_only_purges_asks_for_no_name(new_registry: NewRegistry, workspace: Path) -> None:
    """What is set aside belongs to no plan any more: a name that can't be read is in nobody's way."""
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        successful(cleanup(registry, policies=KEEP_ONE, quarantine="keep"))
        name_file(registry).rename(workspace / "moved")
        name_file(registry).symlink_to(workspace / "moved")
        refused(cleanup(registry, policies=KEEP_ONE), "drydock.id")
        purged = successful(cleanup(registry, quarantine="purge"))
    assert purged["changed"]
    assert purged["quarantine"]["bytes"] == 0


def test_a_plan_interrupted_before_the_storage_was_named_is_finished_after(
    new_registry: NewRegistry,
) -> None:
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    kept = capture(registry, {"app": ["3"]})
    preview = successful(cleanup(registry, check=True, policies=KEEP_ONE))
    arguments = {"registry_config": str(registry.config_path), "grace_period": "0s", "policies": KEEP_ONE}
    with registry.closed():
        code, _result = run_forked("cleanup", arguments, before=killed_at_removal(2))
        assert code == KILLED
        name_file(registry).write_text(OTHER)
        run = successful(cleanup(registry, policies=KEEP_ONE))
        assert run["interrupted_plans"] == [preview["plan_id"]]
        assert not successful(cleanup(registry, policies=KEEP_ONE))["changed"]
    assert name_file(registry).read_text() == OTHER
    assert_pulls(registry, kept)


@pytest.mark.parametrize("content", ["", "garbled"])
def test_a_damaged_name_is_none_and_is_made_anew(new_registry: NewRegistry, content: str) -> None:
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    name_file(registry).write_text(content)
    with registry.closed():
        preview = successful(cleanup(registry, check=True, policies=KEEP_ONE))
        run = successful(cleanup(registry, policies=KEEP_ONE))
    assert preview["plan_id"] == run["plan_id"]
    assert run["plan_id"] in name_file(registry).read_text()
