# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the fleet (support/bed.py) with its registry: how it is used, and that nothing is left of a run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import requests

from support.furnishing import CONFIG, SNIPPET, Furniture
from support.netns import INIT, Machine
from support.playbook import ROOT
from support.pushing import Repository
from support.registries import PATIENCE, wait_for
from support.service import is_running
from support.store import Store
from support.sweeping import push_aged
from support.verify import Expectation, assert_pulls, capture

# The policy of the tests keeps the newest two.
REPOSITORY = "team/app"
TAGS = {"1": 40.0, "2": 30.0, "3": 20.0, "4": 10.0}
KEPT = ("3", "4")
KEEP_TWO = [{"name": "newest two", "keep_n": 2}]
# Command lines of what runs whether or not somebody cleans up, by their beginning.
USUAL = (f"/bin/sh {INIT}", "sshd:", "/usr/sbin/sshd", "/srv/docker-registry", "nginx:", "/usr/bin/redis-server")
# Of a closing whose end is awaited; a machine that does much else gets as far as to sweep within it.
LEASE = 60.0
# Where a run may leave something. Not looked at: Ansible's own files, which a killed one can't remove, and the snippet
# for nginx, which is installed for good.
WATCHED = ("etc", "run", "tmp", "var/lib/drydock", "var/lib/registry/docker/registry")
# What the registry stores, and this project, if it is mounted from below /tmp.
NOT_ITS_OWN = ("/registry/v2", str(ROOT))
SET_ASIDE = "/var/lib/registry/docker/registry/drydock/"  # until the next run
PLAN = "/tmp/drydock-plan."  # noqa: S108 (a killed run leaves its own)
OF_ANSIBLE = "/tmp/ansible"  # noqa: S108 (of a host of its own)

