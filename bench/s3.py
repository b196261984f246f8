# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clean-up of a bucket costs: requests, seconds, memory; the module, and 3.1.1's own collector on a small one.

The bucket is `bench.bucket`, which answers after LATENCY_MS as a real one nearby does, and not from this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

from bench import subjects, window
from bench.measure import CommandError, Cost, run
from bench.report import KIB_PER_MIB, Target, table, target_table
from bench.store import Shape
from bench.stores import expected_deletions
from support.playbook import ensure_build, run_environment
from support.registries import V3, RegistryProcess, free_port, registry_binary, wait_for

SMALL, QUICK = Shape(2, 45, 5), Shape(2, 10, 2)
#: A repository of 1,840 objects.
REPOSITORY = Shape(1, 100, 50)
OBJECTS_EACH = 1840
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


@dataclass(frozen=True)
class Served:
    """A bucket that holds a store of this shape."""

    shape: Shape
    url: str

    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/?counts", timeout=60).json()
        return found

    def answers(self) -> bool:
        try:
            self.counts()
        except requests.ConnectionError:
            return False
        return True

    @property
    def storage(self) -> dict[str, Any]:
        connection = {"regionendpoint": self.url, "forcepathstyle": True, "secure": False}
        return {
            "s3": {"bucket": "bench", "region": "us-east-1", "accesskey": "none", "secretkey": "none", **connection}
        }


def shape_of(objects: int) -> Shape:
    """The store of about so many objects."""
    return Shape(max(1, objects // OBJECTS_EACH), REPOSITORY.tags, REPOSITORY.untagged)


def measure(keep: int, objects: int, quick: bool) -> str:
    """The tables. CommandError where the module did not plan or delete what it should have."""
    with served(QUICK if quick else SMALL) as small:
        found = [_collect(small), _clean_up(small, keep, check=True)]
    fewer = found[0].all_requests / found[1].all_requests
    targets = [Target(f"fewer requests than {V3}", fewer, FEWER_REQUESTS, " x", at_least=True)]
    with served(QUICK if quick else shape_of(objects)) as large:
        for check in (True, False):
            found.append(_clean_up(large, keep, check=check))
            bound = PEAK_MIB + found[-1].objects * PEAK_BYTES_PER_OBJECT / 2**20
            peak = found[-1].cost.peak_kib / KIB_PER_MIB
            targets.append(Target(f"peak memory, {found[-1].what}", peak, bound, " MiB", at_least=False))
    with served(QUICK if quick else shape_of(objects)) as large:
        found.append(_close_and_clean_up(large, keep))
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
            f"{one.cost.cpu:.1f}",
            f"{one.cost.peak_kib / KIB_PER_MIB:.0f}",
        ]
        for one in found
    ]
    return table(["", "objects", "requests", "listings", "reads", "deletions", "seconds", "cpu s", "peak MiB"], rows)


@contextlib.contextmanager
def served(shape: Shape) -> Iterator[Served]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "bench.bucket", str(shape), str(port), str(LATENCY_MS)]) as server:
        bucket = Served(shape, f"http://127.0.0.1:{port}")
        try:
            wait_for(bucket.answers, f"the bucket at {bucket.url}", _START_SECONDS)
            yield bucket
        finally:
            server.terminate()


def _counted(bucket: Served, what: str, work: Callable[[], Cost]) -> Measured:
    print(f"{bucket.shape} on S3: {what} ...", file=sys.stderr)
    before = Counter(bucket.counts()["requests"])
    cost = work()
    after = bucket.counts()
    return Measured(what, after["objects"], cost, dict(Counter(after["requests"]) - before))


def _clean_up(bucket: Served, keep: int, *, check: bool) -> Measured:
    """The module as a process of its own; nobody else uses the bucket, and no registry serves it."""
    ensure_build()
    what = f"drydock, {'preview' if check else 'run'}"
    options = {**subjects.storage_options(bucket.storage, keep), "require_read_only": False}
    payload = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check}}

    def work() -> Cost:
        with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile("r") as milestones:
            command = [sys.executable, "-m", "bench.own_work", milestones.name]
            cost = run(command, run_environment(), stdin=json.dumps(payload).encode(), stdout=output)
            ended, times = time.monotonic(), json.load(milestones)
            output.seek(0)
            deleted, expected = json.load(output)["deleted"], expected_deletions(bucket.shape, keep)
        if {kind: deleted[kind] for kind in expected} != expected:
            raise CommandError(f"{what}: {deleted} where {expected} were to go")
        return Cost(ended - times["imported"], cost.cpu - times["import_cpu"], times["peak_kib"])

    return _counted(bucket, what, work)


class _Registry(RegistryProcess):
    """A registry on the bucket."""

    def __init__(self, home: Path, bucket: Served) -> None:
        super().__init__(V3, home)
        self._bucket = bucket

    def config(self) -> dict[str, Any]:
        return {**super().config(), "storage": self._bucket.storage}


def _close_and_clean_up(bucket: Served, keep: int) -> Measured:
    """The role: it plans while the registry serves, closes it, sweeps, and opens it again. Its seconds are the window.

    What other processes than the module take is in none of its figures.
    """

    def work() -> Cost:
        with tempfile.TemporaryDirectory(prefix="drydock-bench-") as home:
            registry = _Registry(Path(home), bucket)
            with window.service(registry) as restart:
                closed, _whole = window.clean_up(registry, restart, keep)
        return Cost(closed, 0.0, 0)

    return _counted(bucket, "drydock's role, closed for", work)


def _collect(bucket: Served) -> Measured:
    """The dry run of 3.1.1's own collector."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"version": 0.1, "storage": bucket.storage}, file)  # JSON is YAML
        file.flush()
        command = [str(registry_binary(V3)), "garbage-collect", "-m", "--dry-run", file.name]
        work = partial(run, command, {**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        return _counted(bucket, f"registry {V3}, garbage-collect -d -m", work)
