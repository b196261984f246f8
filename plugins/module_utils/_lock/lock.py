# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time closes a registry and sweeps its storage.

The lock lies with the storage, at `<rootdirectory>/docker/registry/drydock.lock`, so that every host that shares it
sees the same one. What is in it is told in `_lock/hold.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import time
from typing import Any, Callable, Collection, Iterator, Mapping

from .._basics.errors import MaintenanceError, StoppedError
from .._basics.formats import require_known_format
from .._basics.task_context import Run
from .._storage.base import V2_PLACE, Place
from .._storage.lock_directory import Files, LockFiles
from .hold import (
    FORMAT,
    Hold,
    Sweeping,
    closed_hosts,
    held_error,
    host_entry,
    hosts_in,
    is_dead,
    is_over,
    parse_hold,
    sweeps_in,
    this_host,
    this_sweeping,
)

__all__ = ["Hold", "Lock", "Sweeping", "ending", "lock_path", "stop_sweep"]

_ATTEMPTS = 20
_POLL = 0.05


def lock_path(root: str | None, state_dir: str, subject: str, place: Place = V2_PLACE) -> str:
    """Return where the lock lies: in the storage, or below `state_dir` where the storage is no directory here."""
    if root is None:
        return os.path.join(state_dir, f"lock-{hashlib.sha256(subject.encode()).hexdigest()[:16]}")
    return place.lock(root)


class Lock:
    """The lock of one storage, as one run sees it; `gone` are the ids of runs known to be dead.

    `tree` is a directory of the registry in that storage, None where there was none when the registry was closed.
    `registry` tells the registry from others of the same host.
    Every method raises MaintenanceError where the storage does not let the lock be read or written, and
    UnknownFormatError where a newer version has written it.
    """

    def __init__(
        self, files: LockFiles, run: Run, gone: Collection[str] = (), tree: str | None = None, registry: str = ""
    ) -> None:
        self.path = files.path
        self.registry = registry
        self.tree = tree
        self.run = run
        self.gone = frozenset(gone)
        self.files = files
        self._token: str | None = None

    @property
    def _host_file(self) -> str:
        return f"host.{self._place}"

    @property
    def _stop_file(self) -> str:
        return f"stop.{self._place}"

    @property
    def _place(self) -> str:
        return ".".join(part for part in (this_host(), self.registry) if part)

    @property
    def is_in_reach(self) -> bool:
        """Tell whether the storage is there, and not an empty directory on which it is not mounted."""
        return self.tree is None or os.path.isdir(self.tree)

    def read(self) -> Files | None:
        """Return what the lock says, None where nobody holds the registry."""
        return self._known(self.files.read())

    def hold(self) -> Hold | None:
        """Return who holds the registry, None where nobody does."""
        files = self.read()
        return None if files is None else parse_hold(files)

    def is_ours(self) -> bool:
        """Tell whether this run holds the registry."""
        files = self.read()
        return files is not None and self._is_ours(files)

    def acquire(self, until: float, while_running: bool = False) -> Hold | None:
        """Hold the registry for this host until then, and return the dead hold that was taken over, if there was one.

        A run may take the lock again, from each of its hosts. `while_running` ends the hold with this process.
        Raises HeldError where another run holds it.
        """
        taken_over = None
        for _attempt in range(_ATTEMPTS):
            files = self.read()
            if files is None:
                self.files.make(self._new_files(until, while_running))
            elif self._is_ours(files):
                self._join(files, None if while_running else host_entry(until))
                if self._has_joined(while_running):
                    self.files.clear()
                    return taken_over
            elif is_dead(files, self.gone):
                taken_over = parse_hold(files)
                self.files.take_away("holder", files.get("holder"))
            else:
                raise held_error(files)
        raise MaintenanceError(f"the lock {self.path} changes hands all the time; nothing was changed, run again")

    @contextlib.contextmanager
    def entered(self, until: float) -> Iterator[Hold]:
        """Hold the registry while the block runs: as part of this run's hold, or else until then at most.

        Raises HeldError where another run holds it.
        """
        files = self.read()
        if files is not None and self._is_ours(files):
            self._token = _token(files)
            yield self._required()
            return
        # The hosts of a dead run open when their leases end, whoever has taken it over.
        ends = [] if files is None else [end for end in [parse_hold(files).closed_until] if end and end > time.time()]
        self.acquire(min([until, *ends]), while_running=True)
        with ending(self.release):
            yield self._required()

    def release(self) -> None:
        """Let this host go; with the last host the lock goes. Nothing happens where it is not this run's.

        A hold that ends with this process goes back to the dead run from which it was taken over, as far as hosts of
        that are closed: whoever opens them has to know whether the storage was changed.
        """
        files = self.read()
        if files is None or not self._is_ours(files):
            return
        holder = files["holder"]
        if holder.get("process") is None or not hosts_in(files):
            self.break_()
        else:
            self.files.write("holder", holder.get("over") or {**holder, "process": None})

    def break_(self) -> None:
        """Let this host go, whichever run holds it. To be called when nothing sweeps any more."""
        self.read()  # before anything of it goes
        self.files.remove(self._host_file)
        files = self.read()
        if files is not None and not hosts_in(files):
            self.files.take_away("holder", files.get("holder"))
            self.files.clear()

    def begin_sweep(self, until: float | None = None) -> None:
        """Tell everybody that this process changes the storage from now on, and will not after `until`.

        Raises HeldError where another one does so already, and as `require_ours` does.
        """
        self.require_ours()
        own = _sweep_file()
        self.files.write(own, this_sweeping(until)._asdict())
        self.files.write("touched", {"since": time.time()})
        files = self.read() or {}
        # Each has written its own file before it looks for others: of two at once neither goes on, or one does.
        if any(name != own for name in sweeps_in(files)):
            self.end_sweep()
            raise held_error(files)
        self.require_ours()

    def end_sweep(self) -> None:
        """Tell that this process does not change the storage any more."""
        self.files.remove(_sweep_file())

    def request_stop(self, why: str = "a registry is to open") -> None:
        """Ask the sweep, on whichever host it runs, to stop before its next step; until `acquire` none begins."""
        self.files.write(self._stop_file, {"since": time.time(), "who": self.run.who, "why": why})

    def require_free(self) -> None:
        """Raise HeldError where `acquire` would; nothing is changed."""
        files = self.read()
        if files is not None and not self._is_ours(files) and not is_dead(files, self.gone):
            raise held_error(files)

    def require_ours(self) -> None:
        """Raise HeldError where another run has the lock, StoppedError where it has gone or a stop is wanted."""
        self._required()

    def _required(self) -> Hold:
        files = self.read()
        if files is None:
            raise StoppedError(f"the lock {self.path} has gone, so the registry may be open")
        if not self._is_ours(files) or _token(files) != (self._token or _token(files)):
            raise held_error(files)
        stop = next((files[name] for name in files if name.startswith("stop.")), None)
        if stop is not None:
            who, why = stop.get("who", "somebody"), stop.get("why", "a registry is to open")
            raise StoppedError(f"{who} wants the sweep to stop, for {why}")
        return parse_hold(files)

    def _known(self, files: Files | None) -> Files | None:
        """Return the files. Raises UnknownFormatError where a newer version wrote what may mean something else."""
        if files is not None:
            # What was moved away and not cleared away yet lies beside it, and may be what is not known.
            advice = f"take {self.path} away when no run works on this storage any more, and {self.path}.* with it"
            require_known_format(files.get("holder", {}), FORMAT, f"the lock {self.path}", advice)
        return files

    def _is_ours(self, files: Files) -> bool:
        """Tell whether this run holds it; a hold that ends with a process is that process's alone."""
        holder = files.get("holder", {})
        if (holder.get("run"), holder.get("member")) != (self.run.id, self.run.member):
            return False
        return holder.get("process") in (None, this_sweeping(None)._asdict())

    def _new_files(self, until: float, while_running: bool) -> dict[str, Any]:
        holder = {
            "format": FORMAT,
            "token": secrets.token_hex(16),
            "run": self.run.id,
            "who": self.run.who,
            "member": self.run.member,
            "since": time.time(),
            "process": this_sweeping(None)._asdict() if while_running else None,
        }
        files: dict[str, Any] = {"holder": holder}
        # A hold that was taken over lies beside the lock, and may be all that tells of a change of the storage, and of
        # hosts that are closed still.
        for left in filter(None, map(self._known, self.files.leftovers())):
            closed = closed_hosts(left)
            files.update(closed)
            if "touched" in left:
                files["touched"] = {"since": time.time()}
            if closed and while_running:
                dead = left.get("holder", {})
                holder["over"] = dead.get("over") or dead
        if while_running:
            holder["until"] = until
        else:
            files[self._host_file] = host_entry(until)
        return files

    def _join(self, files: Files, entry: Mapping[str, Any] | None) -> None:
        self._token = _token(files)
        if entry is None:
            return
        earlier = files.get(self._host_file)
        if earlier is not None and self._is_of_another_boot(earlier, entry):
            raise MaintenanceError(
                f"another host of this storage is called {this_host()} too, or this one was rebooted since this run "
                "closed it; nothing was changed. Give each host a name or a machine-id of its own, or run again"
            )
        if earlier != entry:
            self.files.write(self._host_file, entry)
        # What this host wanted to stop for is over: it is closed again.
        self.files.remove(self._stop_file)

    def _is_of_another_boot(self, earlier: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
        # Modules that are run by hand are one run, whatever happens in between.
        return earlier.get("boot_id") != entry["boot_id"] and self.run.id != Run.direct().id

    def _has_joined(self, while_running: bool) -> bool:
        files = self.read() or {}
        return (while_running or self._host_file in files) and _token(files) == self._token


@contextlib.contextmanager
def ending(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` after the block, whose own error is told first: a lock that can't be changed has the same reason."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(MaintenanceError):
            end()
        raise
    end()


