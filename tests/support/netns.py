# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on this machine: each with network, process, mount and host name namespaces of its own, behind one bridge.

They need root. Of a killed run nothing is left for long: a machine dies with the process that booted it, and names and
addresses are those of a slot, which the next run in the same slot clears.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Iterator

from support.registries import wait_for
from support.service import runs

SLOTS = 100
PROGRAMS = ("ip", "unshare", "nsenter", "setpriv", "hostname", "start-stop-daemon")
INIT = Path(__file__).parent / "machine/sysvinit"


def missing() -> str:
    """Why no machine can be made here, in words; empty where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    trial = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "true"]
    return subprocess.run(trial, capture_output=True, text=True, check=False).stderr.strip()


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Network:
    """A bridge with the address 10.213.SLOT.1/24; the slot is ours until the end of the block."""

    def __enter__(self) -> Network:
        _clear_abandoned()
        self._lock, self.slot = _take_slot()
        self.bridge = f"drydock{self.slot}"
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("address", "add", f"{self.address(1)}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _clear(self.bridge)
        os.close(self._lock)

    def address(self, number: int) -> str:
        return f"10.213.{self.slot}.{number}"

    def namespace(self, number: int) -> str:
        return f"{self.bridge}-{number}"

    def cable(self, number: int) -> str:
        """This machine's end of the cable to machine `number`."""
        return f"{self.bridge}v{number}"

    def connect(self, number: int) -> None:
        """A namespace with the address 10.213.SLOT.NUMBER on its own end of a cable to the bridge."""
        namespace, cable = self.namespace(number), self.cable(number)
        _ip("netns", "add", namespace)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip("link", "set", cable, "master", self.bridge, "up")
        _ip("-n", namespace, "address", "add", f"{self.address(number)}/24", "dev", "eth0")
        _ip("-n", namespace, "link", "set", "eth0", "up")


def _clear(bridge: str) -> None:
    """Remove it with all that is connected to it."""
    for one in json.loads(_ip("-json", "netns", "list") or "[]"):
        if one["name"].startswith(f"{bridge}-"):
            for pid in _ip("netns", "pids", one["name"]).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _ip("netns", "delete", one["name"])
    if Path("/sys/class/net", bridge).exists():
        _ip("link", "delete", bridge)


def _clear_abandoned() -> None:
    """What runs left that were killed: their slots are nobody's, their names are still there."""
    for slot in range(SLOTS):
        if Path(f"/sys/class/net/drydock{slot}").exists():
            lock = _lock(slot)
            if lock is not None:
                _clear(f"drydock{slot}")
                os.close(lock)


def _take_slot() -> tuple[int, int]:
    """(open file that holds it, number) of the first slot that no other run on this machine has."""
    for slot in range(SLOTS):
        lock = _lock(slot)
        if lock is not None:
            return lock, slot
    message = f"{SLOTS} other runs have every network"
    raise RuntimeError(message)


def _lock(slot: int) -> int | None:
    """The open file that holds the slot as long as it is open; None where another run has it."""
    directory = Path(tempfile.gettempdir(), "drydock-networks")
    directory.mkdir(exist_ok=True)
    lock = os.open(directory / str(slot), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


class Machine:
    """A machine with the directories that `HOME/mounts` names ("SOURCE TARGET" in lines) over those of this one.

    `HOME/run` is in memory, what it prints is in `HOME/console`.
    """

    def __init__(self, network: Network, number: int, name: str, home: Path) -> None:
        self.network = network
        self.number = number
        self.name = name
        self.home = home
        self._guard: subprocess.Popen[bytes] | None = None
        self._init = 0
        network.connect(number)

    @property
    def address(self) -> str:
        return self.network.address(self.number)

    @property
    def on(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    def boot(self) -> None:
        """Run process 1; returns as soon as it is there."""
        command = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.network.namespace(self.number)]
        command += ["unshare", "--mount", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child"]
        command += [str(INIT), str(self.home), self.name]
        with (self.home / "console").open("ab") as console:
            self._guard = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, cwd="/")
        wait_for(lambda: self._find_init() is not None, f"process 1 of {self.name}")
        self._init = self._find_init() or 0

    def _find_init(self) -> int | None:
        assert self._guard is not None
        if self._guard.poll() is not None:
            message = f"{self.name} ended with {self._guard.returncode}: {(self.home / 'console').read_text()[-2000:]}"
            raise RuntimeError(message)
        children = Path(f"/proc/{self._guard.pid}/task/{self._guard.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def power_off(self) -> None:
        """As when the plug is pulled: every process is gone at once."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.wait()
            wait_for(lambda: not runs(self._init), f"the end of {self.name}")

    def cut(self) -> None:
        """Pull the network cable."""
        _ip("link", "set", self.network.cable(self.number), "down")

    def mend(self) -> None:
        _ip("link", "set", self.network.cable(self.number), "up")

    def path(self, inside: str) -> Path:
        """A path of the running machine, as this one sees it."""
        return Path(f"/proc/{self._init}/root{inside}")

    def run(self, *command: str, check: bool = True) -> str:
        """What a command prints that is run on the machine, without the network."""
        entered = ["nsenter", "--target", str(self._init), "--mount", "--uts", "--net", "--pid", *command]
        return subprocess.run(entered, check=check, stdout=subprocess.PIPE, text=True, cwd="/").stdout

    def processes(self) -> Iterator[str]:
        """The command lines of its processes; kernel threads and zombies have none."""
        for entry in self.path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                yield (entry / "cmdline").read_text().replace("\0", " ").strip()
