# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: by ansible-runner, each in a private data directory on an execution node of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

import yaml

from support.fleet import ENVIRONMENT
from support.playbook import ensure_build, run_environment

# As in the guide: a playbook of the user's project, with the role.
PROJECT = [
    {
        "name": "Clean up the registries",
        "hosts": "registries",
        "gather_facts": False,
        "tasks": [
            {"name": "Clean up", "ansible.builtin.import_role": {"name": "drydock.registry.registry_cleanup"}},
        ],
    }
]


class _Given(yaml.SafeDumper):
    """Writes texts as AWX does those that come with a launch or from a job before: Ansible is not to template them."""


_Given.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


@dataclass(frozen=True)
class Job:
    """How a job went: the return code, what it printed, its events, and what AWX calls its artifacts."""

    returncode: int
    output: str
    events: list[dict[str, Any]]
    directory: Path

    @property
    def stats(self) -> dict[str, Any]:
        """The data of the event with which a job ends."""
        return next(one["event_data"] for one in self.events if one["event"] == "playbook_on_stats")

    @property
    def artifacts(self) -> dict[str, Any]:
        """What AWX keeps of `set_stats`, and gives to the next node of a workflow as extra variables."""
        found: dict[str, Any] = self.stats["artifact_data"]
        return found

    def check(self) -> Job:
        assert self.returncode == 0, self.output
        return self


def run_job(
    node: Path,
    inventory: Mapping[str, Any],
    *arguments: str,
    extra_vars: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Job:
    """Run one on an execution node of which `node` is all that there is: home, temporary and working directory.

    `extra_vars` and `environment` are what AWX puts into files there, credentials too.
    """
    ensure_build()
    private = node / "runner"
    for directory in ("home", "tmp", "work", "runner/env", "runner/inventory", "runner/project"):
        (node / directory).mkdir(parents=True)
    (private / "inventory/hosts.yml").write_text(yaml.safe_dump(dict(inventory)))
    (private / "project/cleanup.yml").write_text(yaml.safe_dump(PROJECT))
    (private / "env/extravars").write_text(yaml.dump({"awx_job_id": 1, **extra_vars}, Dumper=_Given))
    (private / "env/envvars").write_text(json.dumps(dict(environment)))
    (private / "env/cmdline").write_text(" ".join(arguments))
    (private / "env/settings").write_text(json.dumps({"job_timeout": 300, "suppress_ansible_output": False}))
    here = {"HOME": str(node / "home"), "TMPDIR": str(node / "tmp")}
    done = subprocess.run(
        [sys.executable, "-m", "ansible_runner", "run", str(private), "-p", "cleanup.yml", "-i", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**run_environment(), **ENVIRONMENT, **here},
        cwd=node / "work",
        timeout=400,
        check=False,
    )
    events = [json.loads(path.read_text()) for path in (private / "artifacts/1/job_events").glob("[0-9]*.json")]
    return Job(done.returncode, done.stdout + done.stderr, sorted(events, key=lambda one: one["counter"]), private)
