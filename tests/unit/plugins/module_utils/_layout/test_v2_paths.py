# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Distribution puts things (its registry/storage/paths.go)."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._layout import v2_paths

HEX = "ab" + "c" * 62
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (v2_paths.blob_data(DIGEST), f"blobs/sha256/ab/{HEX}/data"),
        (v2_paths.blobs_of(DIGEST), "blobs/sha256"),
        (v2_paths.repository("a/b"), "repositories/a/b"),
        (v2_paths.repository(""), "repositories"),
        (v2_paths.layer_link("a/b", DIGEST), f"repositories/a/b/_layers/sha256/{HEX}"),
        (v2_paths.revision("a", DIGEST), f"repositories/a/_manifests/revisions/sha256/{HEX}"),
        (v2_paths.tag_current("a", "v1"), "repositories/a/_manifests/tags/v1/current"),
        (v2_paths.tag_index("a", "v1"), "repositories/a/_manifests/tags/v1/index"),
        (v2_paths.upload("a", "u1"), "repositories/a/_uploads/u1"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize(
    ("path", "top"),
    [(v2_paths.blob_data(DIGEST), "blobs/sha256"), (v2_paths.uploads("a/b"), "repositories"), ("blobs", "blobs")],
)
def test_what_stays_even_if_it_is_empty(path: str, top: str) -> None:
    assert v2_paths.top_of(path) == top
