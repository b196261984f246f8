# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listing of objects in little memory: pages of sorted keys in a file, with directories found again by their names.

Packed, a digest takes 32 bytes there and not 64, and what the keys of a page have in common almost none.
"""

from __future__ import annotations

import marshal
import os
import tempfile
import threading
import zlib
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import Iterable, Iterator, List, Tuple

from ..._basics.errors import StorageError
from ..base import Listing
from .page import PAGE, Entry

_FAST = 1
_UNPACKED = 4
# What follows "/" in the order of keys: with it begins what is behind a directory.
_BEHIND = "0"
_Columns = Tuple[List[str], List[int], List[float], List[str]]
#: Where a page begins in its file, and how long it is there, in bytes.
_Place = Tuple[int, int]


class PageFile:
    """A temporary file without a name, to which any number of threads add pages; it ends with whoever holds this."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end = 0
        with _telling():
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as this lives

    def add(self, page: _Columns) -> _Place:
        packed = zlib.compress(marshal.dumps(page), _FAST)
        with self._lock, _telling():
            place = self._end, len(packed)
            self._file.write(packed)
            self._file.flush()
            self._end += len(packed)
        return place

    def page(self, place: _Place) -> _Columns:
        offset, size = place
        with _telling():
            packed = os.pread(self._file.fileno(), size, offset)
        columns: _Columns = marshal.loads(zlib.decompress(packed))  # noqa: S302 - packed by ourselves
        return columns


class PackedKeys:
    """Entries in the order of their keys, as they were listed, and which of them have gone since."""

    def __init__(self, entries: Iterable[Entry], file: PageFile) -> None:
        """Pack the entries into the file. Raises StorageError where it can't be written."""
        self._firsts: list[str] = []
        self._pages: list[_Place] = []
        # A byte for each entry of a page of which any has gone.
        self._gone: dict[int, bytearray] = {}
        # Not of a method: a cycle would keep a listing that nobody needs any more.
        self._columns = lru_cache(_UNPACKED)(file.page)
        stream = iter(entries)
        for page in iter(lambda: list(islice(stream, PAGE)), []):
            self._firsts.append(page[0].key)
            keys, sizes, times, etags = map(list, zip(*page))
            self._pages.append(file.add((keys, sizes, times, etags)))

    def extend(self, later: PackedKeys) -> None:
        """Put what is all later behind this; both are in one file."""
        self._firsts += later._firsts
        self._pages += later._pages

    def left(self, path: str) -> Iterator[str]:
        """Yield the keys at or below a path that have not gone."""
        for number, first, last, keys in chain(
            self._runs(path, f"{path}\0"), self._runs(f"{path}/", f"{path}{_BEHIND}")
        ):
            gone = self._gone.get(number)
            yield from keys[first:last] if gone is None else (keys[at] for at in range(first, last) if not gone[at])

    def discard(self, key: str) -> None:
        """Note that the object of this key has gone."""
        for number, first, _last, _keys in self._runs(key, f"{key}\0"):
            self._gone.setdefault(number, bytearray(PAGE))[first] = True

    def below(self, directory: str) -> Iterator[Entry]:
        """Yield all that is in a directory, at any depth; also an object that only marks it, whose key it is itself."""
        prefix = f"{directory}/"
        return self._from(prefix, f"{directory}{_BEHIND}")

    def at(self, path: str) -> Iterator[Entry]:
        """Yield the object of exactly this key, if there is one."""
        return self._from(path, f"{path}\0")

    def names(self, directory: str) -> Listing:
        """Return the names directly in a directory; nothing where it does not exist. It jumps over what is deeper."""
        prefix, behind = f"{directory}/", f"{directory}{_BEHIND}"
        found = Listing([], [])
        entry = next(self._from(prefix, behind), None)
        while entry is not None:
            name, slash, _rest = entry.key[len(prefix) :].partition("/")
            if slash:
                found.directories.append(name)
                start = f"{prefix}{name}{_BEHIND}"
            else:
                # A key that ends with a slash is no file but marks a directory.
                found.files.extend([name] if name else [])
                start = f"{entry.key}\0"
            entry = next(self._from(start, behind), None)
        return found

    def _from(self, start: str, end: str) -> Iterator[Entry]:
        for number, first, last, keys in self._runs(start, end):
            _keys, sizes, times, etags = self._columns(self._pages[number])
            for at in range(first, last):
                yield Entry(keys[at], sizes[at], times[at], etags[at])

    def _runs(self, start: str, end: str) -> Iterator[tuple[int, int, int, list[str]]]:
        """Yield where the keys from `start` to before `end` are: the number of a page, the places there, its keys."""
        number = max(bisect_right(self._firsts, start) - 1, 0)
        while number < len(self._pages) and self._firsts[number] < end:
            keys = self._columns(self._pages[number])[0]
            yield number, bisect_left(keys, start), bisect_left(keys, end), keys
            if keys[-1] >= end:
                return
            number += 1


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Without room anywhere there is no directory to name (tempfile.gettempdir raises); the error names all then.
        where = f" in {tempfile.tempdir}" if tempfile.tempdir else ""
        raise StorageError(
            f"the listing can't be kept{where}: {error.strerror or error}; free some space there, or set TMPDIR"
        ) from error
