# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of registry hosts on one machine, reached by real SSH: six hosts, two of them with one storage."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Iterable

from support.furnishing import PYTHON, Furniture, furnish, make_key
from support.netns import Machine, Network
from support.playbook import PlaybookRun, StartedPlaybook
from support.registries import V2, V3
from support.registry_host import RegistryHost

SHARING = ("shared1", "shared2")
FLEET = {
    "old": Furniture(V2),
    "plain": Furniture(V3),
    "proxied": Furniture(V3, nginx=True),
    "cached": Furniture(V3, redis=True),
    **{name: Furniture(V3, shares=True) for name in SHARING},
}


class Bed:
    """The fleet; within the block each host is furnished and booted when it is first asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._numbers = itertools.count(11)
        self._up: dict[str, RegistryHost] = {}

    def __enter__(self) -> Bed:
        self._sockets = Path(tempfile.mkdtemp(prefix="drydock-ssh-"))  # a socket's path is at most 108 bytes long
        self._key = make_key(self.home / "client_key")
        self._network = Network()
        self._network.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._up.values():
            host.machine.power_off()
        self._network.__exit__(kind, error, trace)
        shutil.rmtree(self._sockets)

    def __getitem__(self, name: str) -> RegistryHost:
        return self.hosts(name)[0]

    def hosts(self, *names: str) -> list[RegistryHost]:
        """These hosts, or all, up."""
        wanted = names or tuple(FLEET)
        new = [self._boot(name) for name in wanted if name not in self._up]
        for host in new:
            host.wait_until_up()
            host.look_around()
        return [self._up[name] for name in wanted]

    def _boot(self, name: str) -> RegistryHost:
        number = next(self._numbers)
        home = self.home / f"{name}-{number}"
        home.mkdir()
        storage = self.home / "storages" / ("shared" if FLEET[name].shares else home.name)
        host_key = furnish(home, FLEET[name], storage, self._key)
        machine = Machine(self._network, number, name, home)
        with (self.home / "known_hosts").open("a") as known_hosts:
            known_hosts.write(f"{machine.address} {host_key}\n")
        self._up[name] = RegistryHost(machine, FLEET[name], storage)
        machine.boot()
        return self._up[name]

    def discard(self, host: RegistryHost) -> None:
        """Throw a host away that is not as it was; the next who asks for it gets another one."""
        self._up.pop(host.name).machine.power_off()

    def ssh_options(self) -> list[str]:
        """Every host is known, and one that went away is given up after some seconds."""
        options = [f"UserKnownHostsFile={self.home}/known_hosts", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"]
        options += [f"IdentityFile={self.home}/client_key", "ConnectTimeout=3", "ServerAliveInterval=1"]
        return ["-F", "none", *(word for option in [*options, "LogLevel=ERROR"] for word in ("-o", option))]

    def ssh(self, host: RegistryHost, command: str) -> str:
        """What a command prints that is run over SSH."""
        words = ["ssh", *self.ssh_options(), f"root@{host.machine.address}", command]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout

    def inventory(self, hosts: Iterable[RegistryHost]) -> dict[str, Any]:
        """These hosts in the group that the playbooks take."""
        common = {
            "ansible_user": "root",
            "ansible_python_interpreter": PYTHON,
            "ansible_ssh_common_args": " ".join(self.ssh_options()),
            "registry_cleanup_grace_period": "0s",
        }
        return {"registries": {"hosts": {host.name: host.variables() for host in hosts}, "vars": common}}

    def start_play(
        self,
        playbook: str,
        hosts: Iterable[RegistryHost],
        *,
        limit: str = "all",
        pipelining: bool = True,
        **variables: Any,
    ) -> StartedPlaybook:
        """One of the collection's playbooks, going on; `variables` are those of the role, without their prefix."""
        return StartedPlaybook(
            f"drydock.registry.{playbook}",
            "--limit",
            limit,
            inventory=self.inventory(hosts),
            extra_vars={f"registry_cleanup_{name}": value for name, value in variables.items()},
            environment={
                "ANSIBLE_HOST_KEY_CHECKING": "true",
                "ANSIBLE_PIPELINING": str(pipelining),
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._sockets),
                "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s",
                "ANSIBLE_REMOTE_TEMP": "/tmp/ansible",  # noqa: S108 (each host has its own, and one user)
                "ANSIBLE_FORKS": str(len(FLEET)),
            },
        )

    def play(self, playbook: str, hosts: Iterable[RegistryHost], **options: Any) -> PlaybookRun:
        """As `start_play`, to its end."""
        with self.start_play(playbook, hosts, **options) as started:
            return started.finish()
