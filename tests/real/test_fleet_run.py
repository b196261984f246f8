# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean-up of the whole fleet, with clients that push and pull meanwhile; and hosts that share one storage."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Sequence

import pytest

from support import images
from support.bed import FLEET, SHARING, Bed
from support.fleet import checked
from support.images import Image
from support.playbook import StartedPlaybook
from support.pulls import Pulls
from support.pushing import PushError, skopeo_push
from support.registry_host import KEEP_TWO, KEPT, REPOSITORY, Hold, RegistryHost
from support.store import Store
from support.verify import assert_whole

pytestmark = pytest.mark.usefixtures("skopeo_installed")
# Of the two that share a storage each gets another one: what the first was given the second has.
DOOMED = {**dict.fromkeys(FLEET, "1"), SHARING[-1]: "2"}


def test_the_whole_fleet_while_clients_push_and_pull(
    bed: Bed, workspace: Path, record_property: Callable[[str, object], None]
) -> None:
    hosts, report = bed.hosts(), workspace / "report"
    expectations = {host.name: host.fill() for host in hosts}
    with ExitStack() as stack:
        pulls = {host.name: stack.enter_context(Pulls(host, expectations[host.name])) for host in hosts}
        starting = stack.enter_context(bed["proxied"].held("starting"))
        opening = [stack.enter_context(host.held("opening")) for host in hosts]
        run = stack.enter_context(bed.start_play("cleanup", hosts, policies=KEEP_TWO, report_dir=str(report)))
        for host, hold in zip(hosts, opening, strict=True):
            run.wait_until(hold.is_reached, f"{host.name} is about to open")
            assert host.is_closed()
            with pytest.raises(PushError):
                push_doomed(host, workspace)
        release_while_somebody_pulls(run, pulls["proxied"], opening, starting)
        first = run.finish()
    for name, pulled in pulls.items():
        record_property(f"pulls from {name} that failed", f"{len(pulled.failures)} of {pulled.begun}")
    assert pulls["proxied"].failures == []
    rows = json.loads((report / "summary.json").read_text())
    assert rows == [{"host": row["host"], "status": "ok", **checked(first, row["host"])} for row in rows]
    assert sorted(row["host"] for row in rows) == sorted(pulls)
    assert all(row["window_seconds"] > 0 for row in rows)
    assert [one["tags"] for name in SHARING if (one := checked(first, name)["deleted"])] == [2]
    again = bed.play("cleanup", hosts, policies=KEEP_TWO).check()
    assert {name: stats["changed"] for name, stats in again.stats.items()} == {host.name: 0 for host in hosts}
    for host in hosts:
        assert host.tags() == list(KEPT)
        host.assert_as_before(expectations[host.name])
    for host in hosts:
        assert_taken_again(host, workspace)


def push_doomed(host: RegistryHost, workspace: Path) -> None:
    """By a real client, which leaves out what the registry says that it has."""
    skopeo_push(host, REPOSITORY, DOOMED[host.name], doomed(host), workspace / host.name)


def doomed(host: RegistryHost) -> Image:
    return images.image(f"{REPOSITORY}:{DOOMED[host.name]}")


def assert_taken_again(host: RegistryHost, workspace: Path) -> None:
    """What was deleted is uploaded: no cache says that it is still there."""
    blobs = {doomed(host).digest, *(blob.digest for blob in doomed(host).blobs)}
    assert not blobs & set(Store(host.storage).blobs())
    push_doomed(host, workspace)
    assert blobs <= set(Store(host.storage).blobs())
    assert_whole(host, REPOSITORY, [DOOMED[host.name]])


def release_while_somebody_pulls(run: StartedPlaybook, pulls: Pulls, opening: Sequence[Hold], starting: Hold) -> None:
    """Behind nginx there is a pull from its begin to its end in the window, and one while the registry is not there."""
    before = pulls.begun
    run.wait_until(lambda: pulls.ended > before, "a pull in the window")
    for hold in opening:
        hold.release()
    run.wait_until(starting.is_reached, "the registry behind nginx is stopped")
    run.wait_until(lambda: pulls.begun > pulls.ended, "a pull that waits for the registry")
    starting.release()
