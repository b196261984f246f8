# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a storage comes back from its file, and a damaged file names nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.store_name import (
    StoreName,
    new_store_name,
    read_store_name,
)

PLAN = Plan({}, {}, 0.0, Removal(), {})
NAMES = st.from_regex(r"[0-9a-f]{32}", fullmatch=True, alphabet="0123456789abcdef")


@given(NAMES, NAMES.map(lambda half: f"sha256:{half}{half}"))
def test_it_comes_back_from_its_file(name: str, plan: str) -> None:
    found = StoreName(name, plan)
    assert read_store_name(found.content().encode()) == found


def test_no_two_storages_have_the_same_and_each_remembers_its_first_plan() -> None:
    one, other = new_store_name(PLAN), new_store_name(PLAN)
    assert one.source() != other.source()
    assert one.first_plan == PLAN.id


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.upper(),
        lambda text: text * 2,
        lambda _text: b"\xff",
        lambda _text: b"",
    ],
)
def test_a_damaged_file_names_nothing(damage: Any) -> None:
    assert read_store_name(damage(new_store_name(PLAN).content().encode())) is None
    assert read_store_name(None) is None
