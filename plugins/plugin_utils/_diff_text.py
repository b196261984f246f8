# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffs as `--diff` shows them: which host each is of, and the text. Pure."""

from __future__ import annotations

import difflib
from typing import Any, Mapping


def with_headers(diff: Any, host: str) -> Any:
    """Return what a module returned as its `diff`, with the host's name above it: a fleet's log has many."""
    if isinstance(diff, Mapping):
        return {"before_header": host, "after_header": host, **diff}
    return [with_headers(part, host) for part in diff] if isinstance(diff, list) else diff


def diff_text(diff: Mapping[str, str] | list[Mapping[str, str]]) -> str:
    """Return the lines of all parts, one after the other; empty where nothing differs."""
    lines: list[str] = []
    for part in [diff] if isinstance(diff, Mapping) else diff:
        before, after = (str(part.get(side, "")).splitlines(keepends=True) for side in ("before", "after"))
        lines += difflib.unified_diff(before, after, _header("before", part), _header("after", part))
    return "".join(lines)


def _header(side: str, part: Mapping[str, str]) -> str:
    name = part.get(f"{side}_header")
    return f"{side}: {name}" if name else side
