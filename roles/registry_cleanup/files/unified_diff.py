# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage: unified_diff.py DESTINATION < diff.json. Runs on the controller.

The input is a module's `diff`: {"before": text, "after": text}, as --diff shows it, or a list of such.
"""

from __future__ import annotations

import difflib
import json
import sys


def unified(parts: list[dict[str, str]]) -> str:
    """The text that --diff shows; empty where nothing differs."""
    lines: list[str] = []
    for part in parts:
        before = part.get("before", "").splitlines(keepends=True)
        after = part.get("after", "").splitlines(keepends=True)
        lines += difflib.unified_diff(before, after, "before", "after")
    return "".join(lines)


def main() -> None:
    diff = json.load(sys.stdin)
    with open(sys.argv[1], "w", encoding="utf-8") as destination:
        destination.write(unified(diff if isinstance(diff, list) else [diff]))


if __name__ == "__main__":
    main()
