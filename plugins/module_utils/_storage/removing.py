# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting a tree as far as it can be deleted.

What is open on an NFS client has not gone when it is deleted there: it lies in the same directory as `.nfs<hex>` until
it is closed, and keeps the directory (Linux, fs/nfs/unlink.c, "silly rename").
"""

from __future__ import annotations

import os
from typing import Callable, Iterator

from .base import Removed
from .files import GONE

_HELD_OPEN = ".nfs"


class _TreeDeletion:
    """What has gone of a tree, and why what did not."""

    def __init__(self) -> None:
        self.is_changed = False
        self.failures: dict[str, str] = {}

    def run(self, delete: Callable[[str], None], path: str) -> None:
        try:
            delete(path)
        except OSError as error:
            if error.errno not in GONE:
                self.failures[path] = str(error.strerror)
        else:
            self.is_changed = True

    def fail(self, error: OSError) -> None:
        if error.errno not in GONE:
            self.failures[error.filename] = str(error.strerror)


def remove_tree(path: str) -> Removed:
    """Delete a file, or a directory with all that is in it; symbolic links are never followed. Raises nothing."""
    removal = _TreeDeletion()
    if os.path.isdir(path) and not os.path.islink(path):
        for directory, directories, files in os.walk(path, topdown=False, onerror=removal.fail):
            for name in files:
                removal.run(os.unlink, f"{directory}/{name}")
            for name in directories:
                if os.path.islink(f"{directory}/{name}"):
                    removal.run(os.unlink, f"{directory}/{name}")
            removal.run(os.rmdir, directory)
    else:
        removal.run(os.unlink, path)
    return Removed(removal.is_changed, list(_left(path, removal.failures)) if removal.failures else [])


def leaves_of(path: str) -> Iterator[str]:
    """Yield the files and the empty directories of a tree, or its path if it is a file itself.

    What can't be looked into is a leaf: it is there, for all that is known.
    """
    unseen: list[OSError] = []
    if not os.path.isdir(path) or os.path.islink(path):
        yield from [path] if _may_be_there(path) else []
    for directory, directories, files in os.walk(path, onerror=unseen.append):
        links = [name for name in directories if os.path.islink(f"{directory}/{name}")]
        yield from (f"{directory}/{name}" for name in files + links)
        if not files and not directories:
            yield directory
    yield from (error.filename for error in unseen if error.errno not in GONE)


def _may_be_there(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno not in GONE
    return True


def is_held_open(path: str) -> bool:
    """Tell whether it was deleted, and goes when the process that has it open on this NFS closes it."""
    return os.path.basename(path).startswith(_HELD_OPEN)


def _left(path: str, failures: dict[str, str]) -> Iterator[str]:
    for leaf in leaves_of(path):
        why = failures.get(leaf) or failures.get(os.path.dirname(leaf)) or "unknown"
        is_held = is_held_open(leaf)
        yield f"{leaf} could not be deleted: {'a process still has it open' if is_held else why}"
