# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is there while a registry is closed and not otherwise, with the directories that were made for it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Iterator, Mapping

from ..._basics.durable import sync_directory
from ..._basics.errors import MaintenanceError
from .file import new_file, write_file


class PlacedFile:
    """All may read it (0644, in directories of 0755): it holds no secret and is for another program."""

    def __init__(self, path: str, content: str) -> None:
        self.path = os.path.abspath(path)
        self.content = content

    def is_there(self) -> bool:
        return os.path.lexists(self.path)

    def check(self) -> None:
        """Raise MaintenanceError where another file has the name."""
        try:
            foreign = self.is_there() and Path(self.path).read_text(encoding="utf-8") != self.content
        except (OSError, ValueError):
            foreign = True
        if foreign:
            raise MaintenanceError(f"{self.path} is there, but not as this collection writes it; take it away first")

    def find(self) -> Mapping[str, Any]:
        """Return the directories that are missing, the outermost first."""
        return {"missing_directories": list(_missing(os.path.dirname(self.path)))}

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes that `place` writes, by the path."""
        return {self.path: len(self.content.encode())}

    def place(self, found: Mapping[str, Any]) -> None:
        try:
            for directory in found["missing_directories"]:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(directory)
                    os.chmod(directory, 0o755)  # noqa: S103 - nginx and the service manager look into it
        except OSError as error:
            raise MaintenanceError(f"{error.filename} can't be made: {error.strerror}") from error
        write_file(self.path, new_file(self.content.encode()), in_place=False)

    def take_away(self, found: Mapping[str, Any]) -> bool:
        """Remove the file, and the directories that were made for it and are empty; False where it is not there."""
        try:
            was_there = self._unlink()
        except OSError as error:
            raise MaintenanceError(f"{self.path} can't be removed: {error.strerror}") from error
        for directory in reversed(found.get("missing_directories", [])):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        return was_there

    def _unlink(self) -> bool:
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            return False
        sync_directory(os.path.dirname(self.path))
        return True


def _missing(directory: str) -> Iterator[str]:
    if not os.path.isdir(directory):
        yield from _missing(os.path.dirname(directory))
        yield directory
