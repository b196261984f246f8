# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lies in /srv of a host of the test bed: Python runs it at its start, and a test can hold a module by it.

While `/srv/hold-<stage>` is there, a module goes no further than to its second step of that stage, and says in
`/srv/held-<stage>` which process it is. A signal ends the holding too: who is told to stop must see that it was.
"""

from __future__ import annotations

import collections
import ctypes
import os
import sys

HOLDS = [name for name in os.listdir("/srv") if name.startswith("hold-")]
STEPS = collections.Counter[str]()


def stage_of(event: str, subject: object) -> str:
    """The stage of which this is a step (https://docs.python.org/3/library/audit_events.html); empty for none."""
    if event in ("os.remove", "os.rmdir") and "/docker/registry/drydock/" in str(subject):
        return "purging"
    # What proves a storage is written beside its place and then renamed: that is no step of a sweep.
    if event == "os.rename" and "/docker/registry/v2/" in str(subject) and ".drydock-" not in str(subject):
        return "sweeping"
    return "planning" if event == "os.scandir" and isinstance(subject, int) else ""


def look(event: str, arguments: tuple[object, ...]) -> None:
    stage = stage_of(event, arguments[0]) if arguments and event.startswith("os.") else ""
    if stage:
        STEPS[stage] += 1
        if STEPS[stage] == 2:
            wait(f"/srv/hold-{stage}", f"/srv/held-{stage}")


def wait(hold: str, word: str) -> None:
    if not os.path.exists(hold):
        return
    with open(word, "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    sleep = ctypes.CDLL(None).usleep  # unlike Python's own it does not go on after a signal
    while os.path.exists(hold) and sleep(50_000) == 0:
        pass


if HOLDS:
    sys.addaudithook(look)
