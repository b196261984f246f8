# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean-up of the whole fleet, with clients that push and pull meanwhile; and hosts that share one storage."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Callable

import pytest

from support import images
from support.bed import SHARING, Bed
from support.fleet import checked
from support.pulls import Pulls
from support.pushing import PushError, skopeo_push
from support.registry_host import KEEP_TWO, KEPT

pytestmark = pytest.mark.usefixtures("skopeo_installed")


def test_the_whole_fleet_while_clients_push_and_pull(
    bed: Bed, workspace: Path, record_property: Callable[[str, object], None]
) -> None:
    hosts = bed.hosts()
    expectations = {host.name: host.fill() for host in hosts}
    with ExitStack() as stack:
        pulls = {host.name: stack.enter_context(Pulls(host, expectations[host.name])) for host in hosts}
        holds = [stack.enter_context(host.held("opening")) for host in hosts]
        run = stack.enter_context(bed.start_play("cleanup", hosts, policies=KEEP_TWO))
        for host in hosts:
            run.wait_until(host.is_closed, f"{host.name} is closed")
            with pytest.raises(PushError):
                skopeo_push(host, "team/other", "1", images.image("during"), workspace / host.name)
        for hold in holds:
            hold.unlink()
        first = run.finish()
    for host in hosts:
        print(f"{host.name}: {len(pulls[host.name].failures)} of {pulls[host.name].count} pulls failed")  # noqa: T201
        record_property(f"failed pulls of {host.name}", len(pulls[host.name].failures))
        assert checked(first, host.name)["window_seconds"] > 0
        assert host.tags() == list(KEPT)
        assert first.output.rpartition("Summary")[2].count(host.name) >= 1
        skopeo_push(host, "team/other", "1", images.image("during"), workspace / host.name)
    assert pulls["proxied"].count > 0
    assert pulls["proxied"].failures == []
    assert [one["tags"] for name in SHARING if (one := checked(first, name)["deleted"])] == [2]
    again = bed.play("cleanup", hosts, policies=KEEP_TWO).check()
    assert {name: stats["changed"] for name, stats in again.stats.items()} == {host.name: 0 for host in hosts}
    for host in hosts:
        host.assert_as_before(expectations[host.name])
