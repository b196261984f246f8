# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pure file of module_utils has a test file of its own, and every test file there is named after a file."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).parents[2]
CODE, TESTS = ROOT / "plugins" / "module_utils", ROOT / "tests" / "unit" / "plugins" / "module_utils"
#: Of the standard library what neither reads nor writes, knows no time of day and makes no two answers.
PURE = {
    "__future__", "abc", "bisect", "codecs", "collections", "contextlib", "copy", "dataclasses", "datetime", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "string", "typing",
    "urllib.parse", "xml.etree",
}  # fmt: skip


def imports(path: Path) -> Iterator[Path | str]:
    """Yield what a file imports: a file of module_utils, or the name of another module."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            inside = [folder / f"{one.name}.py" for one in node.names]
            yield from inside if folder.is_dir() else [folder.with_suffix(".py")]


@cache
def is_pure(path: Path) -> bool:
    return all(one in PURE if isinstance(one, str) else is_pure(one) for one in imports(path))


def decides(path: Path) -> bool:
    """Tell whether there is a function in it: plain data has nothing to test."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_bytes())))


def names(top: Path, beginning: str) -> set[str]:
    found = (path.relative_to(top) for path in top.rglob(f"{beginning}*.py") if path.stem != "__init__")
    return {str(path.with_name(path.stem.removeprefix(beginning))) for path in found}


def test_every_pure_file_has_its_own() -> None:
    pure = {name for name in names(CODE, "") if is_pure(CODE / f"{name}.py") and decides(CODE / f"{name}.py")}
    assert len(pure) > 30
    assert sorted(pure - names(TESTS, "test_")) == []


def test_every_test_file_is_named_after_a_file() -> None:
    """Or after a part of its subject: `planning_api` is about `planning`."""
    there = names(CODE, "")
    assert [
        one for one in sorted(names(TESTS, "test_")) if not any(f"{one}_".startswith(f"{name}_") for name in there)
    ] == []
