# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who pulls all the time, to see how much of a clean-up the readers of a registry notice."""

from __future__ import annotations

import threading
from types import TracebackType

import requests

from support.registries import Registry
from support.verify import Expectation, assert_pulls

PAUSE = 0.5  # or the readers take the processors from the run that they watch


class Pulls:
    """Within the block everything expected is pulled again and again, without trying a failed request twice.

    `begun` and `ended` count pulls, those that failed too; of one that is under way only the former knows.
    """

    def __init__(self, registry: Registry, expectation: Expectation) -> None:
        self.registry = registry
        self.expectation = expectation
        self.begun = self.ended = 0
        self.failures: list[str] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._pull_on)

    def __enter__(self) -> Pulls:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    def _pull_on(self) -> None:
        while not self._enough.wait(PAUSE):
            self.begun += 1
            try:
                assert_pulls(self.registry, self.expectation)
            except (AssertionError, requests.RequestException) as error:
                self.failures.append(str(error))
            self.ended += 1
