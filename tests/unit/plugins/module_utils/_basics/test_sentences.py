# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of many things the first are named and the others counted."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._basics.sentences import counted, few


def test_what_is_more_is_counted() -> None:
    assert few([]) == []
    assert few(list("abcde")) == list("abcde")
    assert few(list("abcdefg")) == [*"abcde", "and 2 more"]
    assert few(list("abc"), 1) == ["a", "and 2 more"]


def test_one_is_not_many() -> None:
    assert [counted(number, "tag") for number in (0, 1, 2)] == ["0 tags", "1 tag", "2 tags"]
    assert [counted(number, "empty repository") for number in (1, 2)] == ["1 empty repository", "2 empty repositories"]
    assert [counted(number, "piece of debris") for number in (1, 2)] == ["1 piece of debris", "2 pieces of debris"]
