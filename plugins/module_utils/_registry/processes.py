# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's processes on this host, found by the configuration file that their command line names."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

from .._basics.errors import DrydockError
from .config import RegistryConfig, load_registry_config

_PROC = "/proc"
_PATH_VARIABLE = b"REGISTRY_CONFIGURATION_PATH="
_END_SECONDS = 10.0
_POLL_SECONDS = 0.02
# The v1 registry is run by gunicorn, and its file is named by a variable alone (docker-registry 0.9.1, run.py).
_V1_APPLICATION = b"docker_registry.wsgi:application"
_V1_PATH_VARIABLE = b"DOCKER_REGISTRY_CONFIG="


class Process(NamedTuple):
    """A process told apart from a later one of the same number by when it was started."""

    pid: int
    started: str


def registry_processes(config_path: str) -> list[Process]:
    """Return the processes that were started as `... serve <this file>`, in containers too.

    A container's process names the file by the container's path; that is looked up in the process's own root, and
    compared by inode.
    """
    try:
        wanted = os.stat(config_path)
    except OSError:
        return []
    found = []
    for pid in _pids():
        started = _started(pid)
        if started is not None and any(_same(path, wanted) for path in _named_files(pid)):
            found.append(Process(pid, started))
    return found


def registries_on(rootdirectory: str) -> list[int]:
    """Return the process ids of registries whose own configuration names this directory, in containers too.

    Each process is asked with its own file and its own `REGISTRY_*` variables, and its path is looked up in its own
    root.
    """
    return [pid for pid, _config in _registries_on(rootdirectory)]


def other_writers(rootdirectory: str, config_path: str) -> list[int]:
    """Return the process ids of registries that write to this directory by another configuration file than this.

    By what that says they are neither read-only nor behind a proxy, which may be closed in their place.
    """
    writing = [pid for pid, config in _registries_on(rootdirectory) if _writes_to_all(config)]
    ours = [process.pid for process in registry_processes(config_path)] if writing else []
    return [pid for pid in writing if pid not in ours]


def serving(config_path: str | None, rootdirectory: str | None) -> list[Process]:
    """Return the processes of one registry, by its configuration file, or if that finds none by its root directory."""
    found = registry_processes(config_path) if config_path is not None else []
    if found or rootdirectory is None:
        return found
    return [process for process in map(process_of, registries_on(rootdirectory)) if process is not None]


def is_running(process: Process) -> bool:
    """Tell whether that very process still runs; a zombie can't write any more."""
    return _started(process.pid) == process.started


def this_process() -> Process:
    """Return the process that asks, which therefore runs."""
    return Process(os.getpid(), _started(os.getpid()) or "")


def process_of(pid: int) -> Process | None:
    """Return the process that has this number now; None where there is none, or a zombie."""
    started = _started(pid)
    return None if started is None else Process(pid, started)


def children(parent: int) -> list[Process]:
    """Return the processes whose parent is `parent`, without zombies."""
    found = (process_of(pid) for pid in _pids() if _parent(pid) == parent)
    return [process for process in found if process is not None]


def processes_of(program: Sequence[str]) -> list[Process]:
    """Return other processes whose command line, after the interpreter, begins so; the last word is a file of ours."""
    words = list(map(os.fsencode, program))
    directory = os.path.dirname(program[-1])
    try:
        ours = os.stat(directory)
    except OSError:
        return []
    found = (process_of(pid) for pid in _pids() if _arguments(pid)[1 : len(words) + 1] == words)
    # A container may have a file of the same path.
    return [process for process in found if process and _same(f"{_PROC}/{process.pid}/root{directory}", ours)]


def lock_holders(directory: str) -> list[Process]:
    """Return other processes that hold the directory's lock (flock(2)), as proc(5)'s `fdinfo` tells.

    Nothing is asked of the files themselves: what a process holds open on a server that is away would hold us too.
    """
    path = os.path.realpath(directory)
    found = (process_of(pid) for pid in _pids() if any(map(_is_locked, _descriptors(pid, path))))
    return [process for process in found if process is not None]


