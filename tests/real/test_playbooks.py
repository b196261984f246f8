# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three playbooks on a group of registries of both versions: batches, limits on failures, and the examples."""

from __future__ import annotations

import itertools
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

from support import service
from support.fleet import ENVIRONMENT, Host, checked, play, result_of
from support.playbook import ROOT, run_playbook
from support.pushing import Repository
from support.registries import V2, V3, NewRegistry
from support.sweeping import push_aged
from support.verify import assert_pulls, capture

TAGS = {"1": 40.0, "2": 30.0, "3": 20.0}
KEEP_ONE = [{"name": "newest", "keep_n": 1}]
FLEET = {"old": V2, "new": V3, "next": V3}
# The hosts of each group, and how many images it keeps.
GROUPS = {"frugal": (["old", "next"], 1), "generous": (["new"], 2)}


@pytest.fixture
def fleet(new_registry: NewRegistry, tmp_path: Path) -> Iterator[dict[str, Host]]:
    """Three hosts, with both versions."""
    with ExitStack() as stack:
        hosts = {}
        for name, version in FLEET.items():
            registry = new_registry(version, name)
            push_aged(registry, "team/app", TAGS)
            registry.stop()
            home = tmp_path / f"{name}-host"
            home.mkdir()
            hosts[name] = Host(registry, stack.enter_context(service.as_service(registry)), home, name)
        yield hosts


def tags(host: Host) -> list[str]:
    return sorted(Repository(host.registry, "team/app").tags())


def in_groups(fleet: dict[str, Host], directory: Path) -> Path:
    """An inventory in which each group of hosts has policies of its own."""
    (directory / "group_vars").mkdir(parents=True)
    for group, (_hosts, keep_n) in GROUPS.items():
        policies = {"registry_cleanup_policies": [{"keep_n": keep_n}]}
        (directory / f"group_vars/{group}.yml").write_text(yaml.safe_dump(policies))
    groups = {
        group: {"hosts": {name: fleet[name].variables() for name in hosts}} for group, (hosts, _n) in GROUPS.items()
    }
    (directory / "hosts.yml").write_text(yaml.safe_dump({"registries": {"children": groups}}))
    return directory / "hosts.yml"


def test_each_group_by_its_own_policies_one_host_after_the_other(fleet: dict[str, Host], tmp_path: Path) -> None:
    options: dict[str, Any] = {"inventory": in_groups(fleet, tmp_path / "inventory"), "environment": ENVIRONMENT}
    preview, run, restore = (
        run_playbook(f"drydock.registry.{name}", extra_vars={"registry_cleanup_serial": 1}, **options)
        for name in ("preview", "cleanup", "restore")
    )
    for hosts, keep_n in GROUPS.values():
        for name in hosts:
            assert checked(preview, name)["deleted"] == checked(run, name)["deleted"]
            assert checked(run, name)["window_seconds"] > 0
            assert tags(fleet[name]) == list(TAGS)[-keep_n:]
            assert fleet[name].is_writable()
    names = [one.host for one in run.tasks if one.action.startswith("drydock.registry.")]
    assert len(list(itertools.groupby(names))) == len(fleet), "a host began before the one before it was done"
    assert {name: stats["changed"] for name, stats in restore.check().stats.items()} == dict.fromkeys(fleet, 0)


def test_a_failing_host_is_reopened_and_limits_decide_on_the_next_batch(fleet: dict[str, Host]) -> None:
    """Two are closed at the same time; that one fails must not end the play before the other is open again."""
    fleet["old"].quarantine.write_text("in the way")
    run = play("cleanup", fleet.values(), policies=KEEP_ONE, serial=2)
    assert run.returncode != 0
    assert result_of(run, "old")["window_seconds"] > 0
    assert {name: tags(host) for name, host in fleet.items()} == {"old": list(TAGS), "new": ["3"], "next": list(TAGS)}
    assert not run.of("Plan", "next")
    assert all(host.is_writable() for host in fleet.values())
    run = play("cleanup", fleet.values(), policies=KEEP_ONE, serial=2, max_fail_percentage=50)
    assert run.returncode != 0
    assert tags(fleet["next"]) == ["3"]
    assert all(host.is_writable() for host in fleet.values())


def test_the_examples_run_as_they_are_written(
    fleet: dict[str, Host], new_registry: NewRegistry, tmp_path: Path
) -> None:
    """Only what differs from machine to machine is given on top: where the registry is and how it is restarted."""
    examples = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", examples)
    host = fleet["new"]
    inventory = yaml.safe_load((examples / "inventory.yml").read_text())
    only_url = inventory["registries"]["hosts"]["registry3.example.com"]
    only_url["registry_cleanup_registry_url"] = new_registry(V2, "only-url", delete_enabled=True).url
    inventory["registries"]["hosts"] = {"registry1.example.com": host.variables(), "registry3.example.com": only_url}
    (examples / "inventory.yml").write_text(yaml.safe_dump(inventory))
    for playbook in ("preview", "cleanup", "restore"):
        run_playbook(
            f"drydock.registry.{playbook}",
            inventory=examples / "inventory.yml",
            extra_vars={"ansible_become": False},
            environment=ENVIRONMENT,
        ).check()
    assert host.is_writable()


def test_all_but_the_latest_as_the_readme_says(fleet: dict[str, Host], tmp_path: Path) -> None:
    """`latest` is not what was pushed last, and stays all the same."""
    host, inventory = fleet["new"], tmp_path / "registries.yml"
    push_aged(host.registry, "team/web", {"1.0": 50.0, "latest": 40.0, "1.1": 30.0, "nightly": 1.0})
    example = yaml.safe_load((ROOT / "examples/all_but_the_latest/registries.yml").read_text())
    example["registries"]["hosts"] = {"new": host.variables()}
    inventory.write_text(yaml.safe_dump(example))
    expectation = capture(host.registry, {"team/app": ["3"], "team/web": ["latest", "nightly"]})

    preview, run, again = (
        run_playbook(
            f"drydock.registry.{name}",
            inventory=inventory,
            extra_vars={"ansible_become": False},
            environment=ENVIRONMENT,
        )
        for name in ("preview", "cleanup", "cleanup")
    )

    assert checked(preview, "new")["deleted"] == checked(run, "new")["deleted"]
    assert checked(run, "new")["deleted"]["tags"] == 4
    assert again.check().stats["new"]["changed"] == 0
    assert Repository(host.registry, "team/web").tags() == ["latest", "nightly"]
    assert_pulls(host.registry, expectation)
