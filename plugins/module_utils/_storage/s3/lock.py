# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock as one object in a bucket: every change is a conditional write, so that of several only one is made.

The object holds what LockDirectory has in files. A lock that was moved away stays in it until it is cleared away, with
the object if nobody holds the lock then. A server that does not know the conditions lets the last one win; what holds
is read again all the time, so that the others stop.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from ..._basics.errors import MaintenanceError, StorageError
from ..lock_directory import Files, LockFiles
from .bucket import Bucket, Changed

_LARGEST = 2**20
_ATTEMPTS = 20
_PAUSE = 0.05


class _State(NamedTuple):
    """What is in the object; `etag` is None where there is none."""

    files: Files
    left: list[Files]
    etag: str | None


class LockObject(LockFiles):
    """The lock in the object `key`."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self.path = bucket.url(key)
        self._bucket = bucket
        self._key = key

    def read(self) -> Files | None:
        with self._telling("read"):
            return self._state().files or None

    def make(self, files: Files) -> None:
        with self._telling("taken"), contextlib.suppress(Changed):
            now = self._state()
            if not now.files:
                self._put(now._replace(files=files))

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        self._change("changed", lambda now: now._replace(files={**now.files, name: content}) if now.files else now)

    def remove(self, name: str) -> None:
        self._change("changed", lambda now: now._replace(files=_without(now.files, name)))

    def take_away(self, name: str, expected: Mapping[str, Any] | None) -> None:
        def moved(now: _State) -> _State:
            if not now.files or now.files.get(name) != expected:
                return now
            return now._replace(files={}, left=[*now.left, now.files])

        self._change("released", moved)

    def leftovers(self) -> list[Files]:
        with self._telling("read"):
            return self._state().left

    def clear(self) -> None:
        with self._telling("cleared"), contextlib.suppress(Changed):
            now = self._state()
            if now.etag is not None and not now.files:
                self._bucket.delete_unless_changed(self._key, now.etag)
            elif now.left:
                self._put(now._replace(left=[]))

    def _change(self, what: str, change: Callable[[_State], _State]) -> None:
        with self._telling(what):
            for _attempt in range(_ATTEMPTS):
                now = self._state()
                then = change(now)
                if then == now:
                    return
                try:
                    self._put(then)
                except Changed:
                    time.sleep(_PAUSE)
                else:
                    return
            raise StorageError("it changes all the time")

    def _state(self) -> _State:
        found = self._bucket.get(self._key, _LARGEST)
        if found is None:
            return _State({}, [], None)
        content, _modified, etag = found
        try:
            data = json.loads(content)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            return _State({"holder": {}}, [], etag)
        return _State(_files(data.get("files")), [_files(one) for one in data.get("left") or ()], etag)

    def _put(self, state: _State) -> None:
        content = json.dumps({"files": state.files, "left": state.left}).encode()
        condition = {"IfNoneMatch": "*"} if state.etag is None else {"IfMatch": state.etag}
        self._bucket.put(self._key, content, **condition)

    @contextlib.contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            raise MaintenanceError(f"the lock {self.path} could not be {what}: {error}") from error


def _files(data: Any) -> Files:
    """Return the files; one that is damaged says nothing, but it is there."""
    found: dict[str, Any] = data if isinstance(data, dict) else {}
    return {name: content if isinstance(content, dict) else {} for name, content in found.items()}


def _without(files: Files, name: str) -> Files:
    return {other: content for other, content in files.items() if other != name}
