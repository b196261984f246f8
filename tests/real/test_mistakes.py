# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong when they run a playbook for the first time: each ends before anything is touched."""

from __future__ import annotations

import sys
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.playbook import run_playbook

# Ansible breaks what it warns of where the screen ends.
WIDE = {"COLUMNS": "1000"}
LOCAL = {"ansible_connection": "local"}
WITHOUT_GROUP = {"web": {"hosts": {"web1": LOCAL}}}
TWO_GROUPS = {"registries": {"hosts": {"r1": LOCAL}}, **WITHOUT_GROUP}


@pytest.mark.parametrize(
    ("playbook", "inventory", "arguments", "said"),
    [
        ("cleanup", WITHOUT_GROUP, [], "No host matches registries, so nothing was done"),
        ("cleanup", TWO_GROUPS, ["-e", "registry_cleanup_hosts=mirrors"], "No host matches mirrors, so nothing"),
        ("preview", TWO_GROUPS, ["--limit", "web1"], "No host matches registries within --limit web1, so"),
        ("restore", {"registries": {"hosts": {}}}, [], "No host matches registries, so nothing was done"),
        ("restore", TWO_GROUPS, ["--limit", "web1"], "No host matches registries within --limit web1, so"),
    ],
)
def test_a_group_without_hosts_is_an_error(
    playbook: str, inventory: dict[str, Any], arguments: list[str], said: str
) -> None:
    run = run_playbook(f"drydock.registry.{playbook}", *arguments, inventory=inventory)
    assert run.returncode != 0
    (told,) = run.tasks
    assert told.status == "failed"
    assert told.result["msg"].startswith(said)


@pytest.mark.parametrize("listing", ["--syntax-check", "--list-tasks", "--list-hosts"])
def test_a_listing_needs_no_hosts(listing: str) -> None:
    run_playbook("drydock.registry.cleanup", listing, inventory=WITHOUT_GROUP).check()


MISSPELT = "registry_cleanup_maxdelete is no variable of this role, did you mean registry_cleanup_max_delete?"


@pytest.mark.parametrize(
    ("playbook", "check"), [("preview", False), ("cleanup", False), ("cleanup", True), ("restore", False)]
)
def test_a_misspelt_variable_ends_the_run_before_anything_is_connected_to(playbook: str, check: bool) -> None:
    """Its value can't even be told: nothing of it is looked at. What may be the user's own is told once for all."""
    variables = {"registry_cleanup_maxdelete": "{{ nowhere }}", "registry_cleanup_owner": "{{ nowhere }}"}
    away = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh"}
    inventory = {"registries": {"vars": variables, "hosts": {"r1": away, "r2": away}}}
    run = run_playbook(f"drydock.registry.{playbook}", inventory=inventory, check=check, environment=WIDE)
    assert run.returncode != 0
    failed = {one.host: one.result["msg"] for one in run.tasks if one.status not in {"ok", "skipped"}}
    assert failed == dict.fromkeys(("r1", "r2"), f"{MISSPELT} Nothing was touched.")
    assert run.output.count("registry_cleanup_owner is no variable of this role, which does not read it") == 1


@pytest.mark.parametrize(
    ("where", "arguments"),
    [
        ({"vars": {"registry_cleanup_maxdelete": 5}}, []),
        ({"role": {"vars": {"registry_cleanup_maxdelete": 5}}}, []),
        ({}, ["-e", "registry_cleanup_maxdelete=5"]),
    ],
)
def test_a_misspelt_variable_is_seen_wherever_it_is_set(where: dict[str, Any], arguments: list[str]) -> None:
    role = {"role": "drydock.registry.registry_cleanup", **where.get("role", {})}
    variables = {"registry_cleanup_policies_extra": [], **where.get("vars", {})}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": [role]}
    run = run_playbook([play], *arguments)
    assert run.returncode != 0
    assert run.tasks[-1].result["msg"] == f"{MISSPELT} Nothing was touched."


def test_a_library_that_is_missing_is_told_before_anything_is_planned(tmp_path: Path) -> None:
    """Without it nothing could be closed, and a plan for millions of blobs takes minutes."""
    venv.create(tmp_path / "python", with_pip=False)
    interpreter = tmp_path / "python/bin/python"
    library = tmp_path / f"python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (library / "yaml").symlink_to(Path(yaml.__file__).parent)
    config, store = tmp_path / "config.yml", tmp_path / "store"
    store.mkdir()
    storage = {"filesystem": {"rootdirectory": str(store)}}
    config.write_text(yaml.safe_dump({"version": 0.1, "storage": storage, "http": {"addr": "127.0.0.1:1"}}))
    variables = {
        **LOCAL,
        "ansible_python_interpreter": str(interpreter),
        "registry_cleanup_registry_config": str(config),
        "registry_cleanup_policies": [{"keep_n": 1}],
    }
    run = run_playbook("drydock.registry.preview", inventory={"registries": {"hosts": {"r1": variables}}})
    assert run.returncode != 0
    (planned,) = run.of("drydock.registry.cleanup")
    assert planned["plan_id"] is None
    assert "Python library (requests) on" in planned["msg"]
    assert f"Python {interpreter}." in planned["msg"]
