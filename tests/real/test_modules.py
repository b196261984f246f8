# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module as a task of Ansible, as users see its result: a preview is what the run does, and touches nothing."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from support import images
from support.absent import successful, tags_deleted, without_call
from support.playbook import Result
from support.pushing import push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.restarting import ONE_VERSION, SECRET, Service, file_state
from support.store import Store, assert_untouched, snapshot
from support.sweeping import assert_same_plan, push_aged, refused
from support.sweeping_api import Seen
from support.through_ansible import ThroughAnsible
from support.verify import assert_pulls, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]


@pytest.fixture
def open_registry(new_registry: NewRegistry) -> RegistryProcess:
    """One that takes deletions over its API."""
    registry = new_registry(V2, delete_enabled=True)
    push_aged(registry, "team/app", {"1": 9.0, "2": 8.0})
    push_aged(registry, "team/old", {"1": 9.0})
    return registry


def test_cleanup(new_registry: NewRegistry, through_ansible: ThroughAnsible) -> None:
    registry = new_registry(V3)
    push_aged(registry, "team/app", {"1": 9.0, "2": 8.0, "3": 7.0})
    expectation = capture(registry, {"team/app": ["3"]})
    options: dict[str, Any] = {"registry_config": str(registry.config_path), "policies": KEEP_ONE, "grace_period": "0s"}
    with registry.closed():
        before = snapshot(registry.home)
        preview = successful(through_ansible.run("cleanup", check=True, **options))
        assert_untouched(registry.home, before)
        run = successful(through_ansible.run("cleanup", **options))
        again = successful(through_ansible.run("cleanup", **options))
    assert_same_plan(preview, run)
    assert [one["changed"] for one in (preview, run, again)] == [True, True, False]
    assert run["deleted"]["tags"] == 2
    assert "not among the newest 1 of 3" in preview["diff"]["before"]
    assert_pulls(registry, expectation)
    assert Store(registry.storage).tags("team/app") == ["3"]


def test_an_error_is_a_sentence(through_ansible: ThroughAnsible) -> None:
    policies = [{"name": "test", "older_than": "soon"}]
    result = through_ansible.run("cleanup", registry_config="/nowhere.yml", policies=policies)
    refused(result, "policies[0].older_than: 'soon' cannot be used, expected a duration")
    assert "Traceback" not in json.dumps(result)


@pytest.mark.parametrize(
    ("module", "options", "left"),
    [
        ("tag", {"repository": "team/app", "name": ["1"]}, {"team/app": ["2"], "team/old": ["1"]}),
        ("repository", {"name": "team/old"}, {"team/app": ["1", "2"]}),
    ],
)
def test_what_is_named_goes(
    open_registry: RegistryProcess,
    through_ansible: ThroughAnsible,
    module: str,
    options: dict[str, Any],
    left: dict[str, list[str]],
) -> None:
    expectation, before = capture(open_registry, left), Seen(open_registry)
    options = {"registry_url": open_registry.url, "state": "absent", **options}
    preview = successful(through_ansible.run(module, check=True, **options))
    before.assert_same()
    run = successful(through_ansible.run(module, **options))
    assert without_call(run) == without_call(preview)
    assert run["changed"]
    assert tags_deleted(run) == ["1"]
    assert {name: tags for name, tags in Seen(open_registry).tags.items() if tags} == left
    assert_pulls(open_registry, expectation)


def test_registry_info(open_registry: RegistryProcess, through_ansible: ThroughAnsible) -> None:
    before = Seen(open_registry)
    found = successful(through_ansible.run("registry_info", registry_url=open_registry.url))
    assert (found["changed"], found["source"]) == (False, "api")
    assert [(one["name"], one["tags"]) for one in found["repositories"]] == [("team/app", 2), ("team/old", 1)]
    before.assert_same()


@ONE_VERSION
def test_maintenance(service: Service, through_ansible: ThroughAnsible) -> None:
    image = images.image("app")
    push(service.registry, "team/app", image, "1")
    kept = capture(service.registry, {"team/app": ["1"]})
    os.chown(service.config, 12345, 54321)
    found = file_state(service.config)

    def run(state: str, *, check: bool = False) -> Result:
        result = successful(through_ansible.run("maintenance", check=check, **service.options(state)))
        assert SECRET not in json.dumps(result)
        return result

    before = snapshot(service.registry.home)
    preview = run("read_only", check=True)
    assert_untouched(service.registry.home, before)
    closed, again = run("read_only"), run("read_only")

    assert preview["diff"] == closed["diff"]
    assert closed["diff"] == {
        "before_header": "localhost",
        "after_header": "localhost",
        "before": "storage.maintenance.readonly.enabled: false\n",
        "after": "storage.maintenance.readonly.enabled: true\n",
    }
    assert [one["changed"] for one in (preview, closed, again)] == [True, True, False]
    assert [one["mode_before"] for one in (preview, closed, again)] == ["writable", "writable", "read_only"]
    assert [one["mode_after"] for one in (preview, closed, again)] == ["read_only"] * 3
    assert [one["drained"] for one in (preview, closed, again)] == [None, True, True]
    assert closed["entered_at"] is not None
    assert closed["entered_at"] == again["entered_at"]
    assert closed["window_seconds"] is None
    assert closed["left_at"] is None
    assert file_state(service.config)[1:] == found[1:]
    assert not service.takes_pushes()
    assert_pulls(service.registry, kept)

    before = snapshot(service.registry.home)
    preview = run("restored", check=True)
    assert_untouched(service.registry.home, before)
    opened, again = run("restored"), run("restored")

    assert preview["diff"] == opened["diff"]
    assert (opened["diff"]["before"], opened["diff"]["after"]) == (closed["diff"]["after"], closed["diff"]["before"])
    assert [one["changed"] for one in (preview, opened, again)] == [True, True, False]
    assert [one["mode_before"] for one in (preview, opened, again)] == ["read_only", "read_only", "writable"]
    assert [one["mode_after"] for one in (preview, opened, again)] == ["writable"] * 3
    assert opened["entered_at"] == closed["entered_at"] <= opened["left_at"]
    assert opened["window_seconds"] > 0
    assert file_state(service.config) == found
    assert service.records() == []
    assert service.takes_pushes()
    assert_pulls(service.registry, kept)
