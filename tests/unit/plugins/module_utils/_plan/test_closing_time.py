# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease for a plan: minutes for little, and many times as long as it takes for much."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.durations import parse_duration
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Counts
from ansible_collections.drydock.registry.plugins.module_utils._plan.closing_time import lease_for


@pytest.mark.parametrize(
    ("entries", "removed", "lease"),
    [
        (0, Counts(), "10m"),
        (100, Counts(tags=2, manifests=2, blobs=6, bytes=2**40), "11m"),
        # Measured: closed for 12 s, for 18 s in a bucket.
        (184_020, Counts(blobs=25_000), "30m"),
        (99_380, Counts(blobs=62_643), "29m"),
    ],
)
def test_a_lease_fits_what_is_to_be_done(entries: int, removed: Counts, lease: str) -> None:
    assert lease_for(entries, removed) == lease


def test_more_work_has_a_longer_lease_and_bytes_do_not_count() -> None:
    def seconds(entries: int, removed: Counts) -> float:
        return parse_duration(lease_for(entries, removed), "lease")

    little = seconds(10_000, Counts(tags=100))
    assert seconds(10_000, Counts(tags=100, bytes=2**50)) == little
    assert seconds(100_000, Counts(tags=100)) > little
    assert seconds(10_000, Counts(tags=100, layer_links=100_000)) > little
