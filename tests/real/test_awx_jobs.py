# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in the jobs of a workflow: results and plans go from one to the next as artifacts, and secrets in none."""

from __future__ import annotations

import base64
import gzip
import shutil
from pathlib import Path
from typing import Iterator

import pytest

from support import service
from support.awx import Job, run_job
from support.fleet import ENVIRONMENT, Host, UrlHost, checked, inventory, play, result_of, why
from support.playbook import run_playbook
from support.pushing import Repository
from support.registries import V2, V3, NewRegistry
from support.sweeping import push_aged
from support.sweeping_api import push_dated
from support.verify import assert_pulls, capture

TAGS = {"1": 40.0, "2": 30.0, "3": 20.0}
POLICIES = {"registry_cleanup_policies": [{"name": "newest", "keep_n": 1}]}
USER, SECRET = "robot", "s3cret-word"
# As in the guide: what a credential of AWX brings along as environment is looked up by the inventory.
FROM_ENVIRONMENT = {
    "registry_username": "{{ lookup('ansible.builtin.env', 'REGISTRY_USER') }}",
    "registry_password": "{{ lookup('ansible.builtin.env', 'REGISTRY_WORD') }}",
}


@pytest.fixture
def hosts(new_registry: NewRegistry, tmp_path: Path) -> Iterator[list[Host | UrlHost]]:
    """One with its storage, one of which only the URL is known; a password is needed at both."""
    stored = new_registry(V3, "stored", htpasswd=(USER, SECRET))
    push_aged(stored, "team/app", TAGS)
    stored.stop()
    only_url = new_registry(V2, "only-url", htpasswd=(USER, SECRET), delete_enabled=True)
    push_dated(only_url, "team/app", TAGS)
    with service.as_service(stored) as restart_command:
        yield [
            Host(stored, restart_command, tmp_path, "registry1", **FROM_ENVIRONMENT),
            UrlHost(only_url, "registry2", **FROM_ENVIRONMENT),
        ]


def assert_no_secret(job: Job) -> None:
    """Not in what it printed, nor in any file but those that AWX itself injected the password by."""
    assert SECRET not in job.output
    injected = {job.directory / "env/extravars", job.directory / "env/envvars", job.directory / "artifacts/1/command"}
    files = [path for path in job.directory.parent.rglob("*") if path.is_file() and path not in injected]
    assert len(files) > len(job.events)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_an_approved_plan_is_applied_by_a_job_on_another_node(hosts: list[Host | UrlHost], tmp_path: Path) -> None:
    stored = hosts[0]
    environment = {"REGISTRY_USER": USER, "REGISTRY_WORD": SECRET}
    in_variables = {"registry_cleanup_registry_username": USER, "registry_cleanup_registry_password": SECRET}

    check = run_job(
        tmp_path / "node1",
        inventory(hosts),
        *("--check", "--diff"),
        extra_vars={**POLICIES, **in_variables},
        environment={},
    ).check()
    assert_no_secret(check)
    shutil.rmtree(tmp_path / "node1")
    # What the policies would delete now, too, but nobody has approved.
    push_aged(stored.registry, "team/app", {"4": 1.0})
    kept = [capture(host.registry, {"team/app": names}) for host, names in zip(hosts, (["3", "4"], ["3"]))]
    run, again = (
        run_job(
            tmp_path / node,
            inventory(hosts),
            extra_vars={**POLICIES, **check.artifacts},
            environment=environment,
        ).check()
        for node in ("node2", "node3")
    )

    for job in (run, again):
        assert_no_secret(job)
        assert "registry_cleanup_plans" not in job.artifacts
    for host in hosts:
        planned, done, rest = (job.artifacts["registry_cleanup_results"][host.name] for job in (check, run, again))
        assert planned["plan_id"] == done["plan_id"] == rest["plan_id"]
        assert planned["deleted"] == done["deleted"]
        assert (done["deleted"]["tags"], rest["deleted"]["tags"]) == (2, 0)
        assert (done["changed"], done["failed"]) == (True, False)
    assert run.artifacts["registry_cleanup_results"]["registry1"]["window_seconds"] > 0
    assert again.stats["changed"] == {}
    assert [Repository(host.registry, "team/app").tags() for host in hosts] == [["3", "4"], ["3"]]
    for host, expectation in zip(hosts, kept):
        assert_pulls(host.registry, expectation)


@pytest.fixture
def host(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Host]:
    registry = new_registry(V3)
    push_aged(registry, "team/app", TAGS)
    registry.stop()
    with service.as_service(registry) as restart_command:
        yield Host(registry, restart_command, tmp_path)


def changed_by_hand(packed: str) -> str:
    text = gzip.decompress(base64.b64decode(packed))
    assert b'"2"' in text
    return base64.b64encode(gzip.compress(text.replace(b'"2"', b'"3"'))).decode()


def test_what_is_no_approved_plan_of_this_host_is_refused(host: Host) -> None:
    """Before the registry is closed, each with what to do. The hosts have one registry, which none of them comes to."""
    preview = host.preview(policies=[{"keep_n": 1}]).check()
    passed_on = preview.of("Pass on the result, and the plan of a preview")[0]["ansible_stats"]["data"]
    plan = passed_on["registry_cleanup_plans"][host.name]
    plans = {host.name: plan, "changed": changed_by_hand(plan), "garbled": "abc", "foreign": "é", "large": ""}
    sentences = {
        "changed": "was changed since it was made",
        "garbled": "is no packed plan",
        "foreign": "is no packed plan",
        "large": "was too large to be passed on",
        "new": "no plan was passed on for this host",
        "without_file": "registry_cleanup_plan: there is no file ",
    }
    hosts = [Host(host.registry, host.restart_command, host.home, name) for name in sentences]
    hosts[-1] = Host(host.registry, host.restart_command, host.home, "without_file", plan="nowhere/plan.json")
    run = play("cleanup", hosts, plans=plans)
    for name, sentence in sentences.items():
        assert sentence in why(run, name)
        assert result_of(run, name)["window_seconds"] is None
    assert "Unexpected" not in run.output
    assert Repository(host.registry, "team/app").tags() == list(TAGS)
    assert checked(host.cleanup(plans=plans))["deleted"]["tags"] == 2


def test_a_job_after_a_preview_that_was_refused_makes_no_plan_of_its_own(host: Host) -> None:
    refused = host.preview(policies=[{"keep_n": 1}], max_delete=1)
    assert "raise registry_cleanup_max_delete" in why(refused)
    passed_on = refused.of("Pass on the result, and the plan of a preview")[0]["ansible_stats"]["data"]
    run = host.cleanup(policies=[{"keep_n": 1}], plans=passed_on["registry_cleanup_plans"])
    assert "no plan was passed on for this host" in why(run)
    assert Repository(host.registry, "team/app").tags() == list(TAGS)


def test_a_plan_too_large_to_be_passed_on_is_said_to_be(host: Host) -> None:
    variables = {"registry_cleanup_policies": [{"keep_n": 1}], "__registry_cleanup_most_bytes": 100}
    preview = run_playbook(
        "drydock.registry.preview", inventory=inventory([host]), extra_vars=variables, environment=ENVIRONMENT
    ).check()
    passed_on = preview.of("Pass on the result, and the plan of a preview")[0]["ansible_stats"]["data"]
    assert passed_on["registry_cleanup_plans"] == {host.name: ""}
    assert "more than 100 bytes" in preview.of("Result")[0]["msg"][-1]
    assert passed_on["registry_cleanup_results"][host.name]["deleted"]["tags"] == 2
