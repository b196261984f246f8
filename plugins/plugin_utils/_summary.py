# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each host of a play, as rows and as a table. Pure."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Iterator, Mapping, Sequence

from ansible_collections.drydock.registry.plugins.module_utils._basics.sizes import describe_size

RESULT = "registry_cleanup_result"
HEADINGS = (
    *("host", "plan", "before", "after", "closed"),
    *("tags", "manifests", "blobs", "bytes", "drift", "warnings", "outcome"),
)
_COUNTED = ("tags", "manifests", "blobs")
# Of a plan's id; enough to tell plans apart, and to compare it with a review.
_ID_SHOWN = 12
# Job logs are cut where they get long.
MOST_MESSAGES = 50
MOST_CHARACTERS = 400

Vars = Mapping[str, Any]
Outcome = Mapping[str, Any]


def outcomes(hosts: Iterable[str], hostvars: Mapping[str, Vars], alive: Collection[str]) -> list[dict[str, Any]]:
    """Return one row for each host: `host`, `status` and what its result has, which is none before its batch.

    `status` is ok, failed, unreachable or waiting. `alive` are the hosts that Ansible has not given up.
    """
    return [
        {"host": host, "status": _status(found, host in alive), "error": "" if host in alive else _ELSEWHERE, **found}
        for host in hosts
        for found in [hostvars[host].get(RESULT) or {}]
    ]


_ELSEWHERE = "its own message is further up"


def _status(result: Outcome, is_alive: bool) -> str:
    if result.get("error"):
        return "unreachable" if result["is_unreachable"] else "failed"
    if not is_alive:
        return "failed"
    return "ok" if result else "waiting"


def summary(outcomes: Sequence[Outcome], title: str = "", with_errors: bool = False) -> str:
    """Return the table and the warnings, each line ended by a newline.

    What failed is told where it failed; `with_errors` is for a report, which is read without that.
    """
    failures = [
        f"{one['status']}: {one['host']}: {_sentence(one['error'])} {one.get('advice') or ''}"
        for one in outcomes
        if one["error"]
    ]
    warnings = [f"warning: {one['host']}: {text}" for one in outcomes for text in one.get("warnings") or []]
    rows = [HEADINGS, *map(_row, outcomes), *([_total(outcomes)] if len(outcomes) > 1 else [])]
    lines = [
        *([title] if title else []),
        *_table(rows),
        *(" ".join(line.split()) for line in failures if with_errors),
        *_capped(warnings),
    ]
    return "".join(f"{line}\n" for line in lines)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _row(outcome: Outcome) -> list[str]:
    counts = outcome.get("deleted") or {}
    window = outcome.get("window_seconds")
    return [
        outcome["host"],
        (outcome.get("plan_id") or "-").partition(":")[2][:_ID_SHOWN] or "-",
        outcome.get("mode_before") or "-",
        outcome.get("mode_after") or "-",
        "-" if window is None else f"{window:.1f} s",
        *(str(counts.get(kind, "-")) for kind in _COUNTED),
        describe_size(counts["bytes"]) if "bytes" in counts else "-",
        str(outcome.get("drift_total", "-")),
        str(len(outcome.get("warnings") or [])),
        _word(outcome),
    ]


def _total(outcomes: Sequence[Outcome]) -> list[str]:
    counts = [outcome.get("deleted") or {} for outcome in outcomes]
    well = sum(outcome["status"] == "ok" for outcome in outcomes)
    return [
        *("total", "", "", "", ""),
        *(str(sum(one.get(kind, 0) for one in counts)) for kind in _COUNTED),
        describe_size(sum(one.get("bytes", 0) for one in counts)),
        str(sum(outcome.get("drift_total", 0) for outcome in outcomes)),
        str(sum(len(outcome.get("warnings") or []) for outcome in outcomes)),
        f"{well} of {len(outcomes)} ok",
    ]


def _word(outcome: Outcome) -> str:
    """Return how it ended; a host whose storage another one swept has no counts of its own."""
    if outcome.get("failed_step"):
        return f"{outcome['status']}: {outcome['failed_step']}"
    swept_by = outcome.get("swept_by") or outcome["host"]
    is_elsewhere = outcome["status"] == "ok" and swept_by != outcome["host"]
    return f"ok, swept by {swept_by}" if is_elsewhere else str(outcome["status"])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Words to the left, numbers to the right, two spaces between columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    numbers = range(HEADINGS.index("closed"), HEADINGS.index("outcome"))
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
