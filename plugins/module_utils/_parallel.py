# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on many things, several at once."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Deque, Iterable, Iterator, List, TypeVar

T = TypeVar("T")
R = TypeVar("R")
# So many items for each worker are begun before the oldest is done: one that takes long does not hold up the others.
_LOOK_AHEAD = 4


def in_parallel(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Yield `function(item)` in the order of items, `workers` at once, and begun only a little ahead of the reader.

    After an exception nothing more is begun; what has begun is awaited, and the first exception is raised.
    """
    failures: List[Exception] = []

    def work(item: T) -> R:
        if failures:
            raise failures[0]
        try:
            return function(item)
        except Exception as error:
            failures.append(error)
            raise

    begun: Deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) >= workers * _LOOK_AHEAD:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
