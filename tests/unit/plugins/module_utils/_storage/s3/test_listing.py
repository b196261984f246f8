# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings packed into memory and a file: which names they have where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.listing import PackedKeys, PageFile
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.page import (
    Entry,
)

PARTS = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "~", "é", "_layers", "_manifests", "sha256", "3f", "c0", "tags"])
KEYS = st.lists(st.lists(PARTS, min_size=1, max_size=5).map("/".join), unique=True, max_size=60).map(sorted)


@given(KEYS, st.lists(PARTS, max_size=3).map("/".join))
def test_names_are_those_of_directories(keys: list[str], directory: str) -> None:
    where = f"top/{directory}".rstrip("/")
    entries = [Entry(f"top/{key}", 1, 2.0, "") for key in keys]
    found = PackedKeys(entries, PageFile()).names(where)
    rests = [entry.key[len(where) + 1 :] for entry in entries if entry.key.startswith(f"{where}/")]
    assert found.directories == sorted({rest.partition("/")[0] for rest in rests if "/" in rest}, key=lambda n: f"{n}/")
    assert found.files == sorted(rest for rest in rests if "/" not in rest)
