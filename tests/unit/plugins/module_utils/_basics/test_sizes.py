# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    InvalidOptionError,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.sizes import parse_optional_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("50GB", 50 * 10**9), ("10GiB", 10 * 2**30), ("1.5kB", 1500), ("1048576", 1048576), ("7 B", 7), (None, None)],
)
def test_sizes(text: str | None, size: int | None) -> None:
    assert parse_optional_size(text, "max_delete_bytes") == size


@pytest.mark.parametrize("text", ["50G", "-1", "ten", "5gb", "", "1e9", "5 %", "9" * 400, "1.5.0GB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"max_delete_bytes.*50GB"):
        parse_optional_size(text, "max_delete_bytes")


UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GiB": 2**30, "PiB": 2**50}


@given(st.integers(0, 10**12), st.sampled_from(sorted(UNITS)))
def test_whole_units_are_exact(number: int, unit: str) -> None:
    assert parse_optional_size(f"{number}{unit}", "max_delete_bytes") == number * UNITS[unit]


@given(st.decimals(0, 10**9, places=9), st.sampled_from(["GB", "TiB"]))
def test_no_byte_is_added_by_a_fraction(number: Decimal, unit: str) -> None:
    size = parse_optional_size(f"{number:f}{unit}", "max_delete_bytes")
    assert size == int(Fraction(number) * {"GB": 10**9, "TiB": 2**40}[unit])
