# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet itself: what the other tests on it rely on."""

from __future__ import annotations

from support.bed import SHARING, Bed
from support.registry_host import REPOSITORY, TAGS
from support.store import Store


def test_every_host_is_one_of_its_own(bed: Bed) -> None:
    hosts = bed.hosts()
    for host in hosts:
        host.fill()
        assert bed.ssh(host, "hostname").strip() == host.name
        assert host.tags() == list(TAGS)
        assert host.left() == []
    assert len({bed.ssh(host, "cat /proc/sys/kernel/random/boot_id") for host in hosts}) == len(hosts)
    first, second = bed.hosts(*SHARING)
    assert first.storage == second.storage
    assert sorted(Store(first.storage).tags(REPOSITORY)) == list(TAGS)
