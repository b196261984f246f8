# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs made of modules, with every shape in which an ansible-core hands over a module.

That they run without Ansible is shown in tests/real/test_action_plugins.py, with the ansible-core that is installed.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._payload import build_program
from ansible_collections.drydock.registry.plugins.plugin_utils._service_tasks import NOW, ServiceTask

Shape = Callable[[bytes], "tuple[Any, ...]"]


def of_2_18(program: bytes) -> tuple[Any, ...]:
    return "new", "#!/usr/bin/python3", program, "/module.py"


def since_2_19(program: bytes) -> tuple[Any, ...]:
    return SimpleNamespace(b_module_data=program, module_style="new", shebang="#!/usr/bin/python3"), "/module.py"


class Action:
    """What of an action plugin is used here: it has one module, which prints its arguments."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        loader = SimpleNamespace(
            find_plugin_with_context=lambda name: SimpleNamespace(resolved=name.endswith(".there"))
        )
        self._shared_loader_obj = SimpleNamespace(module_loader=loader)

    def _update_module_args(self, *given: Any) -> None:
        given[1].update(_ansible_check_mode=True, _ansible_diff=True, _ansible_tmpdir="/gone", _ansible_version="2")

    def _configure_module(self, **given: Any) -> tuple[Any, ...]:
        return self._shape(f"print({given['module_args']!r})".encode())


@pytest.fixture(params=[of_2_18, since_2_19])
def action(request: pytest.FixtureRequest) -> Any:
    return Action(request.param)


def run(program: bytes | None, directory: Path) -> dict[str, Any]:
    """The arguments that the program prints, which runs as it does on a target."""
    assert program is not None
    path = directory / "program.py"
    path.write_bytes(program)
    said = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True).stdout
    arguments: dict[str, Any] = eval(said)  # noqa: S307 - what the module of this test printed
    return arguments


def test_a_module_that_is_not_there_makes_no_program(action: Any) -> None:
    assert build_program(action, ServiceTask("drydock.registry.absent", {}), {}) is None


def test_it_runs_for_real_also_where_the_task_only_checks_and_later_than_it(action: Any, tmp_path: Path) -> None:
    assert run(build_program(action, ServiceTask("drydock.registry.there", {"name": "registry"}), {}), tmp_path) == {
        "name": "registry",
        "_ansible_check_mode": False,
        "_ansible_diff": False,
        "_ansible_tmpdir": None,
        "_ansible_version": "2",
    }


def test_the_time_is_that_at_which_it_runs(action: Any, tmp_path: Path) -> None:
    program = build_program(action, ServiceTask("drydock.registry.there", {"definition": {"at": NOW}}), {})
    made = datetime.now(timezone.utc)
    first, second = (datetime.fromisoformat(run(program, tmp_path)["definition"]["at"]) for _time in range(2))
    assert made < first < second
