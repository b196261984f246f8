# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globs and regular expressions: what a pattern matches, and what is said of one that is none."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.patterns import compile_pattern


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("team-*/**", ["team-a/x", "team-a/x/y"], ["team-a", "team/x", "other/team-a/x"]),
        ("**", ["a", "a/b/c"], []),
        ("*", ["a", "v1.0"], ["a/b"]),
        ("**/app", ["app", "x/app", "x/y/app"], ["x/app/y", "xapp"]),
        ("v1.?", ["v1.0"], ["v1.10", "v1x0"]),
        (r"~v\d+", ["v1", "v10"], ["v1.0", "av1"]),
    ],
)
def test_patterns(glob: str, matching: list[str], others: list[str]) -> None:
    pattern = compile_pattern(glob, "tags")
    assert [name for name in matching if not pattern.matches(name)] == []
    assert [name for name in others if pattern.matches(name)] == []
