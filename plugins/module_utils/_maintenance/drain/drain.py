# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed is not drained: waiting until nothing that was begun before the closing can still write."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from typing import Iterator, Sequence

from ..._basics.errors import MaintenanceError
from ..._registry.processes import Process, is_running

POLL_SECONDS = 0.2
# Uploads that change neither size nor time for so long, with the old processes gone, have no writer any more.
QUIET_SECONDS = 0.5

_REPOSITORIES = "docker/registry/v2/repositories"


class Writer(ABC):
    """Something that may still write after the closing, and is seen to end."""

    @property
    @abstractmethod
    def can_be_seen(self) -> bool:
        """Tell whether there is anything on this host to see it by."""

    def closed(self) -> None:  # noqa: B027 - not everybody has to do something then
        """Note that the registry has just been closed to new writes."""

    @abstractmethod
    def left(self) -> str | None:
        """Return what still goes on, in words; None where all has ended."""


class OldProcesses(Writer):
    """The registry's processes from before its restart: a closed connection alone does not stop a write."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    @property
    def can_be_seen(self) -> bool:
        return bool(self._processes)

    def left(self) -> str | None:
        numbers = [str(process.pid) for process in self._processes if is_running(process)]
        return f"the old registry process {', '.join(numbers)} still runs" if numbers else None


class Uploads(Writer):
    """Unfinished uploads under a root directory: who still writes to one, changes its size or its time.

    No more than a second look, for a manifest is written without one.
    """

    def __init__(self, rootdirectory: str | None) -> None:
        self._top = None if rootdirectory is None else os.path.join(rootdirectory, _REPOSITORIES)
        self._seen: dict[str, tuple[int, int]] = {}
        self._since: float | None = None

    @property
    def can_be_seen(self) -> bool:
        return self._top is not None and os.path.isdir(self._top)

    def left(self) -> str | None:
        now = dict(_upload_files(self._top)) if self._top is not None else {}
        if self._since is None or now != self._seen:
            self._seen, self._since = now, time.monotonic()
        is_quiet = not now or time.monotonic() - self._since >= QUIET_SECONDS
        return None if is_quiet else f"uploads under {self._top} still change"


class Drain:
    """What to wait for, to be made before the registry is closed.

    `old` are the registry's processes of now, which a restart is to end; where nothing is restarted, `writers` say what
    is to end instead. `rootdirectory` is None where the storage is not a directory of this host.
    """

    def __init__(self, old: list[Process], rootdirectory: str | None, writers: Sequence[Writer] | None = None) -> None:
        self.old = old
        self.rootdirectory = rootdirectory
        self._writers: Sequence[Writer] = [OldProcesses(old)] if writers is None else writers

    def of_uploads(self) -> Drain:
        """Return what is to end where nothing is restarted, and what runs was closed from its start on."""
        return Drain([], self.rootdirectory, [])

    def closed(self) -> None:
        """Note that the registry has just been closed to new writes. What is waited for last is told first."""
        for writer in reversed(self._writers):
            writer.closed()

    def wait(self, timeout: float) -> bool | None:
        """Return True when drained, None where that can't be seen from here. Raises MaintenanceError in the end."""
        deadline = time.monotonic() + timeout
        uploads = Uploads(self.rootdirectory)
        needed = self._writers or [uploads]
        for writer in (*self._writers, uploads):
            while writer.can_be_seen:
                left = writer.left()
                if left is None:
                    break
                if time.monotonic() >= deadline:
                    raise MaintenanceError(f"not drained within {timeout:g} s: {left}")
                time.sleep(POLL_SECONDS)
        return True if all(writer.can_be_seen for writer in needed) else None


def first_repository(rootdirectory: str) -> str | None:
    """Return the name of some repository in the storage; None where there is none."""
    top = os.path.join(rootdirectory, _REPOSITORIES)
    found = next((entry.path for entry in _reserved_directories(top)), None)
    return None if found is None else os.path.relpath(os.path.dirname(found), top)


def _upload_files(top: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield (path, (size, mtime_ns)) of every file of an upload."""
    for entry in _reserved_directories(top):
        if entry.name == "_uploads":
            yield from _files(entry.path)


def _reserved_directories(top: str) -> Iterator[os.DirEntry[str]]:
    """Yield `_uploads`, `_layers`, `_manifests` of every repository, without a look inside: quick on any storage."""
    waiting = [top]
    while waiting:
        for entry in _entries(waiting.pop()):
            if entry.name.startswith("_"):
                yield entry
            else:
                waiting.append(entry.path)


def _entries(directory: str) -> list[os.DirEntry[str]]:
    """Return the sub-directories; a directory that has just gone has none."""
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
