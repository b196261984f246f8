# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results stay small whatever the size of the registry."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._report.report import CAP, describe_removal, shares_of
from support.large import KEPT, TAGS, large_graph, large_plan


def test_lists_are_capped_and_counted() -> None:
    graph, plan = large_graph(), large_plan()
    result = describe_removal(graph, plan, plan.removal, [], shares_of(graph, plan.removal))
    assert (len(result["tags_deleted"]), result["tags_deleted_total"]) == (CAP, TAGS)
    assert result["plan"]["bytes"] == TAGS * 10
    assert result["kept"] == {"tags": KEPT, "manifests": KEPT, "blobs": 2 * KEPT, "bytes": KEPT * 10}
    assert [(row["name"], row["tags_after"], row["bytes"]) for row in result["repositories"]] == [
        ("app", KEPT, TAGS * 10)
    ]
