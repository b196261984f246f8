# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which formats of an earlier run's files are known."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import UnknownFormatError
from ansible_collections.drydock.registry.plugins.module_utils._basics.formats import require_known_format


@pytest.mark.parametrize("data", [{}, {"format": 1}, {"format": 2}])
def test_what_was_written_by_this_version_or_an_earlier_one_is_known(data: dict[str, Any]) -> None:
    require_known_format(data, 2, "the lock /lock", "remove it")


@pytest.mark.parametrize("number", [3, 0, -1, True, "1", 1.0, None, [1]])
def test_anything_else_is_doubt(number: object) -> None:
    with pytest.raises(UnknownFormatError) as raised:
        require_known_format({"format": number}, 2, "the lock /lock", "remove it")
    assert str(raised.value) == (
        f"the lock /lock was written by a newer drydock.registry: its format is {number!r}, and this version knows "
        "none above 2; use that version, or remove it"
    )
