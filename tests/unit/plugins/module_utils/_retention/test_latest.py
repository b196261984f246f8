# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who lets the tag `latest` go is told how to keep it."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.latest import latest_goes
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision
from support.graphs import digest


def decisions(*repositories: str, name: str = "latest", kept: bool = False) -> dict[str, list[Decision]]:
    return {one: [Decision(Tag(name, digest(1), 1.0), kept, "for a reason")] for one in repositories}


def test_the_repositories_are_named_and_what_keeps_the_tag() -> None:
    [warning] = latest_goes(decisions(*"abcdefg"), {})
    assert warning.startswith("a policy deletes a:latest, b:latest, c:latest, d:latest, e:latest, and 2 more: ")
    assert warning.endswith("keep_tags: [latest]")


def test_nothing_is_told_of_others_of_what_stays_and_of_what_does_not_pull() -> None:
    assert latest_goes(decisions("a", kept=True), {}) == []
    assert latest_goes(decisions("a", name="latest-1"), {}) == []
    assert latest_goes(decisions("a"), {"a": {"latest": "its config is missing"}}) == []
