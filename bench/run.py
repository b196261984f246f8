# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures on each store what it costs to find out what may go, and on copies of the first one to remove it; then
what it costs to clean a repository over the API, and a bucket.

All of one store run in turn on the same cache state: the file system's caches warm (a floor that does not count goes
first), or, with --cold, dropped before each.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import api, report, s3, subjects, window
from bench.measure import Cost, drop_caches, median
from bench.report import Target
from bench.store import Shape
from bench.stores import Store, ensure_store
from support.registries import V2, V3

KEEP = 50
# The shape, and how many times faster than 3.1.1 a whole preview has to be on it.
FULL = {Shape(100, 100, 50): 20.0, Shape(2, 5000, 2500): 80.0}
QUICK = {Shape(4, 60, 5): 20.0, Shape(1, 200, 20): 80.0}
PARTS = ("registries", "drydock", "floor", "window", "api", "s3")
OWN_WORK_TO_FLOOR = 1.5
PEAK_MIB = 80.0
PEAK_BYTES_PER_BLOB = 200

PREVIEW = "drydock preview, whole ansible-playbook"
PIPELINED = "the same with Ansible's pipelining"
OWN = "drydock preview, the module's own work"
FLOOR = "bare listing and reads"
WHOLE_TREE = "bare listing of the whole tree, and reads"
DRY_RUN = {V3: f"registry {V3}, garbage-collect -d -m", V2: f"registry {V2}, garbage-collect -d -m"}


class Bench:
    """The measurements on one store, as the command line wants them."""

    def __init__(self, store: Store, arguments: argparse.Namespace) -> None:
        self._store = store
        self._parts: list[str] = arguments.parts
        self._rounds: int = arguments.rounds
        self._cold: bool = arguments.cold
        self._limit: float = arguments.limit
        self.costs: dict[str, Cost] = {}

    def run(self) -> None:
        subjects.floor(self._store)
        if "registries" in self._parts:
            for version, what in DRY_RUN.items():
                collect = partial(subjects.collect, version, self._store, "--dry-run", limit=self._limit)
                self.costs[what] = self._measure(what, collect)
        self._measure_rounds()

    def _measure_rounds(self) -> None:
        """In turn, so that what else goes on on the machine hits all alike."""
        found: dict[str, list[Cost]] = {}
        for _round in range(self._rounds):
            for what, measure in self._fast_ones():
                found.setdefault(what, []).append(self._measure(what, measure))
        self.costs.update({what: median(costs) for what, costs in found.items()})

    def _fast_ones(self) -> Iterator[tuple[str, Callable[[], Cost]]]:
        if "drydock" in self._parts:
            yield PREVIEW, partial(subjects.preview, self._store, KEEP, pipelining=False)
            yield PIPELINED, partial(subjects.preview, self._store, KEEP, pipelining=True)
            yield OWN, partial(subjects.own_work, self._store, KEEP)
        if "floor" in self._parts:
            yield FLOOR, partial(subjects.floor, self._store)
            yield WHOLE_TREE, partial(subjects.floor, self._store, "--whole-tree")

    def _measure(self, what: str, measure: Callable[[], Cost]) -> Cost:
        print(f"{self._store.shape}: {what} ...", file=sys.stderr)
        if self._cold:
            drop_caches()
        return measure()

    def targets(self, times_faster: float) -> list[Target]:
        """Those for which everything needed was measured."""
        found = []
        if PREVIEW in self.costs and DRY_RUN[V3] in self.costs:
            ratio = self.costs[DRY_RUN[V3]].seconds / self.costs[PREVIEW].seconds
            found.append(Target(f"whole preview faster than {V3}", ratio, times_faster, " x", at_least=True))
        for floor in (FLOOR, WHOLE_TREE):
            if OWN in self.costs and floor in self.costs:
                ratio = self.costs[OWN].seconds / self.costs[floor].seconds
                found.append(Target(f"own work to {floor}", ratio, OWN_WORK_TO_FLOOR, " x", at_least=False))
        if OWN in self.costs:
            peak = self.costs[OWN].peak_kib / report.KIB_PER_MIB
            wanted = PEAK_MIB + self._store.counts.blobs * PEAK_BYTES_PER_BLOB / 2**20
            found.append(Target("peak memory of the module", peak, wanted, " MiB", at_least=False))
        return found

    def report(self, times_faster: float, judged: bool) -> str:
        parts = [report.heading(self._store.shape, self._store.counts), report.cost_table(self.costs, PREVIEW)]
        targets = self.targets(times_faster)
        if targets:
            parts += ["", report.target_table(targets, judged)]
        return "\n".join(parts)


def introduction(arguments: argparse.Namespace) -> str:
    load = os.getloadavg()[0]
    now = datetime.datetime.now(datetime.timezone.utc)
    caches = "dropped before each run" if arguments.cold else "warm"
    return (
        f"# Benchmark, {now:%Y-%m-%d %H:%M} UTC\n\n"
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load at the start {load:.1f}, caches {caches}.\n"
        f"The policy keeps the newest {KEEP} images of each repository and nothing untagged.\n"
        f"Median of {arguments.rounds} for drydock and the bare reads, one run of the others; "
        "peak is the largest resident set of one process.\n"
        "Own work is from the end of the imports to the end of the process, without Ansible's start.\n"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small stores: shows that all of it works, judges nothing")
    parser.add_argument("--cold", action="store_true", help="drop the file system's caches before each run (root only)")
    parser.add_argument("--shape", type=Shape.parse, action="append", help="only this store, such as 100x100+50")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure only these (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often the fast ones are measured (default: 3)")
    parser.add_argument(
        "--limit", type=float, default=900.0, help="stop a collector after so many seconds (default: 900)"
    )
    parser.add_argument("--objects", type=int, default=100_000, help="in the large bucket (default: 100,000)")
    parser.add_argument("--save", action="store_true", help="also write bench/results-<date>.md")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    known = QUICK if arguments.quick else FULL
    shapes = {shape: known.get(shape, 20.0) for shape in arguments.shape or known}
    parts = [introduction(arguments)]
    print(parts[0])
    for shape, times_faster in shapes.items() if {*arguments.parts} - {"window", "api", "s3"} else ():
        bench = Bench(ensure_store(shape), arguments)
        bench.run()
        parts.append(bench.report(times_faster, judged=not arguments.quick) + "\n")
        print(parts[-1])
    if "window" in arguments.parts:
        parts.append(window.measure(ensure_store(next(iter(shapes)))) + "\n")
        print(parts[-1])
    if "api" in arguments.parts:
        shape = api.QUICK_SHAPE if arguments.quick else api.SHAPE
        parts.append(api.measure(ensure_store(shape), KEEP, arguments.rounds) + "\n")
        print(parts[-1])
    if "s3" in arguments.parts:
        parts.append(s3.measure(KEEP, arguments.objects, arguments.quick) + "\n")
        print(parts[-1])
    if arguments.save:
        path = Path(__file__).with_name(f"results-{datetime.date.today():%Y-%m-%d}.md")  # noqa: DTZ011
        path.write_text("\n".join(parts), encoding="utf-8")
