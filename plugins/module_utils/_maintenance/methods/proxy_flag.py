# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry by a flag file that the reverse proxy in front of it looks for; reads go on, nothing restarts."""

from __future__ import annotations

import os
from typing import Any, Mapping

from ..._basics.errors import InvalidOptionError
from ..._proof.probe import Mode
from ..._registry.config import RegistryConfig
from ..._registry.processes import serving
from ..drain.connections import Connections
from ..drain.drain import Drain, Writer
from ..service.command import require_program
from .method import Method
from .nginx import Nginx, OldWorkers, snippet
from .placed import PlacedFile
from .stop import refuse_cache

_CONTENT = "Writes to the registry are refused while this file exists (drydock.registry.maintenance).\n"


class ProxyFlagMethod(Method):
    """`backend_is_private` says that nobody reaches the registry around the proxy, whatever its address looks like."""

    name = "proxy_flag"
    decides = False

    def __init__(self, flag_file: str, nginx: Nginx, config: RegistryConfig | None, backend_is_private: bool) -> None:
        self.subject = os.path.realpath(flag_file)
        snippet(self.subject)  # raises for a path that can't stand in it
        self._flag = PlacedFile(self.subject, _CONTENT)
        self._nginx = nginx
        self._config = config
        self._backend_is_private = backend_is_private

    def setting(self) -> Mode:
        return Mode.READ_ONLY if self._flag.is_there() else Mode.WRITABLE

    def check(self) -> None:
        refuse_cache(self._config)
        if not self._backend_is_private and not (self._config and self._config.is_private):
            raise InvalidOptionError(
                "backend_is_private",
                False,
                "true if nobody but the proxy can reach the registry: its http.addr is not shown to be on loopback, so "
                "it may be written to around the proxy. Make that 127.0.0.1:5000 or a Unix socket",
            )
        require_program(self._nginx.reload_command, "nginx_reload_command")
        self._nginx.workers()

    def find(self) -> Mapping[str, Any]:
        return self._flag.find()

    def sizes(self) -> Mapping[str, int]:
        return {**self._flag.sizes(), **self._nginx.sizes(self.subject)}

    def enter(self, found: Mapping[str, Any]) -> None:
        self._nginx.install_snippet(self.subject)
        self._flag.place(found)

    def leave(self, found: Mapping[str, Any]) -> bool:
        return self._flag.take_away(found)

    def would_leave(self, found: Mapping[str, Any]) -> bool:
        return self._flag.is_there()

    def open(self) -> bool:
        return self._flag.take_away({})

    def describe(self, setting: Mode) -> str:
        return f"{self.subject}: {'there' if setting == Mode.READ_ONLY else 'not there'}\n"

    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        processes = serving(config.path if config else None, root)
        writers: list[Writer] = [OldWorkers(self._nginx)]
        if processes:  # a proxy may stand before a registry on another host
            writers.append(Connections(processes, config.debug_ports if config else ()))
        return Drain(processes, root, writers)
