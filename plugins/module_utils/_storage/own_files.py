# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drydock's own files on a local or mounted filesystem."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable, Iterable, Sequence

from .._basics.durable import write_durably
from .._basics.errors import StorageError
from .base import OwnFiles, Removed
from .files import GONE, is_there, telling
from .removing import is_held_open, leaves_of, remove_tree
from .room import FULL, remove_empty


class LocalOwnFiles(OwnFiles):
    """In the directory `path`, on the device of the registry's tree; what finds no room there lies `elsewhere`."""

    def __init__(self, path: str, elsewhere: Sequence[str] = ()) -> None:
        self.path = path
        self._places = [path, *elsewhere]

    def names(self) -> list[str]:
        found: set[str] = set()
        for place in self._places:
            with telling(place, "read"), suppress(FileNotFoundError, NotADirectoryError):
                found.update(os.listdir(place))
        return sorted(found)

    def has(self, name: str, file: str) -> bool:
        return is_there(self._at(name, file))

    def read(self, name: str, file: str) -> str:
        return read_text(self._at(name, file))

    def write(self, name: str, file: str, texts: Callable[[], Iterable[str]]) -> None:
        for place in self._places:
            where = os.path.join(place, name)
            try:
                os.makedirs(where, mode=0o700, exist_ok=True)
                write_durably(os.path.join(where, file), texts())
            except OSError as error:
                remove_empty(where, 2)
                if error.errno not in FULL or place == self._places[-1]:
                    raise StorageError(f"{where}/{file} could not be written: {error.strerror}") from error
            else:
                return

    def rename(self, name: str, file: str, to: str) -> None:
        where = self._at(name, file)
        with telling(where, f"renamed to {to}"):
            os.replace(where, os.path.join(os.path.dirname(where), to))

    def remove(self, name: str) -> Removed:
        removed = [remove_tree(os.path.join(place, name)) for place in self._places]
        remove_empty(self.path, 1)
        for place in self._places[1:]:
            remove_empty(place, 2)
        return Removed(any(one.is_changed for one in removed), [why for one in removed for why in one.left])

    def is_removable(self, name: str) -> bool:
        return not all(is_held_open(leaf) for place in self._places for leaf in leaves_of(os.path.join(place, name)))

    def size(self) -> int:
        return sum(map(_size_of, self._places))

    def _at(self, name: str, file: str) -> str:
        found = [os.path.join(place, name, file) for place in self._places]
        return next(filter(is_there, found), found[0])


def _size_of(place: str) -> int:
    size = 0
    with telling(place, "read"):
        for directory, _directories, files in os.walk(place, onerror=_unless_gone):
            for name in files:
                with suppress(FileNotFoundError):
                    size += os.lstat(f"{directory}/{name}").st_size
    return size


def _unless_gone(error: OSError) -> None:
    if error.errno not in GONE:
        raise error


def read_text(path: str) -> str:
    """Return the content of a plan file. Raises StorageError."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"the plan file {path} could not be read: {error}") from error
