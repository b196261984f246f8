# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a real registry that a command restarts: closing, applying, reopening, and what if one of them fails."""

from __future__ import annotations

import json
import shlex
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.ended import EndedLease, EndedLeases
from support import images, service
from support.fleet import ENVIRONMENT, Host, checked, inventory, result_of, start, why
from support.playbook import run_playbook
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, RegistryProcess, wait_for
from support.store import Store, assert_untouched, contents, snapshot
from support.sweeping import push_aged
from support.verify import assert_pulls, capture

TAGS = {"1": 40.0, "2": 30.0, "3": 20.0, "4": 10.0}
KEEP_TWO = [{"name": "newest two", "keep_n": 2}]


def with_four_tags(registry: RegistryProcess, home: Path) -> Iterator[Host]:
    """A host whose registry has two tags too many in one repository."""
    push_aged(registry, "team/app", TAGS)
    registry.stop()
    with service.as_service(registry) as restart_command:
        yield Host(registry, restart_command, home)


@pytest.fixture
def host(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Host]:
    """What the role does beyond the modules depends on no version."""
    yield from with_four_tags(new_registry(V3), tmp_path)


@pytest.fixture
def old_host(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Host]:
    """As `host`, with the other version."""
    yield from with_four_tags(new_registry(V2), tmp_path)


def test_preview_run_and_second_run_agree(old_host: Host, tmp_path: Path) -> None:
    """The preview touches nothing and can be reviewed, and no password is shown."""
    host, secret = old_host, {"registry_username": "someone", "registry_password": "s3cret-word"}
    expectation = capture(host.registry, {"team/app": ["3", "4"]})
    before, configuration, pid = snapshot(host.registry.storage), host.configuration(), host.pid()
    runs = [host.preview(policies=KEEP_TWO, report_dir=str(tmp_path / "review"), **secret)]
    assert (host.configuration(), host.pid()) == (configuration, pid)
    assert_untouched(host.registry.storage, before)
    runs += [host.cleanup(policies=KEEP_TWO, **secret) for _time in range(2)]
    preview, run, again = map(checked, runs)
    assert preview["plan_id"] in (tmp_path / "review/registry1.plan.json").read_text()
    diff = (tmp_path / "review/registry1.diff").read_text()
    assert "-  1 " in diff
    assert "   4 " in diff
    for one in runs:
        assert "s3cret-word" not in one.output + json.dumps([task.result for task in one.tasks])
    assert preview["deleted"]["tags"] == 2
    assert {key: run[key] for key in ("plan_id", "plan", "deleted", "kept")} == {
        key: preview[key] for key in ("plan_id", "plan", "deleted", "kept")
    }
    assert (run["changed"], again["changed"]) == (True, False)
    assert run["window_seconds"] > 0
    assert again["window_seconds"] is None
    assert_pulls(host.registry, expectation)
    assert Repository(host.registry, "team/app").tags() == ["3", "4"]
    assert not Store(host.registry.storage).quarantine.exists() or not contents(host.quarantine)
    assert host.is_writable()


@pytest.mark.parametrize("entry_point", ["cleanup", "preview"])
def test_check_mode_toggles_nothing_and_predicts(host: Host, entry_point: str) -> None:
    before, configuration, pid = snapshot(host.registry.storage), host.configuration(), host.pid()
    run = host.play(entry_point, policies=KEEP_TWO, check=True, diff=True)
    assert checked(run)["deleted"]["tags"] == 2
    assert checked(run)["changed"] is True
    assert run.stats["registry1"]["changed"] == 1
    assert "deleted: not among the newest 2 of 4" in run.output
    assert (host.configuration(), host.pid()) == (configuration, pid)
    assert_untouched(host.registry.storage, before)


def test_an_approved_plan_is_applied_and_may_only_shrink(host: Host, tmp_path: Path) -> None:
    review = tmp_path / "review"
    approved = checked(host.preview(policies=KEEP_TWO, report_dir=str(review)))
    push(host.registry, "team/app", images.image("pushed meanwhile"), "1")
    push_aged(host.registry, "team/app", {"0": 50.0})
    result = checked(host.cleanup(plan=str(review / "{{ inventory_hostname }}.plan.json")))
    assert result["plan_id"] == approved["plan_id"]
    assert result["deleted"]["tags"] == 1
    assert result["drift_total"] > 0
    assert Repository(host.registry, "team/app").tags() == ["0", "1", "3", "4"]
    again = checked(host.cleanup(plan=str(review / "{{ inventory_hostname }}.plan.json")))
    assert again["changed"] is False
    assert again["window_seconds"] is None


def test_a_refused_plan_never_closes_the_registry(host: Host) -> None:
    before, pid = snapshot(host.registry.storage), host.pid()
    run = host.cleanup(policies=KEEP_TWO, max_delete=1)
    assert run.returncode != 0
    assert "max_delete" in why(run)
    assert not any("msg" in one for one in run.of("Result"))
    shown = host.preview(policies=KEEP_TWO, max_delete=1).of("Show what the refused plan would delete")[0]["msg"]
    assert any(line.startswith("-") and " deleted: " in line for line in shown)
    unprotected = host.cleanup(policies=KEEP_TWO, exclude_repositories=["team"], on_unmatched="fail_if_near")
    assert "'team/**' would match 1" in why(unprotected)
    assert host.pid() == pid
    assert_untouched(host.registry.storage, before)


