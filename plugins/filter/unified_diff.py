# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unified_diff
short_description: The diff of a task as text
version_added: 1.0.0
description:
  - Turns what a module returns as its C(diff) into the text that C(--diff) shows.
author:
  - drydock maintainers (@drydock)
options:
  _input:
    description: The C(diff) of a task's result, a dictionary with C(before) and C(after) or a list of these.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Keep what a clean-up would do
  ansible.builtin.copy:
    content: "{{ planned.diff | drydock.registry.unified_diff }}"
    dest: review/registry1.diff
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The diff as text, empty where nothing differs.
  type: str
"""

import difflib
from typing import Any, Callable, Mapping

Part = Mapping[str, str]


def unified_diff(diff: Part | list[Part]) -> str:
    """Return the lines of all parts, one after the other."""
    lines: list[str] = []
    for part in [diff] if isinstance(diff, Mapping) else diff:
        before, after = (str(part.get(side, "")).splitlines(keepends=True) for side in ("before", "after"))
        lines += difflib.unified_diff(before, after, "before", "after")
    return "".join(lines)


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"unified_diff": unified_diff}