DAY = 24 * 3600

ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
connection.request("PUT", "/v2/drydock/probe/manifests/none")
sys.stdout.write(str(connection.getresponse().status))
"""


class Hold:
    """Something on a machine that stands still while a file is there (machine/docker-registry, sitecustomize.py)."""

    def __init__(self, machine: Machine, stage: str) -> None:
        self._machine = machine
        self._file = machine.home / f"srv/hold-{stage}"
        self._word = machine.home / f"srv/held-{stage}"

    def take(self) -> None:
        self._word.unlink(missing_ok=True)
        self._file.touch()

    def release(self) -> None:
        self._file.unlink(missing_ok=True)

    def is_reached(self) -> bool:
        return self._word.exists() and bool(self._word.read_text())

    def is_alive(self) -> bool:
        """Whether the process that stood still there still runs."""
        status = self._machine.path(f"/proc/{self._word.read_text().strip()}/stat")
        with contextlib.suppress(FileNotFoundError):
            return is_running(status)
        return False


class RegistryHost:
    """One host with its registry, as the machine of the tests sees it (a `Registry` of support.registries)."""

    def __init__(self, machine: Machine, furniture: Furniture, storage: Path) -> None:
        self.machine = machine
        self.name = machine.name
        self.furniture = furniture
        self.storage = storage
        self.options: dict[str, Any] = {}
        self._files: dict[str, str] = {}

    @property
    def host(self) -> str:
        return f"{self.machine.address}:{self.furniture.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def bare_session(self) -> requests.Session:
        """Each request on a connection of its own: where a server closes one that is not in use, as nginx does when it
        reloads, every client of registries sends a read again by itself (RFC 9112, 9.3.1), and `requests` does not."""
        session = requests.Session()
        session.trust_env = False
        session.headers["Connection"] = "close"
        return session

    def session(self) -> requests.Session:
        return self.bare_session()

    def wait_until_up(self) -> None:
        """Returns when the registry answers and SSH is served."""
        wait_for(lambda: self.machine.path("/run/sshd.pid").exists() and self.answers(), f"{self.name} to be up")

    def look_around(self) -> None:
        """What is there now is what belongs there."""
        self._files = self.files()

    def answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.bare_session().get(f"{self.url}/v2/", timeout=2).status_code == 200
        return False

    def is_writable(self) -> bool:
        return self._answer_to_a_write() == 400

    def is_closed(self) -> bool:
        """Whether it answers, and takes no writes."""
        return self._answer_to_a_write() in (405, 503)

    def _answer_to_a_write(self) -> int | None:
        """To an empty manifest: 400 where it takes writes, 405 (nginx: 503) where not; None where nobody answers."""
        with contextlib.suppress(requests.RequestException):
            address = f"{self.url}/v2/drydock/probe/manifests/none"
            return self.bare_session().put(address, data=b"", timeout=10).status_code
        return None

    def is_writable_inside(self) -> bool:
        """As `is_writable`, asked on the host itself, wherever the network is."""
        return self.machine.run(sys.executable, "-c", ASK, str(self.furniture.port), check=False) == "400"

    def service(self, action: str, name: str = "docker-registry") -> None:
        """As somebody does on the host by hand; unless it is stopped, the registry answers when this returns."""
        self.machine.run("service", name, action)
        if action != "stop":
            wait_for(self.answers, f"the registry of {self.name}")

    def fail_starts(self, times: int) -> None:
        """The init script fails so many times from now on when it is to start the registry."""
        (self.machine.home / "srv/fails").write_text("\n" * times)

    @contextlib.contextmanager
    def held(self, stage: str) -> Iterator[Hold]:
        """Until the end of the block, or earlier, whoever comes to the middle of this stage stands still there.

        The modules when they are `planning`, `sweeping`, `purging`; the init script when it stops the registry to be
        `closing` or `opening`, and whenever it is `starting` it.
        """
        hold = Hold(self.machine, stage)
        hold.take()
        try:
            yield hold
        finally:
            hold.release()

    def stage(self) -> str:
        """How far a run has come, as what it has written down says; there is no word of any other sweep."""
        is_recorded = any(self.machine.path("/var/lib/drydock").glob("maintenance-*.json"))
        if not is_recorded:
            return "purging" if self.quarantine.exists() else "planning"
        if not (self.lock / "touched.json").exists():
            return "closing"
        return "sweeping" if any(self.lock.glob("sweep.*")) and any(self.quarantine.glob("*/v2")) else "opening"

    @property
    def lock(self) -> Path:
        return self.storage / "docker/registry/drydock.lock"

    @property
    def quarantine(self) -> Path:
        return Store(self.storage).quarantine

    def let_a_day_pass(self) -> None:
        """What a killed run left in /tmp is as old as that."""
        for path in self.machine.path("/tmp").glob(f"{Path(PLAN).name}*"):  # noqa: S108
            os.utime(path, (time.time() - DAY,) * 2)

    def fill(self) -> Expectation:
        """Four tags of which two are too many. Returns what of it must pull for ever."""
        push_aged(self, REPOSITORY, TAGS)
        return capture(self, {REPOSITORY: KEPT})

    def tags(self) -> list[str]:
        return sorted(Repository(self, REPOSITORY).tags())

    def variables(self) -> dict[str, Any]:
        """In the inventory."""
        variables: dict[str, Any] = {
            "ansible_host": self.machine.address,
            "registry_cleanup_registry_config": CONFIG,
            "registry_cleanup_maintenance": self._maintenance(),
        }
        if self.furniture.nginx:
            variables["registry_cleanup_registry_url"] = "http://127.0.0.1"
        if self.furniture.shares:
            variables["registry_cleanup_shared_storage"] = "shared"
        return variables

    def _maintenance(self) -> dict[str, Any]:
        """How the registry is closed and reopened, with the `options` of the test on top."""
        options: dict[str, Any] = {"service": {"init": "docker-registry"}, "timeout": PATIENCE}
        if self.furniture.nginx:
            options |= {"method": "proxy_flag", "nginx_snippet": SNIPPET, "backend_is_private": True}
        return {**options, **self.options}

    def processes(self) -> list[str]:
        """Command lines of all but the usual processes; kernel threads and zombies have none."""
        return sorted(line for line in self.machine.processes() if line and not line.startswith(USUAL))

    def files(self) -> dict[str, str]:
        """path -> digest of every file that a run may leave or change; below /run, where files come and go, none."""
        return {path: "" if path.startswith("/run") else _digest(inside) for path, inside in self._watched()}

    def _watched(self) -> Iterator[tuple[str, Path]]:
        root = self.machine.path("")
        for place in WATCHED:
            for top, directories, files in os.walk(root / place):
                directories[:] = [name for name in directories if not f"{top}/{name}".endswith(NOT_ITS_OWN)]
                for name in files:
                    path = Path(top, name)
                    inside = f"/{path.relative_to(root)}"
                    if not inside.startswith((OF_ANSIBLE, SNIPPET)):
                        yield inside, path

    def left(self) -> list[str]:
        """Processes and files that were not there when the host was set up, files that are gone or have changed.

        The name that the first run gives a storage is to stay, and what the next run is told of a lease that ended.
        """
        before, now = set(self._files.items()), set(self.files().items())
        changed = {path for path, _content in before ^ now}
        stays = re.compile(r".*/docker/registry/drydock\.id|/var/lib/drydock/ended-\w+\.json")
        return [*self.processes(), *sorted(path for path in changed if not stays.fullmatch(path))]

    def assert_as_before(self, expectation: Expectation, seconds: float = 20, allowed: tuple[str, ...] = ()) -> None:
        """No process is left after so many seconds; then it is writable, every kept image pulls, and no file is left.

        `allowed` are beginnings of paths.
        """
        wait_for(lambda: not self.processes(), f"the last process of a run on {self.name} to end", seconds)
        wait_for(self.is_writable, f"{self.name} to be writable again")
        assert_pulls(self, expectation)
        left = [path for path in self.left() if not path.startswith(allowed)]
        assert not left, f"left on {self.name}: {left}"

    def assert_open_again(self, expectation: Expectation, seconds: float = 20) -> None:
        """As assert_as_before, after a run that came to no end: what the next one removes may be left."""
        self.assert_as_before(expectation, seconds, allowed=(SET_ASIDE, PLAN))


def _digest(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "special"