def end_processes(processes: Sequence[Process], signals: Sequence[int] = (signal.SIGTERM, signal.SIGKILL)) -> bool:
    """Send one signal after the other, and wait for the end after each; whether they have ended."""
    for number in signals:
        for process in filter(is_running, processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + _END_SECONDS
        while any(map(is_running, processes)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    return not any(map(is_running, processes))


def in_other_mounts(process: Process) -> bool:
    """Tell whether the process has a mount namespace of its own, as in a container."""
    try:
        return os.readlink(f"{_PROC}/{process.pid}/ns/mnt") != os.readlink(f"{_PROC}/self/ns/mnt")
    except OSError:
        return False


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(name) for name in os.listdir(_PROC) if name.isdigit() and int(name) != os.getpid())


def _started(pid: int) -> str | None:
    """Return the start time in clock ticks since boot (proc(5), field 22); None for no process or a zombie.

    A process whose first thread has ended looks like a zombie while others of it still write: their number is field 20.
    """
    fields = _status(pid)
    is_over = not fields or fields[0] == b"X" or (fields[0] == b"Z" and int(fields[17]) <= 1)
    return None if is_over else fields[19].decode()


def _parent(pid: int) -> int | None:
    fields = _status(pid)
    return int(fields[1]) if fields else None


def _descriptors(pid: int, path: str) -> Iterator[str]:
    """Yield the numbers of descriptors that have this path open, as `<pid>/fdinfo/<number>`."""
    with contextlib.suppress(OSError):
        for number in os.listdir(f"{_PROC}/{pid}/fd"):
            if os.readlink(f"{_PROC}/{pid}/fd/{number}") == path:
                yield f"{pid}/fdinfo/{number}"


def _is_locked(descriptor: str) -> bool:
    try:
        return b"FLOCK" in Path(f"{_PROC}/{descriptor}").read_bytes()
    except OSError:
        return False


def _status(pid: int) -> list[bytes]:
    """Return the fields of proc(5)'s `stat` from the third, the state, on; none where there is no such process."""
    try:
        return Path(f"{_PROC}/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _named_files(pid: int) -> Iterator[str]:
    """Yield the files that may be the configuration of a `serve` command, as paths that can be opened from here."""
    arguments = _arguments(pid)
    if _V1_APPLICATION in arguments:
        names = _variable(pid, _V1_PATH_VARIABLE)
    elif b"serve" in arguments:
        names = arguments[arguments.index(b"serve") + 1 :] + _variable(pid, _PATH_VARIABLE)
    else:
        return
    for name in names:
        if name and not name.startswith(b"-"):
            inside = os.fsdecode(name)
            yield f"{_PROC}/{pid}/root{inside}" if inside.startswith("/") else f"{_PROC}/{pid}/cwd/{inside}"


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"{_PROC}/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _registries_on(rootdirectory: str) -> Iterator[tuple[int, RegistryConfig]]:
    try:
        wanted = os.stat(rootdirectory)
    except OSError:
        return
    for pid in _pids():
        for config in _configurations(pid):
            if config.driver == "filesystem" and _same(f"{_PROC}/{pid}/root{config.rootdirectory}", wanted):
                yield pid, config
                break


def _configurations(pid: int) -> Iterator[RegistryConfig]:
    """Yield what may be the configuration of a `serve` command."""
    variables = dict(v.split("=", 1) for v in map(os.fsdecode, _environment(pid)) if "=" in v)
    is_v1 = _V1_APPLICATION in _arguments(pid)
    settings = {name: value for name, value in variables.items() if is_v1 or name.startswith("REGISTRY_")}
    for path in _named_files(pid):
        with contextlib.suppress(DrydockError):
            yield load_registry_config(path, settings)


def _writes_to_all(config: RegistryConfig) -> bool:
    """Tell whether it does: a pull-through cache writes when it is read-only, too."""
    return config.is_proxy or not (config.read_only or config.is_private)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"{_PROC}/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _variable(pid: int, beginning: bytes) -> list[bytes]:
    return [v[len(beginning) :] for v in _environment(pid) if v.startswith(beginning)]


def _same(path: str, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), wanted)
    except OSError:
        return False
