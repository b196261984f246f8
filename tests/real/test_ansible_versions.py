# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on other versions of Ansible, and with other versions of Python on the registry's host.

`make matrix` takes all that are supported; as a rule it is only the oldest, for all other tests run with a newer one.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Iterator

import pytest
from real.conftest import python_of

from support import service
from support.fleet import Host, checked, why
from support.playbook import PlaybookRun, run_playbook
from support.pushing import Repository
from support.registries import V3, NewRegistry
from support.sweeping import push_aged
from support.verify import assert_pulls, capture

# Controllers by the version of ansible-core, targets by that of Python; as `.ci/get-part` makes them.
CONTROLLERS = os.environ.get("DRYDOCK_CONTROLLERS", "2.18").split()
TARGETS = [sys.executable, *os.environ.get("DRYDOCK_TARGETS", "").split()]
# From ansible-core 2.20 on, Ansible itself needs Python 3.9 on a host.
SUPPORTED = [(one, target) for one in CONTROLLERS for target in TARGETS if target != "3.8" or one in ("2.18", "2.19")]


@pytest.fixture
def host(new_registry: NewRegistry, tmp_path: Path) -> Iterator[Host]:
    registry = new_registry(V3, "registry")
    push_aged(registry, "team/app", {"latest": 40.0, "1": 30.0, "2": 20.0, "3": 10.0})
    registry.stop()
    with ExitStack() as stack:
        yield Host(registry, stack.enter_context(service.as_service(registry)), tmp_path)


def play_on(controller: str, playbook: str, hosts: dict[str, dict[str, Any]], **extra_vars: Any) -> PlaybookRun:
    return run_playbook(
        f"drydock.registry.{playbook}",
        inventory={"registries": {"hosts": hosts}},
        extra_vars=extra_vars,
        environment={"DRYDOCK_PACKED": ""},  # each version of Ansible packs modules in its own way
        controller=python_of("controllers", controller),
    )


@pytest.mark.parametrize(("controller", "target"), SUPPORTED)
def test_preview_run_again_and_restore(host: Host, controller: str, target: str) -> None:
    interpreter = target if target == sys.executable else python_of("targets", target)
    policies = [{"name": "all but the latest", "keep_tags": ["latest"], "keep_n": 1}]
    variables = {**host.variables(), "ansible_connection": "local", "ansible_python_interpreter": interpreter}
    expectation = capture(host.registry, {"team/app": ["latest", "3"]})

    def play(playbook: str, **more: Any) -> PlaybookRun:
        return play_on(controller, playbook, {host.name: variables}, registry_cleanup_policies=policies, **more).check()

    preview, run, again, restore = map(play, ("preview", "cleanup", "cleanup", "restore"))
    passed_on = preview.of("Pass on the result, and the plan of a preview")[0]["ansible_stats"]["data"]
    once_more = play("cleanup", **passed_on)

    assert checked(preview)["deleted"] == checked(run)["deleted"]
    assert checked(preview)["plan_id"] == checked(run)["plan_id"]
    assert checked(once_more)["plan_id"] == checked(run)["plan_id"]
    assert passed_on["registry_cleanup_results"][host.name]["deleted"] == checked(run)["deleted"]
    assert checked(run)["deleted"]["tags"] == 2
    assert checked(run)["window_seconds"] > 0
    assert [one.stats[host.name]["changed"] for one in (again, restore, once_more)] == [0, 0, 0]
    assert Repository(host.registry, "team/app").tags() == ["3", "latest"]
    assert host.is_writable()
    assert_pulls(host.registry, expectation)


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_what_a_host_says_is_never_run_as_a_template(host: Host, tmp_path: Path, controller: str) -> None:
    ran = tmp_path / "ran"
    said = f"{{{{ lookup('pipe', 'touch {ran}') }}}}"
    wanted = host.registry.config_path
    closing = host.script("closing", f"if grep -q readonly {wanted}; then echo {shlex.quote(said)} >&2; exit 1; fi")
    variables = {
        **host.variables(),
        "ansible_connection": "local",
        "registry_cleanup_maintenance": host.maintenance(restart_command=closing),
    }
    run = play_on(
        controller,
        "cleanup",
        {host.name: variables},
        registry_cleanup_policies=[{"name": "newest", "keep_n": 1}],
        registry_cleanup_report_dir=str(tmp_path / "report"),
    )
    assert said in why(run)
    assert said in (tmp_path / "report/summary.txt").read_text()
    assert said in json.loads((tmp_path / "report/summary.json").read_text())[0]["error"]
    assert not ran.exists()
    assert host.is_writable()
