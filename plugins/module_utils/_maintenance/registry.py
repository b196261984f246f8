# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One registry as closing and opening see it: ask it, act on its service, wait for what it shall be."""

from __future__ import annotations

import time
from typing import Callable, NamedTuple, Sequence

from .._basics.errors import DrydockError, MaintenanceError, RegistryError
from .._layout.base import Layout
from .._proof.closed import show_planted
from .._proof.endpoints import Endpoints
from .._proof.probe import Mode, Probe
from .._registry.config import RegistryConfig
from .._registry.processes import registry_processes
from .drain.drain import POLL_SECONDS, Drain
from .methods.deployment import Deployment, OldPods
from .methods.method import Method
from .service.kinds import KubernetesDeployment
from .service.presence import Presence, look_for
from .service.service import Service


class Registry(NamedTuple):
    """`timeout` (seconds) holds for each wait on its own.

    `root` is the registry's root directory and `open_layout` opens it; None where the storage is not on this host.
    """

    method: Method
    service: Service
    endpoints: Endpoints
    config: RegistryConfig | None
    root: str | None
    open_layout: Callable[[], Layout | None]
    timeout: float

    def probe(self) -> Probe:
        return self.endpoints.probe()

    @property
    def mode(self) -> Mode:
        """Return what the registry is now."""
        return self.probe().mode

    def drain(self) -> Drain:
        """Return what has to end after the closing. Pods are told from afar: they run on other hosts."""
        details = self.service.details
        if isinstance(details, KubernetesDeployment) and self.method.closing is not None:
            return Drain([], self.root, [OldPods(Deployment(details))])
        return self.method.drain(self.root, self.config)

    def act(self, action: str | None) -> None:
        """Restart, stop or start the service, where there is something to do."""
        if action is not None:
            self.method.adapt(self.service).run(action, self.timeout)

    def require(self, action: str | None) -> None:
        """Raise InvalidOptionError where `act` is bound to fail."""
        if action is not None:
            self.method.adapt(self.service).require(action)

    def look_for_service(self, actions: Sequence[str]) -> Presence:
        """Return what speaks against `act`, as far as it is known before. Raises InvalidOptionError as `require`."""
        for action in actions:
            self.require(action)
        return look_for(self.service, actions, self.timeout) if actions else Presence()

    def wait_for(self, mode: Mode) -> None:
        """Return when every endpoint shows the mode and, where it serves, an image can be read. MaintenanceError."""
        deadline = time.monotonic() + self.timeout
        while True:
            wanted, problem = self._missing(mode)
            if not problem:
                return
            if time.monotonic() >= deadline:
                raise MaintenanceError(f"the registry was not {wanted} within {self.timeout:g} s: {problem}")
            time.sleep(POLL_SECONDS)

    def require_same_storage(self) -> None:
        """Raise NotClosedError unless every endpoint of the closed registry serves the storage of this host."""
        layout = self.open_layout()
        name = next(layout.repository_names(), None) if layout else None
        if layout and name:  # a storage without a repository has nothing to sweep
            show_planted(self.endpoints, name, layout)

    def require_no_process(self) -> None:
        """Raise MaintenanceError where a registry runs though its URL refuses connections: that may be a wrong one."""
        running = registry_processes(self.config.path) if self.config else []
        if self.config and running:
            raise MaintenanceError(
                f"nothing answers at the registry's URL, but process {running[0].pid} runs with {self.config.path}; "
                "give the registry_url at which it answers"
            )

    def _missing(self, mode: Mode) -> tuple[str, str]:
        """Return what the registry was not shown to be, and why; no reason where it is as wanted."""
        seen = self.probe()
        if seen.is_locked_out and not self.endpoints.has_password and mode != Mode.STOPPED:
            return mode, ""  # it answers, and nothing more can be asked
        if seen.mode != mode:
            return mode, seen.detail
        return "readable", "" if mode == Mode.STOPPED else self._reading_problem()

    def _reading_problem(self) -> str:
        try:
            self.endpoints.check_reads(self._images())
        except RegistryError as error:
            return str(error)
        return ""

    def _images(self) -> list[tuple[str, str]]:
        """Return images of which one must be served; where none can be found, that the registry answers has to do."""
        try:
            layout = self.open_layout()
            return layout.some_images() if layout else self.endpoints.some_images()
        except DrydockError:
            return []