def stop_sweep(lock: Lock, timeout: float) -> None:
    """Stop the process that sweeps, and return when it is shown not to change anything any more.

    On this host it is told to end (SIGTERM) and, after `timeout` seconds, killed. On another host it is asked to stop
    through the lock, and given as long to do so; past its lease it has stopped by itself.
    None begins later in this hold, either. Raises MaintenanceError where that could not be shown.
    """
    if lock.hold() is None:
        return
    # First this, then a look: a sweep that begins does both the other way round.
    unsaid = _unsaid(lock)
    sweeping = _sweep(lock)
    if sweeping is None:
        return
    is_here = sweeping.host == this_host()
    if unsaid is not None and not is_here:
        raise unsaid
    for number in (signal.SIGTERM, signal.SIGKILL) if is_here else (None,):
        if number is not None:
            _send(sweeping, number)
        if _has_stopped(lock, sweeping, timeout):
            return
    raise MaintenanceError(
        f"the sweep by process {sweeping.pid} on {sweeping.host} was not shown to have stopped, so the registry stays "
        "as it is; end that process there, then run this again"
    )


def _unsaid(lock: Lock) -> MaintenanceError | None:
    """Request the stop. A storage that is full takes no request, and no word of a sweep that begins."""
    try:
        lock.request_stop()
    except MaintenanceError as error:
        return error
    return None


def _sweep(lock: Lock) -> Sweeping | None:
    hold = lock.hold()
    return hold.sweep if hold else None


def _has_stopped(lock: Lock, sweeping: Sweeping, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while _sweep(lock) == sweeping:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _send(sweeping: Sweeping, number: signal.Signals) -> None:
    if not is_over(sweeping):
        with contextlib.suppress(ProcessLookupError):
            os.kill(sweeping.pid, number)


def _token(files: Files) -> str | None:
    return files.get("holder", {}).get("token")


def _sweep_file() -> str:
    own = this_sweeping(None)
    return f"sweep.{own.host}.{own.pid}.{own.started}"
