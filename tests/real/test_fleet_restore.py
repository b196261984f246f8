# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `restore` on hosts that a run left closed, and on hosts that a run still works on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator

from support.bed import Bed
from support.fleet import checked, why
from support.playbook import StartedPlaybook
from support.registry_host import KEEP_TWO, KEPT, PLAN, RegistryHost

HostNamed = Callable[[str], RegistryHost]


def test_what_a_killed_run_left_closed_is_opened_at_once(bed: Bed, host_named: HostNamed) -> None:
    hosts = [host_named(name) for name in ("plain", "proxied")]
    expectations = [host.fill() for host in hosts]
    with bed.start_play("cleanup", hosts, policies=KEEP_TWO) as started:
        started.wait_for_task("Apply the plan")
        started.vanish()
    assert not any(host.is_writable() for host in hosts)
    first, second = (bed.play("restore", hosts).check() for number in range(2))
    assert [stats["changed"] for stats in first.stats.values()] == [1, 1]
    assert [stats["changed"] for stats in second.stats.values()] == [0, 0]
    for host, expectation in zip(hosts, expectations, strict=True):
        host.assert_open_again(expectation)
    checked(bed.play("cleanup", hosts, policies=KEEP_TWO))
    for host, expectation in zip(hosts, expectations, strict=True):
        assert host.tags() == list(KEPT)
        host.assert_as_before(expectation, allowed=(PLAN,))


@contextmanager
def paused_run(bed: Bed, host: RegistryHost) -> Iterator[StartedPlaybook]:
    """A run that is alive and goes no further than to sweep."""
    with bed.start_play("cleanup", [host], policies=KEEP_TWO, pipelining=False) as started:
        started.wait_for_task("Apply the plan")
        started.pause()
        yield started


def test_a_run_that_is_alive_is_not_disturbed(bed: Bed, host_named: HostNamed) -> None:
    host = host_named("plain")
    expectation = host.fill()
    with paused_run(bed, host) as started:
        owner = f"process {started.process.pid}"
        assert owner in why(bed.play("restore", [host]))
        assert owner in why(bed.play("cleanup", [host], policies=[{"keep_n": 1}]))
        started.resume()
        checked(started.finish())
    assert host.tags() == list(KEPT)
    host.assert_as_before(expectation)


def test_a_run_that_is_alive_is_stopped_where_that_is_asked_for(bed: Bed, host_named: HostNamed) -> None:
    host = host_named("plain")
    expectation = host.fill()
    with paused_run(bed, host) as started:
        assert bed.play("restore", [host], stop_running=True).check().stats[host.name]["changed"] == 1
        assert host.is_writable()
        started.resume()
        assert "open again" in why(started.finish())
    host.assert_open_again(expectation)
    checked(bed.play("cleanup", [host], policies=KEEP_TWO))
    host.assert_as_before(expectation)
