# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to clean a repository of 1,000 tags over the API: requests and seconds, beside other clients.

All do the same: the newest images by their own dates stay, the other tags go. Each does it on a copy of the store of
its own, on a registry that was just started and has deletion enabled. Requests are counted in the registry's access
log. What is left is then listed and pulled.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench import subjects
from bench.clients import Client, others
from bench.measure import Cost, median
from bench.report import table
from bench.store import Shape, repository_name, tag_name
from bench.stores import Store
from support.pushing import Repository
from support.registries import V2, V3, RegistryProcess
from support.verify import assert_whole

SHAPE = Shape(1, 1000, 0)
QUICK_SHAPE = Shape(1, 100, 0)
REPOSITORY = repository_name(0)
METHODS = ("GET", "HEAD", "DELETE")
COLUMNS = ("seconds", "ratio", "cpu s", "requests", *METHODS, "uploads", "tags left", "manifests left")
ACCESS_LOG = {"log": {"accesslog": {"disabled": False}}}
NOTE = """\
On loopback: no network's latency is in the seconds. cpu is the client's, not the registry's. Uploads: POST and PUT.
Too many: tags that should be gone. Broken: listed, but they don't pull. Manifests left: in the repository's storage.
No two tags share an image here, so that deletion by digest has no other tag to take away."""
_REQUEST = re.compile(r'\] "([A-Z]+) \S+ HTTP/')


@dataclass(frozen=True)
class Entrant:
    """`clean` gets HOST:PORT of a registry; `is_preview`: all is to be left as it was."""

    name: str
    clean: Callable[[str], Cost]
    rounds: int = 1
    is_preview: bool = False


@dataclass(frozen=True)
class Cleaning:
    """What a run cost and left: the tags in words, and the number of manifests in the repository's storage."""

    cost: Cost
    requests: Counter[str]
    tags: str
    manifests: int

    def row(self, name: str, one: Cost) -> list[str]:
        counts = [self.requests.total(), *(self.requests[method] for method in METHODS)]
        return [
            name,
            f"{self.cost.seconds:.2f}",
            f"{self.cost.seconds / one.seconds:.2f}",
            f"{self.cost.cpu:.2f}",
            *(f"{count:,}" for count in [*counts, counts[0] - sum(counts[1:])]),
            self.tags,
            f"{self.manifests:,}",
        ]


def measure(store: Store, keep: int, rounds: int) -> str:
    """A table for each version: median of `rounds` for drydock, one run of the others."""
    clients = {version: list(others(deletes_tags=version == V3)) for version in (V3, V2)}
    parts = [f"## Over the API: {store.shape.tags:,} tags, the newest {keep} stay"]
    for version, theirs in clients.items():
        entrants = [*_ours(keep, rounds), *_installed(theirs, keep)]
        parts += [f"### Distribution {version}, which deletes {'tags' if version == V3 else 'digests'}"]
        parts += [_table(store, version, entrants, keep)]
    left_out = [
        f"Left out: {one.programs[0]} (not installed: {', '.join(one.missing)})." for one in clients[V3] if one.missing
    ]
    return "\n\n".join([*parts, NOTE, *left_out])


def _ours(keep: int, rounds: int) -> Iterator[Entrant]:
    module = partial(subjects.clean_over_api, repository=REPOSITORY, keep=keep)
    playbook = partial(subjects.playbook_over_api, repository=REPOSITORY, keep=keep)
    yield Entrant("drydock, the module alone", module, rounds)
    yield Entrant("drydock, whole ansible-playbook", playbook, rounds)
    yield Entrant("drydock preview, whole ansible-playbook", partial(playbook, check=True), rounds, is_preview=True)


def _installed(clients: list[Client], keep: int) -> Iterator[Entrant]:
    for client in clients:
        if not client.missing:
            yield Entrant(client.name, partial(client.clean, repository=REPOSITORY, keep=keep))


def _table(store: Store, version: str, entrants: list[Entrant], keep: int) -> str:
    cleanings = {}
    for entrant in entrants:
        print(f"{store.shape} on {version}: {entrant.name} ...", file=sys.stderr)
        runs = [_clean(store, version, entrant, keep) for _round in range(entrant.rounds)]
        cleanings[entrant.name] = replace(runs[-1], cost=median([run.cost for run in runs]))
    one = cleanings[entrants[0].name].cost
    return table(["", *COLUMNS], [cleaning.row(name, one) for name, cleaning in cleanings.items()])


def _clean(store: Store, version: str, entrant: Entrant, keep: int) -> Cleaning:
    copy = store.copy("api")
    try:
        with tempfile.TemporaryDirectory(prefix="drydock-bench-") as home:
            registry = RegistryProcess(
                version, Path(home, "registry"), storage=copy.root, delete_enabled=True, settings=ACCESS_LOG
            )
            with registry:
                return _observed(registry, entrant, store.shape.tags, keep)
    finally:
        copy.remove()


def _observed(registry: RegistryProcess, entrant: Entrant, tags: int, keep: int) -> Cleaning:
    before = registry.log_path.stat().st_size
    cost = entrant.clean(registry.host)
    requests = count_requests(registry.log_path.read_bytes()[before:].decode())
    manifests = registry.storage.glob(f"docker/registry/v2/repositories/{REPOSITORY}/_manifests/revisions/*/*/link")
    return Cleaning(cost, requests, _tags_left(registry, tags, keep, entrant.is_preview), len(list(manifests)))


def count_requests(access_log: str) -> Counter[str]:
    """By method; the log has a line in Apache's format for each request, written before the answer is sent."""
    return Counter(_REQUEST.findall(access_log))


def _tags_left(registry: RegistryProcess, tags: int, keep: int, is_preview: bool) -> str:
    """How many, and what is wrong with them; the tags are numbered in the order of their images' dates."""
    newest = {tag_name(number) for number in range(tags - keep, tags)}
    wanted = {tag_name(number) for number in range(tags)} if is_preview else newest
    left = set(Repository(registry, REPOSITORY).tags())
    wrong = {
        "lost": len(wanted - left),
        "too many": len(left - wanted),
        "broken": sum(not _pulls(registry, tag) for tag in left - (wanted - newest)),
    }
    return ", ".join([f"{len(left):,}", *(f"{count:,} {what}" for what, count in wrong.items() if count)])


def _pulls(registry: RegistryProcess, tag: str) -> bool:
    try:
        assert_whole(registry, REPOSITORY, [tag])
    except AssertionError:
        return False
    return True
