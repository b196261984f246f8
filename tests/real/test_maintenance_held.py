# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closed registry is held by one run, for as long as its lease."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.one_at_a_time import one_at_a_time
from support import watchdogs
from support.restarting import ONE_VERSION, NewService, Service, file_state

OTHER_RUN = {"id": "ctl2:4711:12345", "who": "root on ctl2, process 4711", "member": "a"}


@ONE_VERSION
def test_a_closed_registry_is_held_and_leased(service: Service) -> None:
    closed = service.succeed("read_only", lease="2h")

    assert service.lock.is_dir()
    record = json.loads((service.state_dir / service.records()[0]).read_text())
    assert record["method"] == "config_file"
    assert record["mode_before"] == "writable"
    assert record["expires_at"] - record["entered_at"] == pytest.approx(7200, abs=60)
    assert record["options"]["restart_command"] == service.restart
    assert "registry_password" not in record["options"]
    assert len(watchdogs.processes(service.state_dir)) == 1

    longer = service.succeed("read_only", lease="3h")

    assert (longer["changed"], longer["restarted"]) == (False, False)
    assert longer["lease_until"] > closed["lease_until"] > closed["entered_at"]
    assert len(watchdogs.processes(service.state_dir)) == 1
    opened = service.succeed("restored")
    assert (opened["restarted"], opened["lease_until"]) == (True, None)
    assert service.has_left_nothing()


@ONE_VERSION
def test_what_was_killed_when_all_but_the_record_was_put_back_is_closed_anew(service: Service) -> None:
    service.succeed("read_only")
    path = service.state_dir / service.records()[0]
    left = path.read_bytes()
    service.succeed("restored")
    changed = service.config.read_bytes() + b"# by hand\n"
    service.config.write_bytes(changed)
    service.state_dir.mkdir(mode=0o700)
    path.write_bytes(left)
    path.chmod(0o600)

    assert service.succeed("read_only")["mode_before"] == "writable"

    assert json.loads(path.read_text())["entered_at"] > json.loads(left)["entered_at"]
    service.succeed("restored")
    assert service.config.read_bytes() == changed
    assert service.has_left_nothing()


@ONE_VERSION
@pytest.mark.parametrize("read_only", [False, True])
def test_another_run_is_kept_out(new_service: NewService, read_only: bool) -> None:
    service = new_service(read_only=read_only)
    service.succeed("read_only", _run=OTHER_RUN)
    pid = service.pid

    for state, check in (("read_only", True), ("read_only", False), ("restored", True), ("restored", False)):
        result = service.refused(state, check=check)
        assert (result["held_by_run"], result["changed"]) == ("ctl2:4711:12345", False)
        assert "held by root on ctl2, process 4711" in result["msg"]

    assert service.pid == pid
    assert not service.takes_pushes()
    result = service.succeed("restored", _run=OTHER_RUN)
    assert (result["changed"], result["mode_after"]) == (not read_only, "read_only" if read_only else "writable")
    assert service.has_left_nothing()


@ONE_VERSION
def test_a_run_that_is_just_closing_is_not_waited_for(service: Service) -> None:
    service.succeed("read_only", _run=OTHER_RUN)
    with one_at_a_time(str(service.state_dir)):  # as a task that waits for the registry does
        result = service.refused("restored")
    assert result["held_by_run"] == "ctl2:4711:12345"
    assert service.succeed("restored", _run=OTHER_RUN)["changed"]


@ONE_VERSION
def test_no_secret_of_the_environment_is_told(service: Service) -> None:
    section = "[{name: it, headers: {Authorization: [Bearer correct horse]}}]"
    environment = {
        "REGISTRY_HTTP_SECRET": "correct horse",
        "REGISTRY_NOTIFICATIONS_ENDPOINTS": section,
        "REGISTRY_LOG_LEVEL": "info",
    }
    result = service.succeed("read_only", check=True, registry_environment=environment)
    assert "correct horse" not in json.dumps(result)
    assert result["invocation"]["module_args"]["registry_environment"]["REGISTRY_LOG_LEVEL"] == "info"


@ONE_VERSION
@pytest.mark.parametrize(
    ("state", "more"),
    [("restored", {"stop_sweep": True}), ("restored", {"_gone_runs": ["ctl2:4711:12345"]}), ("read_write", {})],
)
def test_what_ends_the_hold_of_another_run(service: Service, state: str, more: dict[str, Any]) -> None:
    service.succeed("read_only", _run=OTHER_RUN)

    assert service.succeed(state, **more)["mode_after"] == "writable"

    assert service.has_left_nothing()
    assert service.takes_pushes()


@ONE_VERSION
def test_a_dead_run_is_taken_over(service: Service) -> None:
    found = file_state(service.config)
    service.succeed("read_only", _run=OTHER_RUN)

    result = service.succeed("read_only", _gone_runs=["ctl2:4711:12345"])

    assert not result["changed"]
    assert "taken over from root on ctl2" in json.dumps(result["warnings"])
    assert service.succeed("restored")["changed"]
    assert file_state(service.config) == found


@ONE_VERSION
@pytest.mark.parametrize("read_only", [False, True])
def test_after_a_sweep_the_registry_forgets_by_a_restart(new_service: NewService, read_only: bool) -> None:
    service = new_service(read_only=read_only)
    service.succeed("read_only")
    (service.lock / "touched.json").write_text("{}")
    pid = service.pid

    result = service.succeed("restored")

    assert (result["changed"], result["restarted"]) == (True, True)
    assert result["mode_after"] == ("read_only" if read_only else "writable")
    assert service.pid != pid


@ONE_VERSION
@pytest.mark.parametrize("lease", ["0s", "4s", "soon"])
def test_a_lease_that_is_no_use(service: Service, lease: str) -> None:
    assert "lease:" in service.fail("read_only", lease=lease)
    assert service.has_left_nothing()
