# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a registry is closed while 25,000 blobs are removed: the role, and the registries' own collectors.

All do the same on copies of one store: every tag stays, the images without a tag go. Their own collectors need the
registry closed from beginning to end (docs/registry_facts.md#mistakes-of-other-tools), so their whole run is the
window; what it takes to close and reopen it is not even counted there.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import subjects
from bench.measure import CommandError
from bench.report import table
from bench.stores import Store, expected_deletions
from support.playbook import run_playbook
from support.registries import V2, V3, RegistryProcess, wait_for

RESTART = """#!/bin/sh
# A service manager in small: restart, or with `stop` only stop, the registry of this directory.
cd {home} || exit 1
if [ -s pid ]; then
  pid=$(cat pid)
  kill "$pid"
  while readlink -q "/proc/$pid/exe" >/dev/null; do sleep 0.02; done
  rm pid
fi
[ "$1" = stop ] && exit 0
OTEL_TRACES_EXPORTER=none setsid {binary} serve config.yml </dev/null >>registry.log 2>&1 &
echo $! >pid
"""


@dataclass(frozen=True)
class Removal:
    """One way to remove: seconds for which the registry is closed, of the whole run, and what is left of the blobs."""

    how: str
    closed: float
    whole: float
    left: frozenset[str]


def measure(store: Store) -> str:
    """The table. CommandError where drydock did not leave exactly what it should have left, and what 3.1.1 leaves."""
    expected = expected_deletions(store.shape, keep=store.shape.tags)["blobs"]
    ours, *theirs = [_removal_by_role(store), *(_removal_by_collector(store, version) for version in (V3, V2))]
    if len(ours.left) != store.counts.blobs - expected:
        raise CommandError(f"the role left {len(ours.left)} of {store.counts.blobs} blobs; {expected} were to go")
    if ours.left != theirs[0].left:
        raise CommandError(f"the role and {V3} left different blobs: {sorted(ours.left ^ theirs[0].left)[:5]} ...")
    return f"## The window: {expected:,} blobs removed\n\n" + _table(store, [ours, *theirs])


def _table(store: Store, removals: list[Removal]) -> str:
    one = removals[0].closed
    rows = [
        [
            each.how,
            f"{each.closed:.1f}",
            f"{each.closed / one:.1f}",
            f"{each.whole:.1f}",
            f"{store.counts.blobs - len(each.left):,}",
        ]
        for each in removals
    ]
    note = f"{V2} takes the children of tagged indexes, too: docs/registry_facts.md#mistakes-of-other-tools."
    return table(["", "closed for s", "ratio", "whole run s", "blobs removed"], rows) + f"\n\n{note}"


def _blobs_left(store: Store) -> frozenset[str]:
    return frozenset(data.parent.name for data in (store.root / "docker/registry/v2/blobs").glob("*/*/*/data"))


def _say(store: Store, what: str) -> None:
    print(f"{store.shape}: {what} ...", file=sys.stderr)


def _removal_by_collector(store: Store, version: str) -> Removal:
    how = f"registry {version}, garbage-collect -m"
    copy = store.copy("collector")
    _say(store, how)
    try:
        cost = subjects.collect(version, copy)
        return Removal(how, cost.seconds, cost.seconds, _blobs_left(copy))
    finally:
        copy.remove()


def _removal_by_role(store: Store) -> Removal:
    how = "drydock, role registry_cleanup"
    copy = store.copy("role")
    _say(store, how)
    try:
        with tempfile.TemporaryDirectory(prefix="drydock-bench-") as home:
            registry = RegistryProcess(V3, Path(home), storage=copy.root)
            with service(registry) as restart:
                closed, whole = clean_up(registry, restart, store.shape.tags)
        return Removal(how, closed, whole, _blobs_left(copy))
    finally:
        copy.remove()


@contextlib.contextmanager
def service(registry: RegistryProcess) -> Iterator[Path]:
    """The running registry, as the script that restarts it."""
    registry.write_config()
    script = registry.home / "restart"
    script.write_text(RESTART.format(home=shlex.quote(str(registry.home)), binary=shlex.quote(str(registry.binary))))
    script.chmod(0o755)
    try:
        subprocess.run([str(script)], check=True)
        wait_for(registry.answers, f"the registry at {registry.url}")
        yield script
    finally:
        subprocess.run([str(script), "stop"], check=True)


def clean_up(registry: RegistryProcess, restart: Path, keep: int) -> tuple[float, float]:
    """Seconds closed and seconds in all of a playbook with the role."""
    variables = {
        "registry_cleanup_registry_config": str(registry.config_path),
        "registry_cleanup_maintenance": {"restart_command": [str(restart)]},
        "registry_cleanup_policies": [{"keep_n": keep}],
        "registry_cleanup_delete_untagged": True,
        "registry_cleanup_untagged_older_than": "0s",
        "registry_cleanup_grace_period": "0s",
        "registry_cleanup_max_delete": 10**9,
    }
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "roles": ["drydock.registry.registry_cleanup"]}
    start = time.monotonic()
    run = run_playbook([play], timeout=3600).check()
    whole = time.monotonic() - start
    facts = run.of("Keep the result")[-1]["ansible_facts"]
    return float(facts["registry_cleanup_result"]["window_seconds"]), whole
