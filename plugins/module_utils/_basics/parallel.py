# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on many things, several at once."""

from __future__ import annotations

import contextlib
import ctypes
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Iterable, Iterator, TypeVar

T = TypeVar("T")
R = TypeVar("R")
# So many items for each worker are begun before the oldest is done: one that takes long does not hold up the others.
_LOOK_AHEAD = 4
# glibc's malloc.h
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
_LARGE = 128 * 1024


def in_parallel(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Yield `function(item)` in the order of items, `workers` at once, and begun only a little ahead of the reader.

    After an exception nothing more is begun; what has begun is awaited, and the first exception is raised.
    """
    _give_back_memory()
    failures: list[Exception] = []

    def work(item: T) -> R:
        if failures:
            raise failures[0]
        try:
            return function(item)
        except Exception as error:
            failures.append(error)
            raise

    begun: deque[Future[R]] = deque()
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


def _give_back_memory() -> None:
    """Let the C library keep little of what is freed, where it is glibc.

    Threads get no heaps of their own, for what is freed in one is of no use to the others, and what is large goes back
    to the system at once, however much was large before.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
