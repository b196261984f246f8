# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running this collection for real: a module as its own process, or a whole `ansible-playbook`."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Iterator, Mapping, Sequence

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


def module_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """As the module gets them: those whose names begin with `_` are what an action plugin would tell it."""
    context = {name[1:]: value for name, value in arguments.items() if name.startswith("_")}
    options = {name: value for name, value in arguments.items() if not name.startswith("_")}
    return {**options, "_task_context": context} if context else options


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

    `arguments` as `module_arguments` takes them. `prefix` is a command that runs the module, such as WITHOUT_OVERRIDE.
    """
    ensure_build()
    settings = {"_ansible_check_mode": check, "_ansible_diff": diff}
    payload = json.dumps({"ANSIBLE_MODULE_ARGS": {**module_arguments(arguments), **settings}})
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


class StartedPlaybook:
    """An `ansible-playbook` that goes on; killed at the end of the block, with all it has begun, if it still runs."""

    def __init__(
        self,
        playbook: str | Path | Sequence[Mapping[str, Any]],
        *arguments: str,
        inventory: Mapping[str, Any] | Path | None = None,
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        controller: str = sys.executable,
    ) -> None:
        """`controller` is the Python whose Ansible runs the playbook."""
        ensure_build()
        self._directory = tempfile.TemporaryDirectory(prefix="drydock-playbook-")
        workspace = Path(self._directory.name)
        command = [str(Path(controller).with_name("ansible-playbook"))]
        command += _arguments(workspace, playbook, inventory, extra_vars)
        command += [*(["--check"] if check else []), *(["--diff"] if diff else []), *arguments]
        self._results, self._output = workspace / "results.jsonl", workspace / "output.txt"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**_playbook_environment(workspace, self._results), **(environment or {})},
                cwd=cwd or workspace,
            )

    def __enter__(self) -> StartedPlaybook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:  # what a run leaves that has ended, a restarted registry, is to stay
            self.vanish()
        self._directory.cleanup()

    def wait_for_task(self, name: str, host: str | None = None) -> None:
        """Return as soon as this task has begun, on any host or this one."""

        def begun() -> bool:
            started = _lines(self._results, "started")
            return any(one["task"] == name and host in (None, one["host"]) for one in started)

        self.wait_until(begun, f"the task {name}")

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = 300) -> None:
        """Return as soon as this holds; AssertionError when the run ends before."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"the run ended before {what}:\n{self._output.read_text()}"
            assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}:\n{self._output.read_text()}"
            time.sleep(0.05)

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return self._output.read_text()

    def terminate(self) -> None:
        """TERM to the process, as a service manager sends it, and its end awaited."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def vanish(self) -> None:
        """KILL to every process of the run at once, workers and SSH clients too, as when a container is killed."""
        while running := self._processes():
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()

    def _processes(self) -> list[int]:
        """All that have the environment of this run."""
        mark, found = f"DRYDOCK_RESULTS={self._results}\0".encode(), list[int]()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in environ.read_bytes():
                    found.append(int(environ.parent.name))
        return found

    def finish(self, timeout: float = 300) -> PlaybookRun:
        """How it went, when it is over."""
        self.process.wait(timeout=timeout)
        tasks = [TaskResult(**one) for one in _lines(self._results, "done")]
        stats: dict[str, dict[str, int]] = next(_lines(self._results, "stats"), {})
        return PlaybookRun(self.process.returncode, self._output.read_text(), tasks, stats)


def _lines(results: Path, kind: str) -> Iterator[dict[str, Any]]:
    """What the callback has written of one kind; the last line may still be in writing."""
    for line in results.read_text().splitlines(keepends=True) if results.exists() else ():
        if line.endswith("\n") and line.startswith(f'{{"{kind}": '):
            yield json.loads(line)[kind]


def run_playbook(
    playbook: str | Path | Sequence[Mapping[str, Any]], *arguments: str, timeout: float = 300, **options: Any
) -> PlaybookRun:
    """`ansible-playbook` on plays given as data, on a file, or on a collection's playbook by name, to its end.

    `options` are those of StartedPlaybook.
    """
    with StartedPlaybook(playbook, *arguments, **options) as started:
        return started.finish(timeout)


def _arguments(
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
    arguments = [str(playbook), "-i", str(inventory)]
    if extra_vars is not None:
        variables = workspace / "extra_vars.json"
        variables.write_text(json.dumps(extra_vars))
        arguments += ["-e", f"@{variables}"]
    return arguments


def _playbook_environment(workspace: Path, results: Path) -> dict[str, str]:
    config = workspace / "ansible.cfg"
    config.touch()
    return run_environment(
        ANSIBLE_CONFIG=str(config),
        PYTHONUNBUFFERED="1",  # what is shown is looked for in the output while a run goes on
        ANSIBLE_CALLBACK_PLUGINS=str(Path(__file__).parent / "callback"),
        ANSIBLE_CALLBACKS_ENABLED="drydock_results",
        DRYDOCK_RESULTS=str(results),
        ANSIBLE_LOCAL_TEMP=str(workspace / "local_tmp"),
        ANSIBLE_REMOTE_TEMP=str(workspace / "remote_tmp"),
        ANSIBLE_HOST_KEY_CHECKING="false",
        ANSIBLE_RETRY_FILES_ENABLED="false",
    )
