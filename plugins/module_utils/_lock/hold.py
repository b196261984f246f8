# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a lock say: which run holds a registry, on which hosts, until when, and whether it still lives.

- `holder`: the format of all this, the run, since when, and, where the hold lasts no longer than a process, that
  process, until when it may last, and over which dead run's hold it was taken;
- `host.<name>`: one for each registry that the run, or a dead run before it, has closed, with the end of its lease;
- `sweep.<process>`: a process that changes the storage;
- `touched`: the storage was changed since the registry was closed, so what the registry has cached may be wrong;
- `stop.<name>`: a registry is to open, or was found open, so that no sweep may go on or begin.

Hosts may disagree about the time by SKEW seconds. A process is told from a later one of the same number by its start
and by its host's boot.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any, Collection, Mapping, NamedTuple

from .._basics.errors import HeldError
from .._basics.task_context import Run
from .._basics.times import as_seconds, iso
from .._registry.processes import Process, is_running, this_process
from .._storage.lock_directory import Files

#: The number of the format in `holder`; there was none before the first.
FORMAT = 1
SKEW = 60.0
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_IDENTITIES = ("/etc/machine-id", "/sys/class/dmi/id/product_uuid")


class Sweeping(NamedTuple):
    """A process that changes the storage, and until when it may (seconds since the epoch)."""

    host: str
    boot_id: str
    pid: int
    started: str
    until: float | None = None


class Hold(NamedTuple):
    """What a lock says; times in seconds since the epoch.

    `until` is when the last of the hosts opens again by itself, `closed_until` when the first does. `hosts` names a
    host once for each of its registries. `sweep` is a process that was not shown to be dead.
    """

    run: Run
    since: float
    until: float | None
    hosts: list[str]
    touched: bool
    sweep: Sweeping | None
    closed_until: float | None = None


def this_host() -> str:
    """Return the name by which this host is known to the others that share a storage.

    A cloned machine has the name and the machine-id of its template, but a hardware UUID of its own.
    """
    identity = b"".join(map(_content, _IDENTITIES))
    digest = hashlib.sha256(identity).hexdigest()[:8] if identity else ""
    return "-".join(part for part in (os.uname().nodename, digest) if part)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def this_sweeping(until: float | None) -> Sweeping:
    """Return this process."""
    return Sweeping(this_host(), _boot_id(), *this_process(), until)


def host_entry(until: float) -> dict[str, Any]:
    """Return what a `host` file says of this host."""
    return {"host": this_host(), "boot_id": _boot_id(), "until": until}


def hosts_in(files: Files) -> list[Mapping[str, Any]]:
    """Return what the `host` files say, in the order of their names."""
    return [files[name] for name in sorted(files) if name.startswith("host.")]


def closed_hosts(files: Files) -> dict[str, Mapping[str, Any]]:
    """Return the `host` files of hosts that are closed still, by their names."""
    hosts = {name: host for name, host in files.items() if name.startswith("host.")}
    return {name: host for name, host in hosts.items() if (_number(host, "until") or 0) > time.time()}


def sweeps_in(files: Files) -> dict[str, Sweeping]:
    """Return the processes that sweep, by the names of their files, without those shown to be dead."""
    found = {name: parse_sweeping(content) for name, content in files.items() if name.startswith("sweep.")}
    return {name: sweeping for name, sweeping in found.items() if not is_over(sweeping)}


def parse_sweeping(content: Mapping[str, Any]) -> Sweeping:
    """Return the process that a file tells of; a damaged file tells of one that can't be shown to be dead."""
    return Sweeping(
        str(content.get("host", "an unknown host")),
        str(content.get("boot_id", "")),
        int(_number(content, "pid") or 0),
        str(content.get("started", "")),
        _number(content, "until"),
    )


def is_over(sweeping: Sweeping) -> bool:
    """Tell whether that process is shown not to change anything any more: dead here, or past its time elsewhere."""
    if sweeping.host == this_host():
        return sweeping.boot_id != _boot_id() or not is_running(Process(sweeping.pid, sweeping.started))
    return sweeping.until is not None and sweeping.until + SKEW < time.time()


def parse_hold(files: Files) -> Hold:
    """Return what the files of a lock say; a damaged holder is an unknown one."""
    holder, hosts = files.get("holder", {}), hosts_in(files)
    run = Run(
        str(holder.get("run", "unknown")), str(holder.get("who", "an unknown run")), str(holder.get("member", ""))
    )
    ends = sorted(end for end in (_number(one, "until") for one in (holder, *hosts)) if end is not None)
    process = _process(files)
    # A process that holds the registry alone has closed no host.
    holding = [str(host.get("host", "unknown")) for host in hosts or ([process] if process else [])]
    return Hold(
        run,
        _number(holder, "since") or 0.0,
        ends[-1] if ends else None,
        holding,
        "touched" in files,
        next(iter(sweeps_in(files).values()), None),
        ends[0] if ends else None,
    )


def is_dead(files: Files, gone: Collection[str]) -> bool:
    """Tell whether nobody will end this hold: its time is over, its run or process dead, its hosts were rebooted.

    A hold is never dead while something may sweep.
    """
    hold, process = parse_hold(files), _process(files)
    if hold.sweep is not None:
        return False
    if _has_ended(hold) or hold.run.id in gone:
        return True
    return is_over(parse_sweeping(process)) if process else _was_rebooted(files)


def held_error(files: Files) -> HeldError:
    """Return the error that tells who holds the registry, since when, until when, and what to do."""
    hold = parse_hold(files)
    sweeps = f", and process {hold.sweep.pid} on {hold.sweep.host} sweeps it" if hold.sweep else ""
    hosts = ", ".join(dict.fromkeys(hold.hosts)) or "no host"
    return HeldError(
        f"the registry is held by {hold.run.who} on {hosts} since {iso(hold.since)}, "
        f"until {iso(hold.until) or 'it ends'} at the latest{sweeps}; wait for it, "
        "or end it and put the registry back with the playbook drydock.registry.restore",
        hold.run.id,
    )


def _process(files: Files) -> Mapping[str, Any] | None:
    """Return the process with which the hold ends, None where it ends with none."""
    process = files.get("holder", {}).get("process")
    return process if isinstance(process, dict) else None


def _number(content: Mapping[str, Any], name: str) -> float | None:
    """Return a number in a file; None for what is none, or no time of this world: it says nothing then."""
    return as_seconds(content.get(name))


def _has_ended(hold: Hold) -> bool:
    return hold.until is not None and hold.until + SKEW < time.time()


def _was_rebooted(files: Files) -> bool:
    hosts = hosts_in(files)
    return bool(hosts) and all(host.get("host") == this_host() and host.get("boot_id") != _boot_id() for host in hosts)


def _boot_id() -> str:
    return Path(_BOOT_ID).read_text(encoding="ascii").strip()
