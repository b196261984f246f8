# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed is not drained: waiting until nothing that was begun before the closing can still write."""

from __future__ import annotations

import os
import time
from typing import Iterator, Optional

from .._errors import MaintenanceError
from .._processes import Process, is_running

POLL_SECONDS = 0.2
# Uploads that change neither size nor time for so long, with the old processes gone, have no writer any more.
QUIET_SECONDS = 0.5

_REPOSITORIES = "docker/registry/v2/repositories"


class Drain:
    """What to watch: the processes seen before the restart, and the storage's unfinished uploads.

    `rootdirectory` is None where the storage is not a directory of this host.
    """

    def __init__(self, old: list[Process], rootdirectory: Optional[str]) -> None:
        self.old = old
        self.rootdirectory = rootdirectory
        self.top = None if rootdirectory is None else os.path.join(rootdirectory, _REPOSITORIES)

    def of_uploads(self) -> Drain:
        """Where nothing is restarted, the processes of now are not the old ones."""
        return Drain([], self.rootdirectory)

    @property
    def can_be_seen(self) -> bool:
        return bool(self.old) or (self.top is not None and os.path.isdir(self.top))

    def wait(self, timeout: float) -> Optional[bool]:
        """True when drained, None where there is nothing to see it by; MaintenanceError when it takes too long."""
        if not self.can_be_seen:
            return None
        deadline = time.monotonic() + timeout
        self._wait_for_processes(deadline, timeout)
        self._wait_for_uploads(deadline, timeout)
        return True

    def _wait_for_processes(self, deadline: float, timeout: float) -> None:
        while True:
            left = [process.pid for process in self.old if is_running(process)]
            if not left:
                return
            if time.monotonic() >= deadline:
                numbers = ", ".join(map(str, left))
                raise MaintenanceError(
                    f"not drained within {timeout:g} s: the old registry process {numbers} still runs"
                )
            time.sleep(POLL_SECONDS)

    def _wait_for_uploads(self, deadline: float, timeout: float) -> None:
        seen, since = self._uploads(), time.monotonic()
        while seen and time.monotonic() - since < QUIET_SECONDS:
            time.sleep(POLL_SECONDS)
            now = self._uploads()
            if now != seen:
                seen, since = now, time.monotonic()
            if time.monotonic() >= deadline:
                raise MaintenanceError(f"not drained within {timeout:g} s: uploads under {self.top} still change")

    def _uploads(self) -> dict[str, tuple[int, int]]:
        return {} if self.top is None else dict(_upload_files(self.top))


def first_repository(rootdirectory: str) -> Optional[str]:
    """Name of some repository in the storage; None where there is none."""
    top = os.path.join(rootdirectory, _REPOSITORIES)
    found = next((entry.path for entry in _reserved_directories(top)), None)
    return None if found is None else os.path.relpath(os.path.dirname(found), top)


def _upload_files(top: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """(path, (size, mtime_ns)) of every file of an upload."""
    for entry in _reserved_directories(top):
        if entry.name == "_uploads":
            yield from _files(entry.path)


def _reserved_directories(top: str) -> Iterator[os.DirEntry[str]]:
    """The `_uploads`, `_layers`, `_manifests` of every repository, without a look inside: quick on any storage."""
    waiting = [top]
    while waiting:
        for entry in _entries(waiting.pop()):
            if entry.name.startswith("_"):
                yield entry
            else:
                waiting.append(entry.path)


def _entries(directory: str) -> list[os.DirEntry[str]]:
    """The sub-directories; one that has just gone has none."""
    try:
        with os.scandir(directory) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MaintenanceError(f"{directory} can't be listed: {error.strerror}") from error


def _files(uploads: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for where, _directories, names in os.walk(uploads):
        for name in names:
            path = os.path.join(where, name)
            try:
                found = os.lstat(path)
            except FileNotFoundError:
                continue
            yield path, (found.st_size, found.st_mtime_ns)
