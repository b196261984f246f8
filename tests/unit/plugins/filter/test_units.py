# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts share a storage."""

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.filter.units import NAME, units


def test_hosts_of_one_name_are_one_unit_in_their_order() -> None:
    storages = {"a": "nfs", "c": "s3", "d": "nfs", "e": "", "f": None}
    hostvars: dict[str, Any] = {"b": {}, **{host: {NAME: storage} for host, storage in storages.items()}}
    assert units("dcbaef", hostvars) == {"nfs": ["d", "a"], "s3": ["c"]}
