# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drydock's own files in a bucket."""

from __future__ import annotations

import tempfile
from typing import Callable, Iterable, Iterator

from ..._basics.errors import StorageError
from ..base import OwnFiles, Removed
from .bucket import Bucket
from .page import Entry

_LARGEST = 2**40


class S3OwnFiles(OwnFiles):
    """Objects below `<prefix>/`."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self.path = bucket.url(prefix)
        self._bucket = bucket
        self._prefix = prefix

    def names(self) -> list[str]:
        return sorted({self._parts(entry)[0] for entry in self._entries("")})

    def has(self, name: str, file: str) -> bool:
        return any(self._parts(entry) == (name, file) for entry in self._entries(name))

    def read(self, name: str, file: str) -> str:
        found = self._bucket.get(self._key(name, file), _LARGEST)
        if found is None:
            raise StorageError(f"{self.path}/{name}/{file} has gone")
        return found[0].decode("utf-8", "replace")

    def write(self, name: str, file: str, texts: Callable[[], Iterable[str]]) -> None:
        try:
            with tempfile.TemporaryFile() as content:
                content.writelines(text.encode("utf-8", "backslashreplace") for text in texts())
                content.seek(0)
                self._bucket.put(self._key(name, file), content)
        except OSError as error:
            raise StorageError(f"no temporary file can be written here: {error.strerror or error}") from error

    def rename(self, name: str, file: str, to: str) -> None:
        self.write(name, to, lambda: [self.read(name, file)])
        for why in self._delete([self._key(name, file)]).left:
            raise StorageError(why)

    def remove(self, name: str) -> Removed:
        return self._delete([entry.key for entry in self._entries(name)])

    def size(self) -> int:
        return sum(entry.size for entry in self._entries(""))

    def _delete(self, keys: list[str]) -> Removed:
        failed = self._bucket.delete(keys) if keys else []
        left = [f"{self._bucket.url(one.key)} could not be deleted: {one.why}" for one in failed]
        return Removed(len(left) < len(keys), left)

    def _entries(self, name: str) -> Iterator[Entry]:
        prefix = f"{self._prefix}/{name}/" if name else f"{self._prefix}/"
        is_last, after = False, ""
        while not is_last:
            page = self._bucket.page(prefix, after)
            yield from page.entries
            is_last, after = page.is_last, page.entries[-1].key if page.entries else ""

    def _parts(self, entry: Entry) -> tuple[str, str]:
        name, _slash, file = entry.key[len(self._prefix) + 1 :].partition("/")
        return name, file

    def _key(self, name: str, file: str) -> str:
        return f"{self._prefix}/{name}/{file}"
