# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on many things at once: in order, no more at once than asked for, and nothing after a failure."""

from __future__ import annotations

import itertools
import threading
from typing import Iterator

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.parallel import in_parallel

WORKERS = [1, 2, 8]


class BrokenError(Exception):
    """What the work of these tests fails with."""


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_results_come_in_the_order_of_items(workers: int, count: int) -> None:
    assert list(in_parallel(str, range(count), workers)) == [str(number) for number in range(count)]


@pytest.mark.parametrize("workers", WORKERS)
def test_so_many_run_at_once_and_no_more(workers: int) -> None:
    together = threading.Barrier(workers)
    running = set[int]()
    most = 0

    def work(number: int) -> None:
        nonlocal most
        running.add(number)
        most = max(most, len(running))
        if number < workers:
            together.wait(timeout=20)
        running.discard(number)

    list(in_parallel(work, range(50), workers))

    assert most == workers


@pytest.mark.parametrize("workers", WORKERS)
def test_a_list_without_end_is_begun_only_a_little_ahead(workers: int) -> None:
    taken = list[int]()

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    results = in_parallel(str, numbers(), workers)
    assert list(itertools.islice(results, 3)) == ["0", "1", "2"]
    results.close()  # type: ignore[attr-defined]

    assert len(taken) <= 2 + 4 * workers


def test_nothing_is_begun_after_a_failure() -> None:
    begun = list[int]()

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise BrokenError
        return number

    results = in_parallel(work, itertools.count(), 1)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(BrokenError):
        next(results)

    assert begun == [0, 1, 2]


def test_what_has_begun_is_awaited_when_another_fails() -> None:
    other_began, other_may_end, ended = threading.Event(), threading.Event(), list[str]()

    def work(name: str) -> None:
        if name == "fails":
            other_began.wait(timeout=20)
            threading.Timer(0.05, other_may_end.set).start()
            raise BrokenError
        other_began.set()
        other_may_end.wait(timeout=20)
        ended.append(name)

    with pytest.raises(BrokenError):
        list(in_parallel(work, ["fails", "other"], 2))

    assert ended == ["other"]


def test_a_failing_list_of_items_is_raised_as_it_is() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise BrokenError

    with pytest.raises(BrokenError):
        list(in_parallel(str, items(), 4))
