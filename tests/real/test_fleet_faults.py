# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else goes wrong on a host while its registry is closed: the network, the power, the disk, the service."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import Callable, Iterator

from support.bed import SHARING, Bed
from support.fleet import checked, why
from support.registries import wait_for
from support.registry_host import KEEP_TWO, KEPT, LEASE, REPOSITORY, TAGS, RegistryHost
from support.store import Store

HostNamed = Callable[[str], RegistryHost]


def test_every_host_opens_by_itself_whatever_happens_to_it_and_to_others(bed: Bed, host_named: HostNamed) -> None:
    """In the middle of a sweep one loses its network and one its power; the service of one does not start any more."""
    cut, off, stuck, fine = hosts = [host_named(name) for name in ("plain", "cached", "old", "proxied")]
    expectations = [host.fill() for host in hosts]
    cut.options = stuck.options = {"lease": f"{LEASE:g}s"}
    with ExitStack() as stack:
        sweeps = [stack.enter_context(host.held("sweeping")) for host in (cut, off)]
        started = stack.enter_context(bed.start_play("cleanup", hosts, policies=KEEP_TWO, reconnect_timeout=1))
        for sweep in sweeps:
            started.wait_until(sweep.is_reached, "both sweep")
        assert [host.stage() for host in (cut, off)] == ["sweeping", "sweeping"]
        cut.machine.cut()
        off.machine.power_off()
        stuck.fail_starts(100)
        run = started.finish()
        assert ["drydock.registry.restore" in why(run, host.name) for host in (cut, off, stuck)] == [True] * 3
        assert run.stats[fine.name]["failures"] == 0
        assert not stuck.answers()
        stuck.fail_starts(0)
        wait_for(lambda: not cut.processes(), f"{cut.name} to open by itself", LEASE + 60)
        assert cut.is_writable_inside()
    cut.machine.mend()
    off.machine.boot()
    off.wait_until_up()
    for host, expectation in zip(hosts, expectations, strict=True):
        host.assert_open_again(expectation, LEASE + 60)
        host.let_a_day_pass()
        host.options = {}
    again = bed.play("cleanup", hosts, policies=KEEP_TWO)
    for host, expectation in zip(hosts, expectations, strict=True):
        checked(again, host.name)
        assert host.tags() == list(KEPT)
        host.assert_as_before(expectation)


@contextmanager
def in_use(host: RegistryHost, tag: str) -> Iterator[None]:
    """Within the block a layer of this tag's image can't be moved: it is in use as a mount point."""
    blob = f"/var/lib/registry/{Store(host.storage).blob(layer_of(host, tag)).relative_to(host.storage)}"
    host.machine.run("mount", "--bind", blob, blob)
    yield
    host.machine.run("umount", blob)


def layer_of(host: RegistryHost, tag: str) -> str:
    """A digest."""
    address = f"{host.url}/v2/{REPOSITORY}/manifests/{tag}"
    answer = host.session().get(address, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"}, timeout=10)
    digest: str = answer.json()["layers"][0]["digest"]
    return digest


def test_a_sweep_that_fails_half_way_and_a_restart_that_fails_on_closing(bed: Bed, host_named: HostNamed) -> None:
    swept, unclosed = hosts = [host_named(name) for name in ("plain", "old")]
    expectations = [host.fill() for host in hosts]
    unclosed.fail_starts(1)
    with in_use(swept, "1"):
        run = bed.play("cleanup", hosts, policies=KEEP_TWO)
        assert "busy" in why(run, swept.name)
        assert swept.tags() == list(KEPT), "it failed before it was half-way"
        swept.assert_open_again(expectations[0])
    assert "restart" in why(run, unclosed.name)
    assert unclosed.tags() == list(TAGS)
    unclosed.assert_as_before(expectations[1])
    checked(bed.play("cleanup", [swept], policies=KEEP_TWO))
    swept.assert_as_before(expectations[0])


def test_hosts_of_one_storage_are_swept_together_or_not_at_all(bed: Bed, host_named: HostNamed) -> None:
    here, away = hosts = [host_named(name) for name in SHARING]
    expectation = here.fill()
    away.machine.cut()
    run = bed.play("cleanup", hosts, policies=KEEP_TWO, serial=1, reconnect_timeout=1)
    assert away.name in why(run, here.name)
    shown = [line.split() for line in run.of("Summary")[-1]["msg"]]
    assert {words[0] for words in shown if {"failed:", "unreachable:"} & set(words)} == set(SHARING)
    away.machine.mend()
    assert here.tags() == list(TAGS)
    for host in hosts:
        host.assert_as_before(expectation)
    alone = bed.play("cleanup", hosts, policies=KEEP_TWO, limit=here.name)
    assert away.name in alone.output
    assert here.tags() == list(TAGS)


def test_a_host_of_a_shared_storage_that_does_not_close_keeps_it_from_being_swept(
    bed: Bed, host_named: HostNamed
) -> None:
    first, second = hosts = [host_named(name) for name in SHARING]
    expectation = first.fill()
    second.fail_starts(1)
    run = bed.play("cleanup", hosts, policies=KEEP_TWO)
    assert second.name in why(run, first.name)
    assert first.tags() == list(TAGS)
    for host in hosts:
        host.assert_as_before(expectation)


def test_a_lost_host_of_a_shared_storage_has_the_sweep_stopped_before_it_opens(bed: Bed, host_named: HostNamed) -> None:
    """Its lease is the shorter one."""
    leader, lost = hosts = [host_named(name) for name in SHARING]
    expectation = leader.fill()
    lost.options = {"lease": f"{LEASE:g}s"}
    with leader.held("sweeping") as sweep, bed.start_play(
        "cleanup", hosts, policies=KEEP_TWO, reconnect_timeout=1
    ) as started:
        started.wait_until(sweep.is_reached, f"{leader.name} sweeps")
        lost.machine.cut()
        started.wait_until(lambda: any(leader.lock.glob("stop.*")), f"{lost.name} wants to open", LEASE + 60)
        assert leader.stage() == "sweeping"
        assert not lost.is_writable_inside()
        sweep.release()
        run = started.finish()
    assert "the lease ends" in why(run, leader.name)
    wait_for(lambda: not lost.processes(), f"{lost.name} to open by itself", 60)
    assert lost.is_writable_inside()
    lost.machine.mend()
    for host in hosts:
        host.assert_open_again(expectation)
        host.options = {}
    bed.play("cleanup", hosts, policies=KEEP_TWO).check()
    assert leader.tags() == list(KEPT)
    for host in hosts:
        host.assert_as_before(expectation)
