# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a play."""

from __future__ import annotations

from typing import Any

from ansible_collections.drydock.registry.plugins.filter.summary import MOST_MESSAGES, summary

CLEANED = {
    "host": "registry1",
    "status": "ok",
    "error": "",
    "mode_before": "writable",
    "mode_after": "writable",
    "window_seconds": 4.25,
    "warnings": ["one\nword"],
    "swept_by": "registry1",
    "deleted": {"tags": 12, "manifests": 3, "blobs": 4, "bytes": 5 * 1024 * 1024},
}
NOTHING: dict[str, Any] = {"window_seconds": None, "deleted": None, "warnings": []}


def lines(*outcomes: dict[str, Any]) -> list[str]:
    return summary(outcomes).splitlines()


def words(line: str) -> str:
    return " ".join(line.split())


def test_a_host_has_its_modes_window_and_counts() -> None:
    headings, row, warning = lines(CLEANED)
    assert words(headings) == "host before after window s tags manifests blobs bytes warnings outcome"
    assert words(row) == "registry1 writable writable 4.2 12 3 4 5.00 MB 1 ok"
    assert warning == "warning: registry1: one word"


def test_a_host_whose_storage_another_one_swept_has_no_counts() -> None:
    row = lines(CLEANED, {**CLEANED, **NOTHING, "host": "registry2"})[2]
    assert words(row) == "registry2 writable writable - - - - - 0 ok, swept by registry1"


def test_a_title_stands_above_it() -> None:
    assert summary([CLEANED], "What it is").splitlines() == ["What it is", *lines(CLEANED)]


def test_hosts_that_failed_are_in_the_table_and_say_why() -> None:
    table = lines({"host": "far", "status": "unreachable", "error": "no route"}, {**CLEANED, "warnings": []})
    assert words(table[1]) == "far - - - - - - - 0 unreachable"
    assert table[3:] == ["unreachable: far: no route"]


def test_columns_stand_below_each_other() -> None:
    headings, *rows = lines(CLEANED, {**CLEANED, **NOTHING, "host": "a-much-longer-name"})[:3]
    assert {row.index("writable") for row in rows} == {headings.index("before")}
    assert {row.index("ok") for row in rows} == {headings.index("outcome")}


def test_many_and_long_messages_are_cut() -> None:
    rows = lines({**CLEANED, "warnings": ["x" * 9999] * (MOST_MESSAGES + 3)})[2:]
    assert len(rows) == MOST_MESSAGES + 1
    assert rows[-1] == "… and 3 more"
    assert max(map(len, rows)) < 1000
