# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A weight takes little memory and says all."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight


@given(st.integers(0, 2**53), st.floats(0, 4e9))
def test_a_weight_is_its_size_and_its_time_to_the_bit(size: int, modified: float) -> None:
    weight = Weight(size, modified)

    assert (weight.size, weight.modified) == (size, modified)
    assert list(weight) == [size, modified]
    assert weight == Weight(size, modified)


def test_a_weight_takes_half_the_memory_of_a_tuple() -> None:
    size, modified = 1000, 2.0

    assert 2 * sys.getsizeof(Weight(size, modified)) < sum(map(sys.getsizeof, ((size, modified), size, modified)))
