# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long run is, in a small file that the action plugin reads meanwhile: modules can't stream."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import Iterable, Iterator, TypeVar

T = TypeVar("T")
# Often enough for the shortest interval that is shown, seldom enough to cost nothing.
_SECONDS = 0.5


class Progress:
    """Counts what is done of each stage, and now and then writes it to `path`; without a path it does nothing.

    The file holds one JSON object: `stage` in plain words, `things` that are counted (`manifests`), how many are
    `done` and of how many (`total`, null where unknown), their `bytes`, and when the stage began (`since`) and this was
    written (`at`), both in seconds of this host's monotonic clock.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._suffix = ""
        self._begin("", "", None)

    @contextmanager
    def again(self) -> Iterator[None]:
        """Say of every stage that begins meanwhile that it is done a second time."""
        self._suffix = " again"
        yield
        self._suffix = ""

    def stage(self, name: str, total: int | None = None, things: str = "") -> None:
        """Begin the next stage, such as `reading`, of `total` `things`."""
        if self._path is not None:
            self._begin(name, things, total)
            self._write()

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Count `count` more things, of `size` bytes together."""
        if self._path is None:
            return
        self._done += count
        self._bytes += size
        if time.monotonic() - self._written >= _SECONDS:
            self._write()

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, counting each once it has been dealt with."""
        for item in items:
            yield item
            self.advance()

    def _begin(self, name: str, things: str, total: int | None) -> None:
        self._stage, self._things, self._total = name + self._suffix, things, total
        self._done = self._bytes = 0
        self._since = self._written = time.monotonic()

    def _write(self) -> None:
        self._written = time.monotonic()
        state = {
            "stage": self._stage,
            "things": self._things,
            "done": self._done,
            "total": self._total,
            "bytes": self._bytes,
            "since": self._since,
            "at": self._written,
        }
        try:
            _replace(str(self._path), json.dumps(state))
        except OSError:
            # That nobody sees how far it is must not end the work itself. An unprivileged user that was become
            # can't write into the task's temporary directory, for example.
            self._path = None


def _replace(path: str, text: str) -> None:
    """Write the file so that a reader sees it whole; a user other than the one who runs the module may read it.

    No power cut need be survived here, and nothing waits for the disk twice a second: so not _basics/durable.py.
    """
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
    os.replace(temporary, path)


SILENT = Progress(None)
