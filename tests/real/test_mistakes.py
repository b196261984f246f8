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

from support.fleet import checked, why
from support.playbook import PlaybookRun, run_playbook
from support.registries import V3, NewRegistry
from support.sweeping import push_aged

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


@pytest.fixture
def two_ways(new_registry: NewRegistry) -> dict[str, dict[str, Any]]:
    """Two hosts whose registry runs: one with its storage, which stays open, and one with its address alone."""
    registries = [new_registry(V3, name, delete_enabled=True) for name in ("stored", "url")]
    for registry in registries:
        push_aged(registry, "team/app", {"1": 40.0, "2": 30.0})
    stored = {
        "registry_cleanup_registry_config": str(registries[0].config_path),
        "registry_cleanup_maintenance": {"method": "none"},
    }
    return {"stored": {**LOCAL, **stored}, "url": {**LOCAL, "registry_cleanup_registry_url": registries[1].url}}


def test_what_matches_nothing_is_told_by_the_role_over_both_ways(two_ways: dict[str, dict[str, Any]]) -> None:
    options = {
        "repositories": ["team/**", "none/**"],
        "exclude_repositories": ["elsewhere/**"],
        "protect_images": ["elsewhere/app:9"],
        "policies": [{"name": "old builds", "repositories": ["away/**"], "keep_n": 1}],
    }
    preview, run = (play_options(playbook, two_ways, **options) for playbook in ("preview", "cleanup"))
    for host in two_ways:
        told = [one for one in checked(preview, host)["warnings"] if "matches no" in one]
        assert sorted(one.split(": '")[0] for one in told) == [
            "old builds: repositories",
            "registry_cleanup_exclude_repositories",
            "registry_cleanup_protect_images",
            "registry_cleanup_repositories",
        ]
        assert set(told) <= set(checked(run, host)["warnings"])


def test_a_protection_that_is_nearly_right_is_refused_in_the_words_of_the_role(
    two_ways: dict[str, dict[str, Any]],
) -> None:
    policies = [{"keep_n": 1}]
    run = play_options("cleanup", two_ways, exclude_repositories=["team"], policies=policies)
    for host in two_ways:
        error = why(run, host)
        assert "registry_cleanup_exclude_repositories: 'team' matches no repository" in error
        assert "'team/**' would match 1, such as team/app" in error
        assert "set registry_cleanup_on_unmatched: warn" in error
    run = play_options("preview", two_ways, grace_period="soon", policies=policies)
    for host in two_ways:
        error = why(run, host)
        assert "registry_cleanup_grace_period: 'soon' cannot be used, expected a duration" in error


def play_options(playbook: str, hosts: dict[str, dict[str, Any]], **options: Any) -> PlaybookRun:
    """A playbook on these hosts; `options` are variables of the role, without their prefix."""
    return run_playbook(
        f"drydock.registry.{playbook}",
        inventory={"registries": {"hosts": hosts}},
        extra_vars={f"registry_cleanup_{name}": value for name, value in options.items()},
    )
