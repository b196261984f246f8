# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drydock's own files on a local or mounted filesystem, and files that survive a power cut."""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, Iterator, List

from .._errors import StorageError
from ._base import OwnFiles, Removed
from ._removing import is_held_open, leaves_of, remove_tree


class LocalOwnFiles(OwnFiles):
    """In the directory `path`, on the device of the registry's tree."""

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> List[str]:
        try:
            return sorted(os.listdir(self.path)) if os.path.isdir(self.path) else []
        except OSError as error:
            raise StorageError(f"{self.path} could not be read: {error.strerror}") from error

    def has(self, name: str, file: str) -> bool:
        return os.path.exists(self._at(name, file))

    def read(self, name: str, file: str) -> str:
        return read_text(self._at(name, file))

    def write(self, name: str, file: str, texts: Iterable[str]) -> None:
        try:
            os.makedirs(os.path.join(self.path, name), mode=0o700, exist_ok=True)
            write_durably(self._at(name, file), texts)
        except OSError as error:
            raise StorageError(f"{self._at(name, file)} could not be written: {error.strerror}") from error

    def rename(self, name: str, file: str, to: str) -> None:
        try:
            os.replace(self._at(name, file), self._at(name, to))
        except OSError as error:
            raise StorageError(f"{self._at(name, file)} could not be renamed to {to}: {error.strerror}") from error

    def remove(self, name: str) -> Removed:
        removed = remove_tree(os.path.join(self.path, name))
        with contextlib.suppress(OSError):
            os.rmdir(self.path)
        return removed

    def is_removable(self, name: str) -> bool:
        return not all(map(is_held_open, leaves_of(os.path.join(self.path, name))))

    def size(self) -> int:
        return sum(
            os.lstat(os.path.join(directory, name)).st_size
            for directory, _directories, files in os.walk(self.path)
            for name in files
        )

    def _at(self, name: str, file: str) -> str:
        return os.path.join(self.path, name, file)


def read_text(path: str) -> str:
    """Return the content of a plan file. Raises StorageError."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"the plan file {path} could not be read: {error}") from error


def write_durably(path: str, texts: Iterable[str]) -> None:
    """Write a file, readable by its owner only, so that it is there whole or not at all, also after a power cut."""
    temporary = f"{path}.new"
    with _unless_written(temporary):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(texts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextlib.contextmanager
def _unless_written(temporary: str) -> Iterator[None]:
    """Leave nothing of a file that could not be written: on a full disk that would be in the way of all others."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
