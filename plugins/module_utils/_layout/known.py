# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of manifests, kept beside a plan, so that whoever applies it reads only those that came since.

Where reading takes a request each, that is most of the time for which a registry would be closed. A manifest is what
its digest says, so it can't have become another one meanwhile.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any, Iterator, Mapping

from .._basics.durable import write_durably
from .._graph.graph import Manifest

_FORMAT = "drydock.registry/manifests/3"
_END = "end"


def save_known(path: str, known: Mapping[str, Manifest]) -> None:
    """Write the file for this plan file; without it a run only takes longer, so that an error is none."""
    with contextlib.suppress(OSError):
        write_durably(_beside(path), _lines(known))


def load_known(path: str) -> dict[str, Manifest]:
    """Return what was kept beside a plan file; nothing where that is not there whole."""
    try:
        with open(_beside(path), encoding="utf-8") as file:
            lines = map(json.loads, file)
            return dict(_manifests(lines, {})) if next(lines) == _FORMAT else {}
    except (OSError, ValueError, TypeError, StopIteration):
        return {}


def digests_in(known: Mapping[str, Manifest]) -> dict[str, str]:
    """Return every digest that is known, by itself: what is read anew shares their memory."""
    digests: dict[str, str] = {}
    for digest, manifest in known.items():
        for named in (digest, manifest.config, *manifest.layers, *manifest.children):
            if named:
                digests.setdefault(named, named)
    return digests


def _beside(path: str) -> str:
    return f"{path}.manifests"


def _lines(known: Mapping[str, Manifest]) -> Iterator[str]:
    yield f"{json.dumps(_FORMAT)}\n"
    yield from (f"{json.dumps([digest, *manifest], separators=(',', ':'))}\n" for digest, manifest in known.items())
    yield f"{json.dumps(_END)}\n"


def _manifests(lines: Iterator[Any], digests: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
    """Yield each manifest by its digest. Raises TypeError or ValueError where the file was cut."""

    def shared(names: list[str]) -> tuple[str, ...]:
        return tuple(map(digests.setdefault, names, names))

    for line in lines:
        if line == _END:
            return
        digest, media_type, size, config, layers, children, *rest, elsewhere = line
        config = digests.setdefault(config, config) if config else None
        manifest = Manifest(media_type, size, config, shared(layers), shared(children), *rest)
        yield digests.setdefault(digest, digest), manifest._replace(elsewhere=shared(elsewhere))
    raise ValueError("cut")
