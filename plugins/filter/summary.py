# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: A table of what became of each host, as text
version_added: 1.0.0
description:
  - Shows for each host its registry's mode before and after, how many seconds it was closed, and what was deleted.
  - Failures and warnings are listed below the table, the first of them at least.
author:
  - drydock maintainers (@drydock)
options:
  _input:
    description: One dictionary a host, as P(drydock.registry.outcomes#filter) returns them.
    type: list
    elements: dict
    required: true
  title:
    description: A line above the table.
    type: str
    default: ""
seealso:
  - plugin: drydock.registry.outcomes
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the table
  ansible.builtin.debug:
    msg: "{{ (ansible_play_hosts_all | drydock.registry.outcomes(hostvars, ansible_play_hosts)
              | drydock.registry.summary).splitlines() }}"
"""

RETURN = r"""
_value:
  description: The table, and below it what failed and the warnings.
  type: str
"""

from typing import Any, Callable, Iterator, Mapping, Sequence

from ansible.module_utils.common.text.formatters import bytes_to_human

HEADINGS = ("host", "before", "after", "window s", "tags", "manifests", "blobs", "bytes", "warnings", "outcome")
# Job logs are cut where they get long.
MOST_MESSAGES = 50
MOST_CHARACTERS = 400

Outcome = Mapping[str, Any]


def summary(outcomes: Sequence[Outcome], title: str = "") -> str:
    """Return the table and the messages, each line ended by a newline."""
    failures = [f"{one['status']}: {one['host']}: {one['error']}" for one in outcomes if one["error"]]
    warnings = [f"warning: {one['host']}: {text}" for one in outcomes for text in one.get("warnings") or []]
    lines = [
        *([title] if title else []),
        *_table([HEADINGS, *map(_row, outcomes)]),
        *_capped(failures),
        *_capped(warnings),
    ]
    return "".join(f"{line}\n" for line in lines)


def _row(outcome: Outcome) -> list[str]:
    counts = outcome.get("deleted") or {}
    window = outcome.get("window_seconds")
    return [
        outcome["host"],
        outcome.get("mode_before") or "-",
        outcome.get("mode_after") or "-",
        "-" if window is None else f"{window:.1f}",
        *(str(counts.get(kind, "-")) for kind in ("tags", "manifests", "blobs")),
        bytes_to_human(counts["bytes"]) if "bytes" in counts else "-",
        str(len(outcome.get("warnings") or [])),
        _word(outcome),
    ]


def _word(outcome: Outcome) -> str:
    """Return how it ended; a host whose storage another one swept has no counts of its own."""
    swept_by = outcome.get("swept_by") or outcome["host"]
    is_elsewhere = outcome["status"] == "ok" and swept_by != outcome["host"]
    return f"ok, swept by {swept_by}" if is_elsewhere else str(outcome["status"])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Words to the left, numbers to the right, two spaces between columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    numbers = range(HEADINGS.index("window s"), HEADINGS.index("outcome"))
    for row in rows:
        cells = [
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(cells).rstrip()


def _capped(messages: Sequence[str]) -> Iterator[str]:
    for message in messages[:MOST_MESSAGES]:
        line = " ".join(message.split())
        yield line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"
    if len(messages) > MOST_MESSAGES:
        yield f"… and {len(messages) - MOST_MESSAGES} more"


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"summary": summary}
