# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup says of how far it is, held against what it did in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics import progress
from support.forked import run_forked
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.store import Store
from support.sweeping import push_aged, successful
from support.sweeping_api import push_dated

KEEP_ONE = [{"name": "newest", "keep_n": 1}]
AGES = {"1": 40.0, "2": 30.0, "3": 20.0}
State = dict[str, Any]


def cleanup(log: Path, *, check: bool = False, **options: Any) -> tuple[dict[str, Any], dict[str, State]]:
    """The result of a run that tells of every single step, and the last that it told of each stage, in their order."""

    def tell_everything() -> None:
        progress._SECONDS = 0
        progress._replace = write

    def write(path: str, text: str) -> None:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    arguments = {"policies": KEEP_ONE, "_progress_path": str(log), **options}
    result = successful(run_forked("cleanup", arguments, check=check, before=tell_everything)[1])
    states = [json.loads(line) for line in log.read_text().splitlines()]
    return result, {state["stage"]: state for state in states}


@pytest.fixture
def registry(new_registry: NewRegistry) -> RegistryProcess:
    registry = new_registry(V3)
    push_aged(registry, "team/app", AGES)
    push_aged(registry, "team/web", AGES)
    return registry


def options(registry: RegistryProcess) -> dict[str, Any]:
    return {"registry_config": str(registry.config_path), "grace_period": "0s"}


def test_a_plan_says_what_it_reads(registry: RegistryProcess, tmp_path: Path) -> None:
    blobs = len(list(Store(registry.storage).blobs()))
    _result, stages = cleanup(tmp_path / "log", check=True, **options(registry))
    assert [(name, state["done"], state["total"]) for name, state in stages.items()] == [
        ("listing blobs", blobs, None),
        ("reading repositories", 2, None),
        ("reading manifests", 6, 6),
        ("deciding", 0, None),
    ]


def test_a_sweep_says_how_much_is_gone(registry: RegistryProcess, tmp_path: Path) -> None:
    with registry.closed():
        result, stages = cleanup(tmp_path / "log", **options(registry))
    deleted = dict(result["deleted"])
    assert stages["sweeping"]["bytes"] == deleted.pop("bytes") > 0
    assert stages["sweeping"]["done"] == stages["sweeping"]["total"] == sum(deleted.values())
    assert stages["reading manifests again"]["done"] == 6
    assert list(stages)[-3:] == ["marking again", "sweeping", "deleting what was set aside"]


@pytest.mark.parametrize(("version", "things"), [(V2, "manifests"), (V3, "tags")])
def test_a_cleanup_over_the_api(new_registry: NewRegistry, tmp_path: Path, version: str, things: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    push_dated(registry, "app", AGES)
    result, stages = cleanup(tmp_path / "log", registry_url=registry.url)
    assert result["deleted"]["tags"] == 2
    assert list(stages) == [
        *("listing tags", "reading manifests", "reading dates", "deciding", "looking for layers", "deleting")
    ]
    assert (stages["reading manifests"]["total"], stages["reading dates"]["total"]) == (3, 3)
    deleting = stages["deleting"]
    assert (deleting["done"], deleting["total"], deleting["things"]) == (2, 2, things)
