# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killing a module at each of its changes in turn: in a child process, from outside, with no hook in the module."""

from __future__ import annotations

import builtins
import io
import mmap
import os
from typing import Any, Callable, Mapping

from support.forked import run_forked
from support.playbook import Result

KILLED = 137
_CHANGES = (
    *("rename", "replace", "mkdir", "rmdir", "unlink", "remove", "link", "symlink", "chmod", "chown", "utime"),
    *("truncate", "ftruncate", "write", "fsync"),
)
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Countdown:
    """Counts the changes of a process, and ends it before its `last`-th one (0: never).

    Those of paths that hold `besides` are not counted.
    """

    def __init__(self, last: int, besides: str = "\0") -> None:
        self.last = last
        self.besides = besides
        self.shared = mmap.mmap(-1, 8)  # so that the parent sees the child's count

    @property
    def count(self) -> int:
        return int.from_bytes(self.shared[:8], "big")

    def change(self) -> None:
        count = self.count + 1
        self.shared[:8] = count.to_bytes(8, "big")
        if count == self.last:
            os._exit(KILLED)

    def install(self) -> None:
        """Wrap every call of `os`, and `open`, that changes something; what is printed is not counted."""
        for name in _CHANGES:
            setattr(os, name, self._counting(getattr(os, name)))
        real_os_open, real_open = os.open, builtins.open

        def os_open(path: Any, flags: int, *more: Any, **options: Any) -> Any:
            writes = flags & _WRITE_FLAGS != 0 and self.besides not in str(path)
            return self._around(writes, lambda: real_os_open(path, flags, *more, **options))

        def any_open(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
            return self._around(set(mode) & set("wax+") != set(), lambda: real_open(file, mode, *more, **options))

        os.open = os_open
        builtins.open = any_open
        io.open = any_open

    def _around(self, writes: bool, call: Callable[[], Any]) -> Any:
        """Before an opening for writing, and after it: then the file is there and empty."""
        if not writes:
            return call()
        self.change()
        result = call()
        self.change()
        return result

    def _counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if arguments[0] not in (1, 2) and self.besides not in str(arguments[0]):
                self.change()
            return real(*arguments, **options)

        return counted


def run_until(name: str, arguments: Mapping[str, Any], last: int) -> tuple[int, int, Result]:
    """Run a module in a child that dies at its `last`-th change (0: never): (exit status, changes begun, result).

    It does not die while it takes the lock or lets it go: what comes of that is shown in test_lock.py, far faster.
    """
    countdown = Countdown(last, "drydock.lock")
    code, result = run_forked(name, arguments, before=countdown.install)
    return code, countdown.count, result


def killed_at_removal(number: int) -> Callable[[], None]:
    """What makes a module die before the `number`-th removal from the registry's own tree."""

    def install() -> None:
        real, left = os.rename, [number]

        def rename(source: Any, target: Any, **options: Any) -> None:
            left[0] -= "/drydock/" in str(target)
            if not left[0]:
                os._exit(KILLED)
            real(source, target, **options)

        os.rename = rename  # type: ignore[assignment]

    return install
