# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbooks on hosts of which only the registry's URL is known, alone and beside one with storage."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from support import images, service
from support.fleet import ENVIRONMENT, Host, UrlHost, checked, play, result_of, why
from support.playbook import run_playbook
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.scripted import Fault, NewScripted, Request, json_fault
from support.store import Store, assert_untouched, snapshot
from support.sweeping import push_aged
from support.verify import assert_pulls, capture

DATES = {"1": "2026-01-01T00:00:00Z", "2": "2026-02-01T00:00:00Z", "3": "2026-03-01T00:00:00Z"}
TAGS = [*DATES, "stable"]
POLICIES = [{"name": "newest", "keep_n": 1, "keep_tags": ["stable"]}]
# `stable` and 1 are one image. 3.1.1 deletes tags and leaves manifests; 2.8.2 deletes manifests, with all their tags.
KEPT = {V2: ["1", "3", "stable"], V3: ["3", "stable"]}
RESULT_KEYS = {
    *("changed", "plan_id", "plan", "deleted", "kept", "drift_total", "notes_total", "left_untagged"),
    *("window_seconds", "mode", "mode_before", "mode_after", "lease_until", "warnings", "swept_by"),
    *("drift", "drift_tags", "set_aside", "young_tags", "free_bytes_before", "free_bytes_after"),
    *("error", "advice", "failed_step", "is_unreachable"),
}


def fill(registry: RegistryProcess) -> RegistryProcess:
    """Three images of three dates in one repository; the oldest also has the tag `stable`."""
    for tag, created in DATES.items():
        push(registry, "team/app", images.image(tag, created=created), tag, *(["stable"] if tag == "1" else []))
    return registry


@pytest.fixture
def each_host(version: str, new_registry: NewRegistry) -> UrlHost:
    """A registry of each version in turn that lets its clients delete."""
    return UrlHost(fill(new_registry(version, delete_enabled=True)))


@pytest.fixture
def host(new_registry: NewRegistry) -> UrlHost:
    """What the role does beyond the module depends on no version."""
    return UrlHost(fill(new_registry(V3, delete_enabled=True)))


@pytest.fixture
def storage_host(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Host]:
    """Another host, with storage and with two tags too many."""
    registry = new_registry(V2, "with-storage")
    push_aged(registry, "team/app", {"1": 40.0, "2": 30.0, "3": 20.0})
    registry.stop()
    with service.as_service(registry) as restart_command:
        yield Host(registry, restart_command, tmp_path, "with-storage")


def tags(host: UrlHost | Host) -> list[str]:
    return sorted(Repository(host.registry, "team/app").tags())


def test_preview_run_second_run_and_restore(each_host: UrlHost, version: str, tmp_path: Path) -> None:
    expectation = capture(each_host.registry, {"team/app": KEPT[version]})
    preview = checked(each_host.preview(policies=POLICIES, report_dir=str(tmp_path / "review")))
    assert tags(each_host) == TAGS
    first = each_host.cleanup(policies=POLICIES)
    run, again = checked(first), checked(each_host.cleanup(policies=POLICIES))
    assert preview == run
    assert set(run) == set(again) == RESULT_KEYS
    assert (run["deleted"]["tags"], run["deleted"]["manifests"], run["left_untagged"]) == (
        (1, 1, 0) if version == V2 else (2, 0, 1)
    )
    assert "garbage collector" in first.of("Result")[0]["msg"][2]
    assert len(first.of("drydock.registry.cleanup")) == 1, "the registry is read once"
    assert not first.of("drydock.registry.maintenance"), "and closed never"
    assert (run["changed"], again["changed"], run["window_seconds"]) == (True, False, None)
    assert tags(each_host) == KEPT[version]
    assert_pulls(each_host.registry, expectation)
    assert run["plan_id"] in (tmp_path / "review/registry1.plan.json").read_text()
    assert "-  2 sha256:" in (tmp_path / "review/registry1.diff").read_text()
    restored = each_host.restore()
    assert checked(restored)["changed"] is False
    assert "Nothing to restore" in restored.of("Result")[0]["msg"]


