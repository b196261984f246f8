# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `restore` on hosts that a run left closed, and on hosts that a run still works on."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Callable

from support.bed import Bed
from support.fleet import checked, why
from support.registry_host import KEEP_TWO, KEPT, Hold, RegistryHost

HostNamed = Callable[[str], RegistryHost]


def test_what_a_killed_run_left_closed_is_opened_at_once(bed: Bed, host_named: HostNamed) -> None:
    hosts = [host_named(name) for name in ("plain", "proxied")]
    expectations = [host.fill() for host in hosts]
    with bed.start_play("cleanup", hosts, policies=KEEP_TWO) as started:
        started.wait_for_task("Apply the plan")
        started.vanish()
    assert all(host.is_closed() for host in hosts)
    first, second = (bed.play("restore", hosts).check() for number in range(2))
    assert [stats["changed"] for stats in first.stats.values()] == [1, 1]
    assert [stats["changed"] for stats in second.stats.values()] == [0, 0]
    for host, expectation in zip(hosts, expectations, strict=True):
        assert checked(first, host.name)["window_seconds"] > 0
        host.assert_open_again(expectation)


def test_a_sweep_goes_on_until_somebody_asks_to_stop_it(bed: Bed, host_named: HostNamed) -> None:
    """One run sweeps two hosts; it is left alone on the one, and stopped on the other."""
    going_on, stopped = hosts = [host_named(name) for name in ("plain", "cached")]
    expectations = [host.fill() for host in hosts]
    with ExitStack() as stack:
        sweeps = [stack.enter_context(host.held("sweeping")) for host in hosts]
        started = stack.enter_context(
            bed.start_play("cleanup", hosts, policies=KEEP_TWO, pipelining=False, progress_interval="1s")
        )
        for host, sweep in zip(hosts, sweeps, strict=True):
            started.wait_until(sweep.is_reached, f"{host.name} is swept")
        started.wait_until(lambda: all(f"[{host.name}] sweeping: " in started.output for host in hosts), "progress")
        owner = f"process {started.process.pid}"
        refused = bed.play("restore", hosts)
        assert [owner in why(refused, host.name) for host in hosts] == [True, True]
        assert owner in why(bed.play("cleanup", [going_on], policies=[{"keep_n": 1}]))
        assert [host.stage() for host in hosts] == ["sweeping", "sweeping"]
        assert all(host.is_closed() and sweep.is_alive() for host, sweep in zip(hosts, sweeps, strict=True))
        stop(bed, stopped, sweeps[1])
        sweeps[0].release()
        run = started.finish()
    assert "open again" in why(run, stopped.name)
    assert run.stats[going_on.name]["failures"] == 0
    assert going_on.tags() == list(KEPT)
    going_on.assert_as_before(expectations[0])
    stopped.assert_open_again(expectations[1])
    checked(bed.play("cleanup", [stopped], policies=KEEP_TWO))
    assert stopped.tags() == list(KEPT)
    stopped.assert_as_before(expectations[1])


def stop(bed: Bed, host: RegistryHost, sweep: Hold) -> None:
    """The sweep is dead before anything is done to open the registry."""
    with host.held("opening") as opening, bed.start_play("restore", [host], stop_running=True) as restore:
        restore.wait_until(opening.is_reached, f"{host.name} is about to open")
        assert not sweep.is_alive()
        assert host.is_closed()
        opening.release()
        assert restore.finish().check().stats[host.name]["changed"] == 1
    assert host.is_writable()
