# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file of module_utils lies in a wing, and a wing imports only wings above it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator

MODULE_UTILS = Path(__file__).parents[2] / "plugins" / "module_utils"
#: From top to bottom, as docs/design.md explains them. The API and the layouts know nothing of each other.
WINGS = [
    "_basics",
    "_graph",
    "_client",
    "_registry",
    "_storage",
    "_retention",
    "_api",
    "_layout",
    "_plan",
    "_lock",
    "_report",
    "_proof",
    "_apply",
    "_maintenance",
    "_tasks",
]
FORBIDDEN = {
    "_layout": {"_client", "_api"},
    "_maintenance": {"_retention", "_api", "_plan", "_report", "_apply"},
}


def arrows() -> Iterator[tuple[str, str, str]]:
    """Yield each import of another wing: the file, its wing, the other one."""
    for path in sorted(MODULE_UTILS.rglob("*.py")):
        folder = path.relative_to(MODULE_UTILS).parts[:-1]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level == len(folder) + 1:
                for one in [node.module] if node.module else [alias.name for alias in node.names]:
                    yield str(path.relative_to(MODULE_UTILS)), folder[0], one.split(".")[0]


def test_no_file_is_loose() -> None:
    assert {path.name for path in MODULE_UTILS.iterdir() if path.name != "__pycache__"} == set(WINGS)


def test_no_arrow_runs_back() -> None:
    back = [(file, other) for file, wing, other in arrows() if WINGS.index(other) >= WINGS.index(wing)]
    assert not back


def test_what_may_not_know_each_other_does_not() -> None:
    assert not [(file, other) for file, wing, other in arrows() if other in FORBIDDEN.get(wing, ())]
