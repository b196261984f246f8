# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clean-up of a bucket costs: requests, seconds, memory; the module, and 3.1.1's own collector on a small one.

The bucket is `bench.bucket`, which answers after LATENCY as a real one nearby does, and not from this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from bench import subjects
from bench.measure import CommandError, Cost, run
from bench.report import KIB_PER_MIB, Target, table, target_table
from bench.store import Shape
from bench.stores import Store, ensure_store, expected_deletions
from support.playbook import ensure_build, run_environment
from support.registries import V3, free_port, registry_binary, wait_for

SHAPE, SMALL, QUICK = Shape(54, 100, 50), Shape(2, 45, 5), Shape(2, 10, 2)
LATENCY_MS = 20
PEAK_MIB = 80.0
PEAK_BYTES_PER_OBJECT = 250
FEWER_REQUESTS = 20.0
_START_SECONDS = 1800.0


@dataclass(frozen=True)
class Measured:
    """One run: its cost, and its requests by kind (`list`, `read`, `delete` and others)."""

    what: str
    objects: int
    cost: Cost
    requests: dict[str, int]

    @property
    def all_requests(self) -> int:
        return sum(count for kind, count in self.requests.items() if kind != "keys")


def measure(keep: int, quick: bool) -> str:
    """The tables. CommandError where the module did not plan or delete what it should have."""
    small = ensure_store(QUICK if quick else SMALL)
    found = [_collect(small), _clean_up(small, keep, check=True)]
    fewer = found[0].all_requests / found[1].all_requests
    targets = [Target(f"fewer requests than {V3}", fewer, FEWER_REQUESTS, " x", at_least=True)]
    large = ensure_store(QUICK if quick else SHAPE)
    for check in (True, False):
        found.append(_clean_up(large, keep, check=check))
        bound = PEAK_MIB + large.counts.files * PEAK_BYTES_PER_OBJECT / 2**20
        peak = found[-1].cost.peak_kib / KIB_PER_MIB
        targets.append(Target(f"peak memory, {found[-1].what}", peak, bound, " MiB", at_least=False))
    title = f"## S3: requests of {LATENCY_MS} ms each\n\n"
    return title + _table(found) + "\n\n" + target_table(targets, judged=not quick)


def _table(found: list[Measured]) -> str:
    rows = [
        [
            one.what,
            f"{one.objects:,}",
            f"{one.all_requests:,}",
            *(f"{one.requests.get(kind, 0):,}" for kind in ("list", "read", "delete")),
            f"{one.cost.seconds:.1f}",
            f"{one.cost.peak_kib / KIB_PER_MIB:.0f}",
        ]
        for one in found
    ]
    return table(["", "objects", "requests", "listings", "reads", "deletions", "seconds", "peak MiB"], rows)


@contextlib.contextmanager
def _served(store: Store) -> Iterator[str]:
    """The store as a bucket, as it was written; the URL."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bucket", str(store.root), str(port), str(LATENCY_MS)]
    with subprocess.Popen(command) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: _answers(url), f"the bucket at {url}", _START_SECONDS)
            yield url
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        _requests(url)
    except requests.ConnectionError:
        return False
    return True


def _requests(url: str) -> dict[str, int]:
    found: dict[str, int] = requests.get(f"{url}/?counts", timeout=60).json()
    return found


def _parameters(url: str) -> dict[str, Any]:
    connection = {"regionendpoint": url, "forcepathstyle": True, "secure": False}
    return {"bucket": "bench", "region": "us-east-1", "accesskey": "none", "secretkey": "none", **connection}


def _clean_up(store: Store, keep: int, *, check: bool) -> Measured:
    """The module as a process of its own; nobody else uses the bucket, and no registry serves it."""
    what = f"drydock, {'preview' if check else 'run'}"
    print(f"{store.shape} on S3: {what} ...", file=sys.stderr)
    ensure_build()
    with _served(store) as url, tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile("r") as milestones:
        options = {**subjects.preview_options(store, keep), "storage": {"s3": _parameters(url)}}
        payload = {"ANSIBLE_MODULE_ARGS": {**options, "require_read_only": False, "_ansible_check_mode": check}}
        command = [sys.executable, "-m", "bench.own_work", milestones.name]
        cost = run(command, run_environment(), stdin=json.dumps(payload).encode(), stdout=output)
        ended, times = time.monotonic(), json.load(milestones)
        output.seek(0)
        deleted, expected = json.load(output)["deleted"], expected_deletions(store.shape, keep)
        if {kind: deleted[kind] for kind in expected} != expected:
            raise CommandError(f"{what}: {deleted} where {expected} were to go")
        peak = Cost(ended - times["imported"], cost.cpu - times["import_cpu"], times["peak_kib"])
        return Measured(what, store.counts.files, peak, _requests(url))


def _collect(store: Store) -> Measured:
    """The dry run of 3.1.1's own collector."""
    what = f"registry {V3}, garbage-collect -d -m"
    print(f"{store.shape} on S3: {what} ...", file=sys.stderr)
    with _served(store) as url, tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"version": 0.1, "storage": {"s3": _parameters(url)}}, file)  # JSON is YAML
        file.flush()
        command = [str(registry_binary(V3)), "garbage-collect", "-m", "--dry-run", file.name]
        cost = run(command, {**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        return Measured(what, store.counts.files, cost, _requests(url))
