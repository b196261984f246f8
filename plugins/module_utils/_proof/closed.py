# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that a registry is closed, and that the URL it was asked at serves the storage about to be swept."""

from __future__ import annotations

import os
from typing import Iterator, NamedTuple

from .._basics.errors import FullError, NotClosedError
from .._client.options import ClientOptions
from .._graph.graph import Graph
from .._graph.planted import Planted
from .._layout.base import Layout
from .._registry.config import RegistryConfig
from .._registry.processes import other_writers, registries_on
from .._storage.base import Storage
from .endpoints import Endpoints, endpoints_of
from .probe import DEFAULT_REPOSITORY, Mode, check_no_more, check_same_contents

_SAMPLE = 5
_ADVICE = (
    "close it first (module maintenance, or role registry_cleanup), or say require_read_only: false if nobody can push"
)


class Closedness(NamedTuple):
    """What the probe showed: the mode, and a sentence for people."""

    mode: Mode
    detail: str
    endpoints: Endpoints | None


def look(options: ClientOptions, config: RegistryConfig | None, repository: str | None, version: str) -> Closedness:
    """Ask the registry whether it is closed; leaves no trace. Raises for unusable options, not for answers."""
    endpoints = endpoints_of(options, config, repository, version)
    return look_again(Closedness(Mode.UNKNOWN, "there is no registry_url to ask at", endpoints))


def look_again(closedness: Closedness) -> Closedness:
    """Ask the same endpoints, over connections that are open already."""
    if closedness.endpoints is None:
        return closedness
    found = closedness.endpoints.probe()
    return Closedness(found.mode, found.detail, closedness.endpoints)


def check_contents(closedness: Closedness, graph: Graph, storage: Storage) -> None:
    """Raise NotClosedError where the registry answers and its tags are not those of this storage."""
    if closedness.endpoints is not None and closedness.mode in (Mode.READ_ONLY, Mode.WRITABLE):
        sample = list(_oldest_tags(graph))
        for client in closedness.endpoints.clients:
            check_same_contents(client, sample)
            if not sample:
                check_no_more(client, graph.repositories, storage.source())


def require_closed(closedness: Closedness, config: RegistryConfig | None, storage: Storage) -> None:
    """Raise NotClosedError unless `why_open` finds nothing."""
    reason = why_open(closedness, config, storage)
    if reason is not None:
        raise NotClosedError(f"nothing was changed: {reason}")


def why_open(closedness: Closedness, config: RegistryConfig | None, storage: Storage) -> str | None:
    """Return None where the registry is stopped, or read-only and no pull-through cache, alone; else what is wrong.

    A cache writes on GET even when it is read-only (docs/registry_facts.md#read-only-mode).
    """
    if closedness.mode == Mode.STOPPED:
        return _why_still_there(closedness, storage)
    if closedness.mode != Mode.READ_ONLY:
        return f"{closedness.detail}; {_ADVICE}"
    if config is not None and config.is_proxy:
        return "a pull-through cache writes on every pull; stop it to clean it up"
    return _why_open_elsewhere(config, storage)


def _why_open_elsewhere(config: RegistryConfig | None, storage: Storage) -> str | None:
    """Return that another registry here writes to the storage, if one does. Which is another, the file's path tells."""
    root = storage.local_root()
    others = other_writers(root, config.path) if config is not None and root else []
    return f"process {others[0]} serves this storage too, and is not read-only; stop it" if others else None


def _why_still_there(closedness: Closedness, storage: Storage) -> str | None:
    """Return that a registry here uses the storage, if one does: a refused connection may be the wrong port."""
    root = storage.local_root()
    serving = registries_on(root) if root else []
    if not serving:
        return None
    return (
        f"{closedness.detail}, but process {serving[0]} serves this storage; "
        "stop it, or give the registry_url at which it listens"
    )


def show_same_storage(closedness: Closedness, graph: Graph, layout: Layout) -> None:
    """Raise NotClosedError where some endpoint of a read-only registry does not serve this storage."""
    if closedness.endpoints is not None and closedness.mode == Mode.READ_ONLY:
        show_planted(closedness.endpoints, min(graph.repositories, default=None), layout)


def show_planted(endpoints: Endpoints, repository: str | None, layout: Layout) -> None:
    """Put something new into the closed storage, ask every endpoint for it, and take it away again.

    Two registries can hold the same tags (a mirror, a restored copy); only one of them shows what was put here just
    now. It is put into the `repository`, or into one of its own where the storage has none.
    Raises NotClosedError where an endpoint does not show it.
    """
    try:
        _show(endpoints, layout.storage, layout.plant(repository or DEFAULT_REPOSITORY))
    except FullError as error:
        planted = layout.plant_by_moving()
        if planted is None:
            raise FullError(
                f"that {endpoints.clients[0].url} serves this storage can't be shown: {error}; nothing was changed. "
                "Stop the registry for this run, or free some room"
            ) from error
        _show(endpoints, layout.storage, planted)


def _show(endpoints: Endpoints, storage: Storage, planted: Planted) -> None:
    """Plant it, and take it away again. Raises FullError where there is no room for it."""
    # A directory of ours left behind would be in the way of a registry that runs as another user.
    found = {path: _innermost_there(storage, path) for path in planted.files}
    moved: dict[str, str] = {}
    try:
        for path, what in planted.files.items():
            storage.write(path, what)
        for path, to in planted.moved.items():
            storage.move(path, to)
            moved[path] = to
        for client in endpoints.clients:
            if not client.shows(planted):
                raise NotClosedError(
                    f"{client.url} does not serve this storage: it does not show what was put there just now; "
                    "nothing was changed. Give the registry_url that belongs to this storage"
                )
    finally:
        for path, to in moved.items():
            storage.move(to, path)
        for path in reversed(list(found)):
            storage.discard(path, found[path])


def _innermost_there(storage: Storage, path: str) -> str:
    """Return the directory above a path below which all is missing; empty for the root of the tree."""
    path = os.path.dirname(path)
    while path and storage.entries(path) is None:
        path = os.path.dirname(path)
    return path


def _oldest_tags(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield a few tags that can be read: the oldest, which are the least likely to move while they are compared."""
    found = [
        (tag.pushed or 0.0, repository.name, tag)
        for repository in graph.repositories.values()
        if repository.kept_whole is None
        for tag in repository.tags.values()
        if tag.digest in repository.revisions and tag.digest in graph.manifests and graph.manifests[tag.digest].is_known
    ]
    for _pushed, name, tag in sorted(found)[:_SAMPLE]:
        yield name, tag.name, tag.digest
