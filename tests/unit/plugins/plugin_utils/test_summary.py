# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each host, from the facts that the role leaves, and the table at the end of a play."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._summary import MOST_MESSAGES, outcomes, summary

FINE: dict[str, Any] = {"changed": True, "error": ""}
FAILED: dict[str, Any] = {"error": "Plan: refused", "is_unreachable": False}
LOST: dict[str, Any] = {"error": "Plan: gone", "is_unreachable": True}
CLEANED = {
    "host": "registry1",
    "status": "ok",
    "error": "",
    "plan_id": "sha256:0123456789abcdef",
    "mode_before": "writable",
    "mode_after": "writable",
    "window_seconds": 4.25,
    "warnings": ["one\nword"],
    "swept_by": "registry1",
    "deleted": {"tags": 12, "manifests": 3, "blobs": 4, "bytes": 5_000_000},
    "drift_total": 2,
}
NOTHING: dict[str, Any] = {"window_seconds": None, "deleted": None, "warnings": [], "plan_id": None, "drift_total": 0}


@pytest.mark.parametrize(
    ("result", "alive", "status"),
    [
        (FINE, True, "ok"),
        (None, True, "waiting"),
        ({}, True, "waiting"),
        ({}, False, "failed"),
        (FAILED, True, "failed"),
        (LOST, True, "unreachable"),
        (LOST, False, "unreachable"),
    ],
)
def test_the_status_follows_from_what_the_role_left(result: Any, alive: bool, status: str) -> None:
    (found,) = outcomes(["h"], {"h": {"registry_cleanup_result": result}}, ["h"] if alive else [])
    assert found["status"] == status
    assert found["host"] == "h"
    assert bool(found["error"]) == (status in ("failed", "unreachable"))


def lines(*rows: dict[str, Any], **options: Any) -> list[str]:
    return summary(rows, **options).splitlines()


def words(line: str) -> str:
    return " ".join(line.split())


def test_a_host_has_its_plan_modes_window_and_counts() -> None:
    headings, row, warning = lines(CLEANED)
    assert words(headings) == "host plan before after closed tags manifests blobs bytes drift warnings outcome"
    assert words(row) == "registry1 0123456789ab writable writable 4.2 s 12 3 4 5.0 MB 2 1 ok"
    assert warning == "warning: registry1: one word"


def test_a_total_ends_the_table_of_more_than_one_host() -> None:
    other = {**CLEANED, "host": "registry2", "warnings": []}
    *_rows, total = lines({**CLEANED, "warnings": []}, other, {"host": "far", "status": "waiting", "error": ""})
    assert words(total) == "total 24 6 8 10.0 MB 4 0 2 of 3 ok"


def test_a_host_whose_storage_another_one_swept_has_no_counts() -> None:
    row = lines(CLEANED, {**CLEANED, **NOTHING, "host": "registry2"})[2]
    assert words(row) == "registry2 - writable writable - - - - - 0 0 ok, swept by registry1"


def test_a_title_stands_above_it() -> None:
    assert summary([CLEANED], "What it is").splitlines() == ["What it is", *lines(CLEANED)]


def test_why_a_host_failed_is_only_told_in_a_report() -> None:
    failed = {
        "host": "far",
        "status": "unreachable",
        "error": "Plan: no\nroute",
        "failed_step": "Plan",
        "advice": "Do it.",
    }
    _headings, row = lines(failed)
    assert words(row) == "far - - - - - - - - - 0 unreachable: Plan"
    assert lines(failed, with_errors=True)[2:] == ["unreachable: far: Plan: no route. Do it."]


def test_columns_stand_below_each_other() -> None:
    headings, *rows = lines(CLEANED, {**CLEANED, **NOTHING, "host": "a-much-longer-name"})[:3]
    assert {row.index("writable") for row in rows} == {headings.index("before")}
    assert {row.index("ok") for row in rows} == {headings.index("outcome")}


def test_many_and_long_warnings_are_cut() -> None:
    rows = lines({**CLEANED, "warnings": ["x" * 9999] * (MOST_MESSAGES + 3)})[2:]
    assert len(rows) == MOST_MESSAGES + 1
    assert rows[-1] == "… and 3 more"
    assert max(map(len, rows)) < 1000
