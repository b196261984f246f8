# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that is killed, at every stage of the role: the host opens its registry, the next run is as any other."""

from __future__ import annotations

from typing import Callable

import pytest

from support.bed import Bed
from support.fleet import checked
from support.playbook import StartedPlaybook
from support.registry_host import KEEP_TWO, KEPT, PLAN, RegistryHost

LEASE = 10
# (task, whether the kill waits for the init script to hold the registry in the middle of that)
STAGES = [
    ("Plan", ""),
    ("Close the registry and let it drain", ""),
    ("Close the registry and let it drain", "closing"),
    ("Apply the plan", ""),
    ("Put the registry back as it was found", ""),
    ("Put the registry back as it was found", "opening"),
    ("Delete what was set aside", ""),
]
KILLS = (StartedPlaybook.terminate, StartedPlaybook.vanish)


@pytest.mark.parametrize(("task", "hold"), STAGES, ids=[" in ".join(filter(None, reversed(one))) for one in STAGES])
def test_killed_at_a_stage(bed: Bed, host_named: Callable[[str], RegistryHost], task: str, hold: str) -> None:
    """First by TERM, then once more by KILL."""
    host = host_named("plain")
    for kill in KILLS:
        expectation = host.fill()
        host.options = {"lease": "1h" if task == "Delete what was set aside" else f"{LEASE}s"}
        with host.held(hold or "never"), bed.start_play("cleanup", [host], policies=KEEP_TWO) as run:
            run.wait_for_task(task)
            if hold:
                run.wait_until(host.is_held, f"the init script waits with {hold}")
            kill(run)
        host.assert_open_again(expectation, LEASE + 30)
    host.options = {}
    checked(bed.play("cleanup", [host], policies=KEEP_TWO))
    assert host.tags() == list(KEPT)
    host.assert_as_before(expectation, allowed=(PLAN,))
