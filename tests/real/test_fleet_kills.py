# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that is killed in the middle of each stage of the role: the host opens its registry, and the next run is
as any other."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Callable, Sequence

from support.bed import Bed
from support.fleet import checked
from support.playbook import StartedPlaybook
from support.registry_host import KEEP_TWO, KEPT, LEASE, RegistryHost
from support.verify import Expectation

# The host whose run gets TERM, and the one whose run gets KILL.
STAGES = {
    "planning": ("old", "plain"),
    "closing": ("plain", "cached"),
    "sweeping": ("proxied", "cached"),
    "opening": ("old", "proxied"),
    "purging": ("cached", "plain"),
}
KILLS = (StartedPlaybook.terminate, StartedPlaybook.vanish)
# Elsewhere the module on the host goes on alone, and opens the registry or has not closed it.
LEASES = {"closing": "10s", "sweeping": f"{LEASE:g}s"}


def test_killed_in_the_middle_of_each_stage(bed: Bed, host_named: Callable[[str], RegistryHost]) -> None:
    last = dict[RegistryHost, Expectation]()
    for stage, names in STAGES.items():
        hosts = [host_named(name) for name in names]
        expectations = [host.fill() for host in hosts]
        kill(bed, hosts, expectations, stage)
        last.update(zip(hosts, expectations, strict=True))
    for host in last:
        host.options = {}
        host.let_a_day_pass()
    run = bed.play("cleanup", last, policies=KEEP_TWO)
    for host, expectation in last.items():
        checked(run, host.name)
        assert host.tags() == list(KEPT)
        host.assert_as_before(expectation)


def kill(bed: Bed, hosts: Sequence[RegistryHost], expectations: Sequence[Expectation], stage: str) -> None:
    """A run on each host, both in the middle of that stage."""
    with ExitStack() as stack:
        for host in hosts:
            host.options = {"lease": LEASES.get(stage, "1h")}
        holds = [stack.enter_context(host.held(stage)) for host in hosts]
        runs = [stack.enter_context(bed.start_play("cleanup", [host], policies=KEEP_TWO)) for host in hosts]
        for host, hold, run, kill_it in zip(hosts, holds, runs, KILLS, strict=True):
            run.wait_until(hold.is_reached, f"{host.name} is {stage}")
            assert (host.stage(), host.is_closed()) == (stage, stage in ("sweeping", "opening"))
            kill_it(run)
            if stage != "sweeping":  # a sweep is for the host itself to end
                hold.release()
        for host, expectation in zip(hosts, expectations, strict=True):
            host.assert_open_again(expectation, LEASE + 60)
