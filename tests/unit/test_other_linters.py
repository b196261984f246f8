# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-test sanity` of other versions of ansible-core refuses, seen without them. They run on the forge."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
TREES = {
    path: ast.parse(path.read_bytes())
    for top in ("plugins", "tests", "demo", "bench", ".ci")
    for path in (ROOT / top).rglob("*.py")
}


def test_no_body_stands_beside_its_def() -> None:
    """pep8 of 2.18 (E704). The formatter makes it of a body that is only `...`."""
    functions = (
        (path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    )
    assert not [f"{path}:{node.lineno}" for path, node in functions if node.body[0].lineno == node.lineno]


def test_nothing_is_named_by_an_underscore_alone() -> None:
    """pylint of 2.18 and 2.20 (disallowed-name)."""
    names = ((path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.Name))
    assert not [f"{path}:{node.lineno}" for path, node in names if node.id == "_"]
