# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of a bucket without a bucket: whatever keys there are and wherever it is cut, nothing is lost or doubled."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import StorageError
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3 import ranges as s3_ranges
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.page import (
    Entry,
    Page,
)
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.ranges import list_below

PARTS = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "~", "é", "_layers", "_manifests", "sha256", "3f", "c0", "tags"])
KEYS = st.lists(st.lists(PARTS, min_size=1, max_size=5).map("/".join), unique=True, max_size=60).map(sorted)


class Fake:
    """A bucket with pages of three keys."""

    size = 3

    def __init__(self, keys: list[str]) -> None:
        self.entries = [Entry(key, len(key), float(number), "") for number, key in enumerate(keys)]
        self.asked = 0

    def page(self, prefix: str, after: str, delimiter: str) -> Page:
        self.asked += 1
        found = [one for one in self.entries if one.key.startswith(prefix) and one.key > after]
        if delimiter:
            inner = [one.key[len(prefix) :].partition(delimiter) for one in found]
            return Page([], sorted({f"{prefix}{name}{slash}" for name, slash, _rest in inner if slash}), True)
        return Page(found[: self.size], [], len(found) <= self.size)


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3_ranges, "PAGE", Fake.size)
        yield


@given(KEYS, KEYS)
def test_every_key_is_listed_once_and_in_order(keys: list[str], more: list[str]) -> None:
    fake = Fake([f"top/{key}" for key in keys])
    others = [Entry(f"top/{key}.unfinished", 1, 2.0, "") for key in more]
    listed = list(list_below(fake.page, "top/", others).below("top"))
    assert listed == sorted([*fake.entries, *others])


@given(KEYS)
def test_cutting_costs_a_constant_number_of_requests(keys: list[str]) -> None:
    fake = Fake([f"top/{key}" for key in keys])
    list_below(fake.page, "top/", [])
    assert fake.asked <= len(keys) / Fake.size + 2 + 4 + 16


def test_no_place_for_a_listing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(StorageError, match="the listing can't be kept in /nowhere: No such file"):
        list_below(Fake(["top/a"]).page, "top/", [])
