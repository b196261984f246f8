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
        ({"__registry_cleanup_planned": GONE}, False, {"status": "unreachable", "error": "no route to host"}),
        ({"__registry_cleanup_planned": {}}, False, {"status": "failed", "error": "its own message is further up"}),
        ({"__registry_cleanup_error": "Plan: refused"}, True, {"status": "failed", "error": "Plan: refused"}),
        (
            {"__registry_cleanup_error": "lost", "__registry_cleanup_applied": GONE, "registry_cleanup_result": {1: 2}},
            False,
            {"status": "failed", "error": "lost", 1: 2},
        ),
    ],
)
def test_the_status_follows_from_what_the_role_left(
    variables: dict[str, Any], alive: bool, expected: dict[str, Any]
) -> None:
    assert outcomes(["h"], {"h": variables}, ["h"] if alive else []) == [{"host": "h", **expected}]