def test_check_mode_predicts_and_touches_nothing(host: UrlHost) -> None:
    before = snapshot(host.registry.storage)
    run = host.cleanup(policies=POLICIES, check=True, diff=True)
    assert checked(run)["deleted"]["tags"] == 2
    assert checked(run)["changed"] is True
    assert run.stats["registry1"]["changed"] == 1
    assert "deleted: not among the newest 1" in run.output
    assert_untouched(host.registry.storage, before)


def test_a_play_in_check_mode_touches_nothing(host: UrlHost) -> None:
    """Not --check, but `check_mode: true` in somebody's own playbook."""
    before = snapshot(host.registry.storage)
    role = {"name": "drydock.registry.registry_cleanup"}
    tasks = [{"ansible.builtin.import_role": role, "vars": {"registry_cleanup_policies": POLICIES}}]
    own = {"hosts": "registries", "gather_facts": False, "check_mode": True, "tasks": tasks}
    inventory = {"registries": {"hosts": {host.name: host.variables()}}}
    run_playbook([own], inventory=inventory, environment=ENVIRONMENT).check()
    assert_untouched(host.registry.storage, before)


def test_an_approved_plan_is_applied_and_may_only_shrink(host: UrlHost, tmp_path: Path) -> None:
    approved = checked(host.preview(policies=POLICIES, report_dir=str(tmp_path)))
    push(host.registry, "team/app", images.image("pushed meanwhile"), "1")
    plan = str(tmp_path / "{{ inventory_hostname }}.plan.json")
    untouched = checked(host.cleanup(plan=plan, exclude_repositories=["team/**"]))
    assert (untouched["changed"], untouched["plan_id"]) == (False, approved["plan_id"])
    assert untouched["drift_total"] == approved["plan"]["tags"]
    predicted = checked(host.preview(plan=plan))
    run, again = checked(host.cleanup(plan=plan)), checked(host.cleanup(plan=plan))
    assert predicted == run
    assert run["plan_id"] == approved["plan_id"]
    assert (run["deleted"]["tags"], run["drift_total"]) == (1, 1)
    assert tags(host) == ["1", "3", "stable"]
    assert again["changed"] is False


def test_a_run_that_fails_half_way_says_what_it_did_and_fails(host: UrlHost, scripted: NewScripted) -> None:
    """The registry lets us delete in one repository and not in the other."""
    for tag, created in DATES.items():
        push(host.registry, "ci/app", images.image(f"ci {tag}", created=created), tag)
    denied = json_fault({"errors": [{"code": "DENIED"}]}, 403)

    def script(request: Request) -> Fault | None:
        return denied if request.method == "DELETE" and request.path.endswith("team/app/manifests/2") else None

    proxy = scripted(script, host.registry)
    run = host.cleanup(policies=POLICIES, registry_url=proxy.url, api_concurrency=1)
    assert "not_deleted" in why(run)
    assert result_of(run)["changed"] is True
    assert result_of(run)["deleted"]["tags"] == 2 + len(set(TAGS) - set(tags(host)))
    assert Repository(host.registry, "ci/app").tags() == ["3"]
    assert "2" in tags(host)


def test_what_is_refused_deletes_nothing(host: UrlHost) -> None:
    """A limit, what only a storage can do, and a number in the inventory, which the role hands on as YAML made it."""
    judged = [{"name": "newest", "keep_n": 1, "keep_tags": [1.20]}]
    refused: dict[str, tuple[dict[str, Any], str]] = {
        "max_delete": ({"max_delete": 1}, "max_delete"),
        "delete_untagged": ({"delete_untagged": True}, "delete_untagged"),
        "quarantine": ({"quarantine": "keep"}, "quarantine"),
        "number": ({"policies": judged}, "policies[0].keep_tags: 1.2 cannot be used"),
    }
    hosts = [UrlHost(host.registry, name, **{"policies": POLICIES, **more}) for name, (more, _said) in refused.items()]
    run = play("cleanup", hosts)
    for name, (_more, said) in refused.items():
        assert said in why(run, name)
    assert not any("msg" in one for one in run.of("Result"))
    assert tags(host) == TAGS