def test_a_preview_of_a_storage_that_is_empty_where_the_registry_is_not_fails(host: Host, tmp_path: Path) -> None:
    """The path that the storage has in a container, used on its host."""
    before, pid = snapshot(host.registry.storage), host.pid()
    empty = tmp_path / "empty"
    empty.mkdir()
    run = host.preview(policies=KEEP_TWO, storage={"filesystem": {"rootdirectory": str(empty)}})
    assert run.returncode != 0
    assert all(word in run.output for word in (str(empty), "team/app", host.registry.url))
    assert host.pid() == pid
    assert_untouched(host.registry.storage, before)


def test_a_host_that_goes_away_during_the_sweep_is_restored_when_it_is_back(host: Host) -> None:
    configuration = host.configuration()
    away_once = host.script("restart", f"[ -e {host.losses} ] || echo 1 > {host.losses}")
    run = host.cleanup(policies=KEEP_TWO, maintenance=host.maintenance(restart_command=away_once))
    assert run.returncode != 0
    assert "the host is away" in why(run)
    assert host.configuration() == configuration
    assert host.is_writable()
    assert result_of(run)["window_seconds"] > 0


def test_without_a_method_the_user_closes_it(host: Host) -> None:
    refused = host.cleanup(policies=KEEP_TWO, maintenance=host.maintenance(method="none"))
    assert refused.returncode != 0
    assert Repository(host.registry, "team/app").tags() == list(TAGS)
    service.stop(host.registry.home)
    result = checked(host.cleanup(policies=KEEP_TWO, maintenance=host.maintenance(method="none")))
    assert result["deleted"]["tags"] == 2
    assert result["window_seconds"] is None
    service.start(host.registry.home)


@pytest.fixture
def by_tasks(host: Host, tmp_path: Path) -> Any:
    """The maintenance of a host whose registry is stopped and started by tasks of its own, which note it."""

    def maintenance(**changed: str) -> dict[str, Any]:
        files = {}
        for name, what in {"enter_tasks": "stop", "leave_tasks": "start"}.items():
            command = f"{shlex.join(service.command(host.registry, what))} && echo {what} >> {tmp_path}/notes"
            tasks = [{"name": f"Do {what}", "ansible.builtin.shell": changed.get(name, command)}]
            (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(tasks))
            files[name] = str(tmp_path / f"{name}.yml")
        return host.maintenance(method="tasks", **files)

    return maintenance


def test_the_users_own_tasks_close_and_reopen(host: Host, by_tasks: Any, tmp_path: Path) -> None:
    run = host.cleanup(policies=KEEP_TWO, maintenance=by_tasks())
    assert checked(run)["deleted"]["tags"] == 2
    assert (tmp_path / "notes").read_text().split() == ["stop", "start"]
    assert host.is_writable()
    assert checked(host.cleanup(policies=KEEP_TWO, maintenance=by_tasks()))["changed"] is False
    assert checked(host.restore(maintenance=by_tasks()))["changed"] is False
    assert (tmp_path / "notes").read_text().split() == ["stop", "start"]


@pytest.mark.parametrize("enter_tasks", ["/bin/false", "/bin/true"])
def test_the_users_tasks_that_fail_or_do_not_close_are_followed_by_those_that_reopen(
    host: Host, by_tasks: Any, tmp_path: Path, enter_tasks: str
) -> None:
    tasks = by_tasks(enter_tasks=enter_tasks, leave_tasks=f"echo x > {tmp_path}/left")
    run = host.cleanup(policies=KEEP_TWO, maintenance={**tasks, "timeout": "2s"})
    assert ("Do stop" if enter_tasks == "/bin/false" else "Close the registry") in why(run)
    assert (tmp_path / "left").exists()
    assert Repository(host.registry, "team/app").tags() == list(TAGS)
    assert host.is_writable()


def test_a_run_that_dies_in_the_users_steps_is_put_back_by_the_host(host: Host, by_tasks: Any, tmp_path: Path) -> None:
    stop = f"{shlex.join(service.command(host.registry, 'stop'))} && touch {tmp_path}/stopped && sleep 600"
    more = {"lease": "20s", "restore_command": service.command(host.registry, "start")}
    maintenance = {**by_tasks(enter_tasks=stop), **more}
    with start("cleanup", [host], policies=KEEP_TWO, maintenance=maintenance) as run:
        run.wait_until((tmp_path / "stopped").exists, "the registry is stopped")
        run.vanish()
    wait_for(lambda: not list(host.state_dir.glob("maintenance-*")), "the host to put the registry back", 60)
    assert host.is_writable()
    told = [checked(run(policies=KEEP_TWO)) for run in (host.preview, host.cleanup, host.preview)]
    assert [one["deleted"]["tags"] for one in told] == [2, 2, 0]
    assert ["by itself at" in str(one["warnings"]) for one in told] == [True, True, False]


