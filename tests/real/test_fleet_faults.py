# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else goes wrong on a host while its registry is closed: the network, the power, the disk, the service."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator

from support.bed import SHARING, Bed
from support.fleet import checked, why
from support.registries import wait_for
from support.registry_host import KEEP_TWO, KEPT, PLAN, REPOSITORY, TAGS, RegistryHost
from support.store import Store

HostNamed = Callable[[str], RegistryHost]


def test_a_host_that_goes_away_while_closed_opens_by_itself(bed: Bed, host_named: HostNamed) -> None:
    lost, other = host_named("plain"), host_named("old")
    expectations = [host.fill() for host in (lost, other)]
    lost.options = {"lease": "30s"}
    with bed.start_play("cleanup", [lost, other], policies=KEEP_TWO, reconnect_timeout=1) as started:
        started.wait_for_task("Apply the plan")
        lost.machine.cut()
        run = started.finish()
    assert "drydock.registry.restore" in why(run, lost.name)
    assert run.stats[other.name]["failures"] == 0
    wait_for(lost.is_writable_inside, f"{lost.name} to open by itself", 60)
    lost.machine.mend()
    checked(bed.play("cleanup", [lost, other], policies=KEEP_TWO))
    for host, expectation in zip((lost, other), expectations, strict=True):
        assert host.tags() == list(KEPT)
        host.assert_as_before(expectation, allowed=(PLAN,))


def test_a_host_that_loses_its_power_while_closed_opens_after_the_boot(bed: Bed, host_named: HostNamed) -> None:
    host = host_named("plain")
    expectation = host.fill()
    with host.held("opening"), bed.start_play("cleanup", [host], policies=KEEP_TWO, reconnect_timeout=1) as started:
        started.wait_until(host.is_held, "the init script waits")
        host.machine.power_off()
        started.vanish()
    host.machine.boot()
    host.wait_until_up()
    host.assert_open_again(expectation)
    checked(bed.play("cleanup", [host], policies=KEEP_TWO))
    assert host.tags() == list(KEPT)
    host.assert_as_before(expectation, allowed=(PLAN,))


@contextmanager
def stuck(host: RegistryHost, tag: str) -> Iterator[None]:
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


def test_a_sweep_that_fails_half_way(bed: Bed, host_named: HostNamed) -> None:
    host = host_named("plain")
    expectation = host.fill()
    with stuck(host, "1"):
        run = bed.play("cleanup", [host], policies=KEEP_TWO)
        assert "busy" in why(run, host.name)
        assert host.tags() == list(KEPT), "it failed before it was half-way"
        host.assert_open_again(expectation)
    checked(bed.play("cleanup", [host], policies=KEEP_TWO))
    host.assert_as_before(expectation)


def test_a_restart_that_fails_on_closing(bed: Bed, host_named: HostNamed) -> None:
    host = host_named("plain")
    expectation = host.fill()
    host.fail_starts(1)
    run = bed.play("cleanup", [host], policies=KEEP_TWO)
    assert "restart" in why(run, host.name)
    assert host.tags() == list(TAGS)
    host.assert_as_before(expectation)


def test_a_restart_that_fails_on_opening_is_tried_again_when_the_lease_ends(bed: Bed, host_named: HostNamed) -> None:
    """The run gives up and says what to do; nobody does it."""
    host = host_named("plain")
    expectation = host.fill()
    host.options = {"lease": "30s"}
    with bed.start_play("cleanup", [host], policies=KEEP_TWO) as started:
        with host.held("opening"):
            started.wait_until(host.is_held, "the init script waits")
            host.fail_starts(100)
        run = started.finish()
    assert "drydock.registry.restore" in why(run, host.name)
    assert not host.answers()
    host.fail_starts(0)
    host.assert_as_before(expectation, 60)


def test_hosts_of_one_storage_are_swept_together_or_not_at_all(bed: Bed, host_named: HostNamed) -> None:
    here, away = hosts = [host_named(name) for name in SHARING]
    expectation = here.fill()
    away.machine.cut()
    run = bed.play("cleanup", hosts, policies=KEEP_TWO, serial=1, reconnect_timeout=1)
    assert away.name in why(run, here.name)
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
