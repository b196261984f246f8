# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read of a run of the role: no noise, one failure told once, and the end in words."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator

import pytest

from support import images, service
from support.fleet import Host, checked, play, result_of, why
from support.playbook import PlaybookRun
from support.pushing import Repository, push
from support.registries import V3, NewRegistry
from support.store import contents
from support.sweeping import push_aged

TAGS = {"1": 40.0, "2": 30.0, "3": 20.0}
KEEP_ONE = [{"name": "newest", "keep_n": 1}]
# Of a run that closes, sweeps and opens, the batches' play included.
MOST_HEADINGS = 20


@pytest.fixture
def hosts(new_registry: NewRegistry, tmp_path: Path) -> Iterator[list[Host]]:
    """Two hosts, each with two repositories of three tags."""
    with ExitStack() as stack:
        found = []
        for name in ("registry1", "registry2"):
            registry = new_registry(V3, name)
            push_aged(registry, "team/app", TAGS)
            push_aged(registry, "team/web", TAGS)
            registry.stop()
            home = tmp_path / f"{name}-host"
            home.mkdir()
            found.append(Host(registry, stack.enter_context(service.as_service(registry)), home, name))
        yield found


@pytest.fixture
def host(hosts: list[Host]) -> Host:
    return hosts[0]


def tasks_that_say(run: PlaybookRun, text: str) -> list[str]:
    """The names of the tasks under whose heading this is shown."""
    return [part.partition("]")[0].partition(" : ")[2] for part in run.output.split("\nTASK [") if text in part]


def test_a_plain_run_has_few_headings_and_skips_nothing(host: Host) -> None:
    runs = [host.play(name, policies=KEEP_ONE) for name in ("preview", "cleanup", "cleanup", "restore")]
    for run in runs:
        run.check()
        assert "skipping" not in run.output
        assert run.output.count("\nTASK [") <= MOST_HEADINGS
    preview, cleaned, again, _restored = runs
    plan_id = checked(preview)["plan_id"]
    said = cleaned.of("Result")[0]["msg"]
    assert said[0].startswith("deleted 4 tags, 4 manifests, 12 blobs, ")
    assert said[1] == f"plan {plan_id}"
    assert said[2].startswith("closed for ")
    assert said[3].startswith("free on the filesystem of the storage: ")
    assert preview.of("Result")[0]["msg"][0] == said[0].replace("deleted", "would delete").replace("kept", "would keep")
    assert again.of("Result")[0]["msg"][0].startswith("deleted nothing; kept 2 tags")
    assert plan_id.partition(":")[2][:12] in cleaned.of("Summary")[0]["msg"][1]
    assert checked(cleaned)["free_bytes_after"] > 0


@pytest.mark.parametrize("playbook", ["preview", "cleanup"])
def test_a_refused_plan_is_shown_reported_and_names_all_that_is_too_much(
    host: Host, tmp_path: Path, playbook: str
) -> None:
    run = play(playbook, [host], policies=KEEP_ONE, max_delete_percent=10, report_dir=str(tmp_path / "review"))
    limit = (
        "it deletes 2 of 3 tags of team/app, 2 of 3 tags of team/web, registry_cleanup_max_delete_percent allows 10 %"
    )
    assert limit in why(run)
    assert "raise registry_cleanup_max_delete_percent" in why(run)
    assert tasks_that_say(run, limit) == ["Plan"]
    assert "--- before: registry1" in run.output
    assert json.loads((tmp_path / "review/registry1.plan.json").read_text())["id"] == result_of(run)["plan_id"]
    diff = (tmp_path / "review/registry1.diff").read_text()
    assert diff.startswith("--- before: registry1\n+++ after: registry1\n")
    assert "-  2 sha256:" in diff
    assert limit in (tmp_path / "review/summary.txt").read_text()
    assert limit in json.loads((tmp_path / "review/summary.json").read_text())[0]["error"]


def test_what_fails_in_the_window_is_told_once_and_then_how_things_stand(hosts: list[Host], tmp_path: Path) -> None:
    away, host = hosts
    host.quarantine.write_text("in the way")
    away.losses.write_text("1000")
    run = play("cleanup", hosts, policies=KEEP_ONE, report_dir=str(tmp_path))
    assert tasks_that_say(run, "the plan could not be saved") == ["Apply the plan"]
    assert tasks_that_say(run, "the host is away") == ["Plan"]
    ends = {one.host: one.result["msg"] for one in run.tasks if one.task == "See that nothing failed"}
    assert ends[host.name].startswith(
        'The step "Apply the plan" failed, its message is further up. Nothing was deleted. '
    )
    assert "The registry is writable again, it was closed for " in ends[host.name]
    assert "The registry was never closed." in ends[away.name]
    table = run.of("Summary")[0]["msg"]
    assert table[1].endswith("  unreachable: Plan")
    assert table[2].endswith("  failed: Apply the plan")
    assert table[3].endswith("  0 of 2 ok")
    report = (tmp_path / "summary.txt").read_text()
    assert "the plan could not be saved" in report
    assert "the host is away" in report
    assert host.is_writable()


def test_diffs_of_several_hosts_each_name_their_own(hosts: list[Host]) -> None:
    run = play("preview", hosts, policies=KEEP_ONE).check()
    for host in hosts:
        assert run.output.count(f"--- before: {host.name}\n+++ after: {host.name}\n") == 1


def test_drift_and_what_was_set_aside_are_in_the_end(host: Host, tmp_path: Path) -> None:
    host.preview(policies=KEEP_ONE, report_dir=str(tmp_path)).check()
    push(host.registry, "team/app", images.image("pushed meanwhile"), "1")
    run = host.cleanup(plan=str(tmp_path / "{{ inventory_hostname }}.plan.json"), quarantine="keep")
    assert checked(run)["drift_tags"] == 1
    lines = run.of("Result")[0]["msg"]
    assert any(line.startswith("1 of 4 tags was left alone: team/app:1 (") for line in lines)
    aside = next(line for line in lines if line.startswith("set aside and not freed yet: "))
    assert str(host.quarantine) in aside
    assert contents(host.quarantine)
    heading, row = run.of("Summary")[0]["msg"]
    column = heading.index("drift") + len("drift")
    assert int(row[:column].split()[-1]) == checked(run)["drift_total"] > 0
    assert Repository(host.registry, "team/app").tags() == ["1", "3"]
