# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: the registries' own collectors, this collection, and the bare listing and reads."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import CommandError, Cost, run
from bench.stores import Store, expected_deletions
from support.playbook import COLLECTION, LOCALHOST, ensure_build, run_environment
from support.registries import registry_binary


def collect(version: str, store: Store, *options: str, limit: float | None = None) -> Cost:
    """One run of `registry garbage-collect -m` of this version, stopped after `limit` seconds."""
    config = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": str(store.root)}}}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(config, file)  # JSON is YAML
        file.flush()
        command = [str(registry_binary(version)), "garbage-collect", "-m", *options, file.name]
        return run(command, {**os.environ, "OTEL_TRACES_EXPORTER": "none"}, limit=limit)


def storage_options(storage: dict[str, Any], keep: int) -> dict[str, Any]:
    """The options of `cleanup` for "the newest `keep` images of each repository, nothing untagged"."""
    return {
        "storage": storage,
        "policies": [{"name": "the newest", "repositories": ["**"], "tags": ["*"], "keep_n": keep}],
        "delete_untagged": True,
        "untagged_older_than": "0s",
        "grace_period": "0s",
        "max_delete": 10**9,
    }


def _store_options(store: Store, keep: int) -> dict[str, Any]:
    return storage_options({"filesystem": {"rootdirectory": str(store.root)}}, keep)


def preview(store: Store, keep: int, *, pipelining: bool) -> Cost:
    """A whole `ansible-playbook --check`."""
    return _playbook(_store_options(store, keep), check=True, pipelining=pipelining)


def _playbook(options: dict[str, Any], *, check: bool, pipelining: bool = False) -> Cost:
    """A whole `ansible-playbook` with `cleanup`: the time of the whole, the peak of its largest process."""
    ensure_build()
    task = {"name": "Clean up", "drydock.registry.cleanup": options}
    with tempfile.TemporaryDirectory(prefix="drydock-bench-") as temporary:
        playbook, inventory = Path(temporary, "playbook.yml"), Path(temporary, "inventory.yml")
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
        inventory.write_text(json.dumps(LOCALHOST))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [program, *(["--check"] if check else []), "-i", str(inventory), str(playbook)]
        environment = run_environment(
            ANSIBLE_LOCAL_TEMP=f"{temporary}/local_tmp",
            ANSIBLE_REMOTE_TEMP=f"{temporary}/remote_tmp",
            ANSIBLE_PIPELINING=str(pipelining),
        )
        with tempfile.TemporaryFile() as output:
            return run(command, environment, stdout=output)


def _api_options(registry: str, repository: str, keep: int) -> dict[str, Any]:
    """The options of `cleanup` for "the newest `keep` images of this repository, by their own dates" over the API."""
    policy = {"name": "the newest", "tags": ["*"], "keep_n": keep, "sort_by": "created"}
    only = {"registry_url": f"http://{registry}", "repositories": [repository]}
    return {**only, "policies": [policy], "max_delete": 10**9}


def clean_over_api(registry: str, repository: str, keep: int) -> Cost:
    """The module as a process of its own, its imports included; `registry` is HOST:PORT."""
    ensure_build()
    payload = {"ANSIBLE_MODULE_ARGS": _api_options(registry, repository, keep)}
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", f"{COLLECTION}.plugins.modules.cleanup"]
        return run(command, run_environment(), stdin=json.dumps(payload).encode(), stdout=output)


def playbook_over_api(registry: str, repository: str, keep: int, *, check: bool = False) -> Cost:
    """The same in a whole `ansible-playbook`."""
    return _playbook(_api_options(registry, repository, keep), check=check)


def own_work(store: Store, keep: int) -> Cost:
    """The module without Ansible's start: from the end of its imports to the end of its process.

    CommandError when its plan is not the one that the store's shape asks for.
    """
    ensure_build()
    payload = {"ANSIBLE_MODULE_ARGS": {**_store_options(store, keep), "_ansible_check_mode": True}}
    with tempfile.NamedTemporaryFile("r") as milestones, tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "bench.own_work", milestones.name]
        cost = run(command, run_environment(), stdin=json.dumps(payload).encode(), stdout=output)
        ended = time.monotonic()
        found = json.load(milestones)
        output.seek(0)
        _check_plan(json.load(output), expected_deletions(store.shape, keep))
    return Cost(ended - found["imported"], cost.cpu - found["import_cpu"], found["peak_kib"])


def _check_plan(result: dict[str, Any], expected: dict[str, int]) -> None:
    found = {kind: result["plan"][kind] for kind in expected}
    if found != expected:
        raise CommandError(f"the preview plans {found} where the store was written for {expected}")


def floor(store: Store, *options: str) -> Cost:
    """The bare listing and reads. CommandError when they did not find what was written."""
    with tempfile.TemporaryFile() as output:
        run([sys.executable, "-m", "bench.floor", *options, str(store.root)], dict(os.environ), stdout=output)
        output.seek(0)
        found = json.load(output)
    expected = {kind: count for kind, count in asdict(store.counts).items() if kind in found}
    if any(found[kind] != count for kind, count in expected.items()):
        raise CommandError(f"the floor found {found} where {expected} was written")
    return Cost(found["seconds"], found["cpu"], found["peak_kib"])