def test_tags_that_share_their_image_are_overwritten_on_demand(new_registry: NewRegistry) -> None:
    host = UrlHost(fill(new_registry(V2, delete_enabled=True)))
    expectation = capture(host.registry, {"team/app": ["3", "stable"]})
    result = checked(host.cleanup(policies=POLICIES, overwrite_shared_tags=True))
    assert result["deleted"]["tags"] == 2
    assert tags(host) == ["3", "stable"]
    assert_pulls(host.registry, expectation)


def test_the_registrys_own_collector_frees_the_space_as_the_readme_says(each_host: UrlHost, version: str) -> None:
    registry, store = each_host.registry, Store(each_host.registry.storage)
    push(registry, "team/tools", images.multi_platform("tools"), "1")
    checked(each_host.cleanup(policies=POLICIES))
    expectation = capture(registry, {"team/app": KEPT[version], "team/tools": ["1"]})
    collect = [str(registry.binary), "garbage-collect", *(["-m"] if version == V3 else []), str(registry.config_path)]
    before = store.blob_bytes()
    with registry.closed():
        subprocess.run(collect, check=True, capture_output=True, env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})
    assert store.blob_bytes() < before
    assert set(store.blobs()) == {blob for one in expectation.values() for blob in (*one.manifests, *one.blobs)}
    assert_pulls(registry, expectation)


def test_credentials_come_from_the_variables_and_are_not_shown(new_registry: NewRegistry) -> None:
    registry = fill(new_registry(V3, delete_enabled=True, htpasswd=("cleaner", "s3cret-word")))
    nobody, cleaner = (
        UrlHost(registry, registry_username="cleaner", registry_password=password)
        for password in ("wr0ng-word", "s3cret-word")
    )
    assert "not accepted" in why(nobody.cleanup(policies=POLICIES))
    run = cleaner.cleanup(policies=POLICIES)
    assert checked(run)["deleted"]["tags"] == 2
    assert "s3cret-word" not in run.output + json.dumps([task.result for task in run.tasks])


def test_a_group_with_and_without_storage(host: UrlHost, storage_host: Host) -> None:
    """What the group says about storage and closing does not concern the host that has only a URL."""
    mixed = [host, storage_host]
    closing = storage_host.maintenance()
    for playbook in ("preview", "cleanup", "restore"):
        run = play(playbook, mixed, policies=POLICIES, maintenance=closing).check()
        assert set(run.stats) == {one.name for one in mixed}
    assert tags(host) == KEPT[V3]
    assert tags(storage_host) == ["3"]
    assert storage_host.is_writable()


def test_a_host_takes_the_api_by_leaving_empty_what_its_group_has(host: UrlHost) -> None:
    empty = UrlHost(host.registry, registry_config="", storage={})
    inventory = {
        "registries": {
            "hosts": {empty.name: empty.variables()},
            "vars": {"registry_cleanup_registry_config": "/nowhere/config.yml", "registry_cleanup_policies": POLICIES},
        }
    }
    run = run_playbook("drydock.registry.cleanup", inventory=inventory, environment=ENVIRONMENT)
    assert checked(run)["deleted"]["tags"] == 2


def test_disabled_deletion_fails_with_the_ways_out_and_spares_the_other_host(
    new_registry: NewRegistry, storage_host: Host
) -> None:
    disabled = UrlHost(fill(new_registry(V3)))
    before = snapshot(disabled.registry.storage)
    preview = disabled.preview(policies=POLICIES)
    run = play("cleanup", [disabled, storage_host], policies=POLICIES)
    for message in (why(preview), why(run, disabled.name)):
        assert "storage.delete.enabled" in message
        assert "registry_config" in message
    assert_untouched(disabled.registry.storage, before)
    assert result_of(run, storage_host.name)["window_seconds"] > 0
    assert tags(storage_host) == ["3"]
    assert not Store(storage_host.registry.storage).quarantine.exists()
    assert storage_host.is_writable()