def test_what_the_host_did_by_itself_is_told_where_nothing_is_to_do(host: Host) -> None:
    """And by a restore; each time once, but in a preview, which may be of another."""
    subject, leases = str(host.registry.config_path.resolve()), EndedLeases(str(host.state_dir))
    ended = EndedLease("somebody", time.time() - 700, time.time() - 100, "10m", time.time() - 99, False)
    checked(host.cleanup(policies=KEEP_TWO))
    for runs in ([host.preview, host.cleanup, host.cleanup], [host.restore, host.restore]):
        host.state_dir.mkdir(mode=0o700)
        leases.save(subject, ended)
        told = [ended.sentence(subject) in str(checked(run())["warnings"]) for run in runs]
        assert told == [*[True] * (len(runs) - 1), False]
        assert not host.state_dir.exists()


def test_the_lease_fits_what_is_to_be_done(host: Host) -> None:
    """Not what anything could take, as it is where only the module is used."""
    before = time.time()
    result = checked(host.cleanup(policies=KEEP_TWO))
    lease_ends = datetime.fromisoformat(result["lease_until"].replace("Z", "+00:00")).timestamp()
    assert before + 600 <= lease_ends <= time.time() + 660


def test_users_tasks_that_can_not_be_read_are_found_before_anything_is_touched(host: Host, by_tasks: Any) -> None:
    pid, maintenance = host.pid(), by_tasks()
    Path(maintenance["leave_tasks"]).write_text("- no.such.collection.module:\n")
    assert host.cleanup(policies=KEEP_TWO, maintenance=maintenance).returncode != 0
    del maintenance["leave_tasks"]
    assert "needs enter_tasks and leave_tasks" in why(host.preview(policies=KEEP_TWO, maintenance=maintenance))
    assert host.pid() == pid


def test_an_option_of_maintenance_that_there_is_not_is_named(host: Host) -> None:
    run = host.cleanup(policies=KEEP_TWO, maintenance=host.maintenance(methods="stop"))
    assert run.returncode != 0
    assert "methods" in run.output
    assert not run.of("Plan")


def test_what_is_set_aside_is_kept_on_demand_and_deleted_by_a_later_run(host: Host) -> None:
    checked(host.cleanup(policies=KEEP_TWO, quarantine="keep"))
    assert contents(host.quarantine)
    later = checked(host.cleanup(policies=KEEP_TWO))
    assert later["changed"] is True
    assert later["window_seconds"] is None
    assert not host.quarantine.exists() or not contents(host.quarantine)
    assert checked(host.cleanup(policies=KEEP_TWO))["changed"] is False


def test_a_plan_that_a_killed_run_began_is_finished(host: Host, tmp_path: Path) -> None:
    checked(host.preview(policies=KEEP_TWO, report_dir=str(tmp_path)))
    begun = host.quarantine / "begun"
    begun.mkdir(parents=True)
    (tmp_path / "registry1.plan.json").rename(begun / "plan.json")
    plan_id = json.loads((begun / "plan.json").read_text())["id"]
    begun.rename(host.quarantine / plan_id.partition(":")[2][:16])
    keep_one = [{"keep_n": 1}]
    run, again = checked(host.cleanup(policies=keep_one)), checked(host.cleanup(policies=keep_one))
    assert run["plan_id"] != plan_id
    assert run["deleted"]["tags"] == 3
    assert (again["changed"], again["window_seconds"]) == (False, None)
    assert not host.quarantine.exists()


def test_a_registry_that_was_read_only_stays_so(host: Host) -> None:
    host.registry.read_only = True
    host.registry.write_config()
    host.restart()
    result = checked(host.cleanup(policies=KEEP_TWO))
    assert result["deleted"]["tags"] == 2
    assert not host.is_writable()


def test_the_role_twice_in_a_play_keeps_its_results_apart(host: Host) -> None:
    """One host with two registries, or two policies: nothing of the first use leaks into the second."""
    role = {"name": "drydock.registry.registry_cleanup"}
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.include_role": role, "vars": {"registry_cleanup_policies": KEEP_TWO}},
        {"ansible.builtin.include_role": role, "vars": {"registry_cleanup_policies": KEEP_TWO}},
    ]
    play = {"hosts": "registries", "gather_facts": False, "tasks": tasks}
    run = run_playbook([play], inventory=inventory([host]), environment=ENVIRONMENT).check()
    first, second = (found["ansible_facts"]["registry_cleanup_result"] for found in run.of("Keep the result"))
    assert (first["changed"], second["changed"]) == (True, False)
    assert second["window_seconds"] is None


def test_a_wrong_variable_is_named_before_anything_happens(host: Host) -> None:
    run = host.cleanup(policies=[{"keep_n": "many"}])
    assert run.returncode != 0
    assert "keep_n" in run.output
    assert not run.of("Plan")
