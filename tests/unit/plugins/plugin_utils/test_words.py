# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says of a host on which nothing failed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._words import (
    describe_counts,
    restore_line,
    result_lines,
)

COUNTS = {"tags": 2, "manifests": 2, "blobs": 4, "bytes": 1_800_000, "uploads": 1}
RESULT: dict[str, Any] = {
    "plan_id": "sha256:1",
    "plan": COUNTS,
    "deleted": COUNTS,
    "kept": {"tags": 5, "manifests": 5, "blobs": 9, "bytes": 2000},
    "drift_total": 0,
    "drift_tags": 0,
    "drift": [],
    "left_untagged": 0,
    "young_tags": 0,
    "window_seconds": 1.25,
    "set_aside": None,
    "free_bytes_before": 10**9,
    "free_bytes_after": 2 * 10**9,
}


def said(*, leader: str = "h", preview: bool = False, api: bool = False, **changed: Any) -> list[str]:
    return result_lines({**RESULT, **changed}, leader, "h", preview, api)


def test_a_run() -> None:
    assert said() == [
        "deleted 2 tags, 2 manifests, 4 blobs, 1.8 MB, 1 abandoned upload; kept 5 tags, 5 manifests, 9 blobs, 2.0 kB",
        "plan sha256:1",
        "closed for 1.2 s",
        "free on the filesystem of the storage: 1.0 GB before, 2.0 GB now",
    ]


def test_a_preview_says_what_it_would_do() -> None:
    first, *_others, last = said(preview=True)
    assert first.startswith("would delete 2 tags")
    assert "would keep 5 tags" in first
    assert last == "free on the filesystem of the storage: 1.0 GB"


def test_nothing_to_do() -> None:
    found = said(deleted=dict.fromkeys(COUNTS, 0), window_seconds=None, free_bytes_before=None)
    assert found[0].startswith("deleted nothing; kept 5 tags")
    assert found[-1] == "not closed by this run"


GONE = "team/app:1 (is already gone)"


def entry(kind: str, name: str, repository: str | None = "team/app") -> dict[str, Any]:
    return {"repository": repository, "kind": kind, "name": name, "why": "is already gone"}


@pytest.mark.parametrize(
    ("drift", "more", "line"),
    [
        ([entry("tag", "1")], {}, "1 of 2 tags was left alone: team/app:1 (is already gone)"),
        (
            [entry("tag", "1"), entry("manifest", "sha256:2")],
            {"drift_total": 9, "drift_tags": 2},
            f"2 of 2 tags were left alone: {GONE}; and 1 more; and with them 7 other things of the plan",
        ),
        (
            [entry("blob", "sha256:2", None)],
            {"drift_total": 3, "drift_tags": 0},
            "3 things of the plan, no tags, were left alone: blob sha256:2 (is already gone); and 2 more",
        ),
    ],
)
def test_what_was_left_alone_is_named(drift: list[dict[str, Any]], more: dict[str, Any], line: str) -> None:
    counts = {"drift_total": len(drift), "drift_tags": len(drift), **more}
    assert said(drift=drift, **counts)[2] == line


def test_what_is_not_freed_yet() -> None:
    aside = said(set_aside={"path": "/var/lib/registry/x", "bytes": 1000})[3]
    assert aside.startswith("set aside and not freed yet: 1.0 kB in /var/lib/registry/x; the next run with ")
    collector = said(api=True, left_untagged=3, free_bytes_before=None)[-1]
    assert "garbage collector (for which 3 manifests wait)" in collector


def test_a_member_names_who_swept() -> None:
    assert said(leader="other") == ["swept by other", "closed for 1.2 s"]


def test_over_the_api_there_are_no_blobs() -> None:
    assert describe_counts({"tags": 1, "manifests": 0, "blobs": 0, "bytes": 0}) == "1 tag, 0 manifests"


def test_restoring() -> None:
    assert restore_line({"mode": "writable"}, is_over_api=False) == "The registry is writable."
    assert "maintenance method none" in restore_line({"mode": None}, is_over_api=False)
    assert "never closed" in restore_line({"mode": None}, is_over_api=True)


def test_a_new_registry_is_told_why_nothing_goes() -> None:
    found = said(preview=True, deleted=dict.fromkeys(COUNTS, 0), young_tags=38)
    assert found[:2] == [
        "would delete nothing; would keep 5 tags, 5 manifests, 9 blobs, 2.0 kB",
        "kept for now, as pushed within registry_cleanup_grace_period: 38 tags that else would go",
    ]
