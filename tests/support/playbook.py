# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running this collection for real: a module as its own process, or a whole `ansible-playbook`."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
COLLECTION = "ansible_collections.drydock.registry"
LOCALHOST = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}
# Root reads what its own mode bits forbid; without these capabilities it is denied like everybody else.
_OVERRIDE = "-dac_override,-dac_read_search"
WITHOUT_OVERRIDE = ("setpriv", "--bounding-set", _OVERRIDE, "--inh-caps", _OVERRIDE) if os.geteuid() == 0 else ()

Result = dict[str, Any]


def ensure_build() -> Path:
    """`.build/ansible_collections/drydock/registry`, a link to this tree: what imports and Ansible look for."""
    link = BUILD / "ansible_collections/drydock/registry"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../..")
        importlib.invalidate_caches()  # that .build is not there may be remembered
    return link


def run_environment(**more: str) -> dict[str, str]:
    """The environment of every run: this tree's collection, nothing of the user's Ansible configuration."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "REGISTRY_"))}
    return {
        **inherited,
        "PYTHONPATH": str(BUILD),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }


def run_module(
    name: str,
    arguments: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    prefix: Sequence[str] = (),
    timeout: float = 120,
) -> Result:
    """The module's result (`failed` and `msg` when it fails), run as its own process with `arguments` on its stdin.

    `prefix` is a command that runs the module's, such as WITHOUT_OVERRIDE.
    """
    ensure_build()
    settings = {"_ansible_check_mode": check, "_ansible_diff": diff}
    payload = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **settings}})
    command = [*prefix, sys.executable, "-m", f"{COLLECTION}.plugins.modules.{name}"]
    done = subprocess.run(
        command, input=payload, capture_output=True, text=True, env=run_environment(), timeout=timeout, check=False
    )
    try:
        result: Result = json.loads(done.stdout)
    except ValueError as error:
        message = f"{name} ended with {done.returncode} and no result:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        raise AssertionError(message) from error
    return result


@dataclass(frozen=True)
class TaskResult:
    """One task on one host: `status` is ok, failed, skipped or unreachable."""

    host: str
    task: str
    action: str
    status: str
    ignored: bool
    result: Result


@dataclass(frozen=True)
class PlaybookRun:
    """How a playbook went: return code, all that was printed, each task's result in order."""

    returncode: int
    output: str
    tasks: list[TaskResult]
    stats: dict[str, dict[str, int]]

    def of(self, name: str, host: str | None = None) -> list[Result]:
        """The results of tasks of this name or module, on every host or one."""
        return [one.result for one in self.tasks if name in (one.task, one.action) and host in (None, one.host)]

    def check(self) -> PlaybookRun:
        """AssertionError with the output unless the run succeeded."""
        assert self.returncode == 0, self.output
        return self


def run_playbook(
    playbook: str | Path | Sequence[Mapping[str, Any]],
    *arguments: str,
    inventory: Mapping[str, Any] | Path | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    check: bool = False,
    diff: bool = False,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> PlaybookRun:
    """`ansible-playbook` on plays given as data, on a file, or on a collection's playbook by name."""
    ensure_build()
    with tempfile.TemporaryDirectory(prefix="drydock-playbook-") as temporary:
        workspace = Path(temporary)
        command = _command(workspace, playbook, inventory, extra_vars)
        command += [*(["--check"] if check else []), *(["--diff"] if diff else []), *arguments]
        results = workspace / "results.jsonl"
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**_playbook_environment(workspace, results), **(environment or {})},
            cwd=cwd or workspace,
            timeout=timeout,
            check=False,
        )
        return _read_run(done.returncode, done.stdout, results)


def _command(
    workspace: Path,
    playbook: str | Path | Sequence[Mapping[str, Any]],
    inventory: Mapping[str, Any] | Path | None,
    extra_vars: Mapping[str, Any] | None,
) -> list[str]:
    if not isinstance(playbook, (str, Path)):
        plays, playbook = playbook, workspace / "playbook.yml"
        playbook.write_text(yaml.safe_dump([dict(play) for play in plays], sort_keys=False))
    if not isinstance(inventory, Path):
        hosts, inventory = inventory or LOCALHOST, workspace / "inventory.yml"
        inventory.write_text(yaml.safe_dump(dict(hosts), sort_keys=False))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-i", str(inventory)]
    if extra_vars is not None:
        variables = workspace / "extra_vars.json"
        variables.write_text(json.dumps(extra_vars))
        command += ["-e", f"@{variables}"]
    return command


def _playbook_environment(workspace: Path, results: Path) -> dict[str, str]:
    config = workspace / "ansible.cfg"
    config.touch()
    return run_environment(
        ANSIBLE_CONFIG=str(config),
        ANSIBLE_CALLBACK_PLUGINS=str(Path(__file__).parent / "callback"),
        ANSIBLE_CALLBACKS_ENABLED="drydock_results",
        DRYDOCK_RESULTS=str(results),
        ANSIBLE_LOCAL_TEMP=str(workspace / "local_tmp"),
        ANSIBLE_REMOTE_TEMP=str(workspace / "remote_tmp"),
        ANSIBLE_HOST_KEY_CHECKING="false",
        ANSIBLE_RETRY_FILES_ENABLED="false",
    )


def _read_run(returncode: int, output: str, results: Path) -> PlaybookRun:
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    stats: dict[str, dict[str, int]] = next((line["stats"] for line in lines if "stats" in line), {})
    return PlaybookRun(returncode, output, [TaskResult(**line) for line in lines if "stats" not in line], stats)
