# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each host, from the facts that the role leaves."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.filter.outcomes import outcomes

GONE = {"unreachable": True, "msg": "no route to host"}


@pytest.mark.parametrize(
    ("variables", "alive", "expected"),
    [
        ({"registry_cleanup_result": {"changed": True}}, True, {"status": "ok", "error": "", "changed": True}),
        ({}, True, {"status": "waiting", "error": ""}),
        ({"registry_cleanup_result": {}}, True, {"status": "waiting", "error": ""}),
        ({"planned": GONE}, False, {"status": "unreachable", "error": "no route to host"}),
        ({"planned": {}}, False, {"status": "failed", "error": "its own message is further up"}),
        ({"why": "Plan: refused"}, True, {"status": "failed", "error": "Plan: refused"}),
        (
            {"why": "lost", "applied": GONE, "registry_cleanup_result": {1: 2}},
            False,
            {"status": "failed", "error": "lost", 1: 2},
        ),
    ],
)
def test_the_status_follows_from_what_the_role_left(
    variables: dict[str, Any], alive: bool, expected: dict[str, Any]
) -> None:
    found = outcomes(["h"], {"h": variables}, ["h"] if alive else [], "why", ["planned", "applied"])
    assert found == [{"host": "h", **expected}]


def test_without_names_of_variables_the_result_alone_counts() -> None:
    found = outcomes(["h", "i"], {"h": {"registry_cleanup_result": {1: 2}}, "i": {}}, ["h"])
    assert [row["status"] for row in found] == ["ok", "failed"]
