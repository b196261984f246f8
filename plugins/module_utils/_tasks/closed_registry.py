# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry while a cleanup changes its storage: shown to be closed, held for this run alone, and watched."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Iterator

from .._apply.sentry import Sentry
from .._basics.errors import NotClosedError
from .._client.http import import_requests
from .._graph.graph import Graph
from .._lock.lock import Hold
from .._plan.planning import Marked
from .._proof.closed import Closedness, check_contents, look, look_again, require_closed, show_same_storage, why_open
from .._proof.probe import Mode
from .._registry.cache import require_library
from .._registry.config import RegistryConfig
from .._storage.owners import require_plain_registry
from .cleanup_options import CleanupOptions
from .edge import Output
from .opened import Opened

# How long a run that closed nothing itself holds the registry at most: as long a host that broke down is in the way.
_LONGEST = 24 * 3600.0


def require_libraries(options: CleanupOptions, config: RegistryConfig | None) -> None:
    """Raise MissingLibraryError for what is needed only after the plan was made, which can take long."""
    require_library(config)
    url = options.client.url or (config.url if config is not None else None)
    if url and _is_asked(options):
        import_requests()


def _is_asked(options: CleanupOptions) -> bool:
    return options.require_read_only or bool(options.client.url)


class ClosedRegistry:
    """What was seen of the registry before it was held, and what has to be true of it from then on."""

    def __init__(self, opened: Opened, options: CleanupOptions, output: Output, repository: str | None) -> None:
        """Ask the registry, about a `repository`, whether it is closed; its mode enters the result."""
        self._opened = opened
        self._options = options
        self._output = output
        self._seen = self._look(repository)

    def _look(self, repository: str | None) -> Closedness:
        if not _is_asked(self._options):
            return Closedness(Mode.UNKNOWN, "it was not asked", None)
        seen = look(self._options.client, self._opened.config, repository, self._opened.layout.version)
        require_plain_registry(seen.endpoints.clients if seen.endpoints else ())
        self._output.result["registry_mode"] = seen.mode.value
        return seen

    def require(self) -> None:
        """Raise NotClosedError unless the registry was shown to be closed, or warn where that is not asked for."""
        if self._options.require_read_only:
            require_closed(self._seen, self._opened.config, self._opened.storage)
        elif self._seen.mode not in (Mode.READ_ONLY, Mode.STOPPED):
            self._output.warn(
                f"the registry was not shown to be closed ({self._seen.detail}); "
                "with require_read_only: false an image that is pushed during the sweep can be damaged"
            )

    def check_contents(self, graph: Graph) -> None:
        """Raise NotClosedError where the registry answers and its tags are not those of this storage."""
        check_contents(self._seen, graph, self._opened.storage)

    def require_same_storage(self, marked: Marked) -> None:
        """Raise NotClosedError where the closed registry is not shown to serve this storage."""
        if not self._options.require_read_only:
            return
        self.check_contents(marked.graph)
        if not marked.removal.counts().is_nothing():
            show_same_storage(self._seen, marked.graph, self._opened.layout)

    @contextmanager
    def held(self) -> Iterator[Sentry]:
        """Hold the registry, as part of the run that closed it or for itself, and give who watches over it.

        Raises HeldError.
        """
        with self._opened.lock.entered(time.time() + _LONGEST) as hold:
            self._require_registries(hold)
            yield Sentry(self._opened.lock, hold.closed_until, self._require_still)

    def _require_registries(self, hold: Hold) -> None:
        """Raise NotClosedError unless all were closed: only those of this storage can have left word in its lock."""
        expected = self._options.context.closed_registries
        if len(hold.hosts) < expected:
            raise NotClosedError(
                f"nothing was changed: of {expected} registries that are said to share this storage, only those of "
                f"{', '.join(hold.hosts)} were closed here; see that all of them have the same storage mounted"
            )

    def _require_still(self) -> None:
        if not self._options.require_read_only:
            return
        now = look_again(self._seen)
        self._output.result["registry_mode"] = now.mode.value
        reason = why_open(now, self._opened.config, self._opened.storage)
        if reason is not None:
            raise NotClosedError(f"the registry is not closed any more: {reason}")
