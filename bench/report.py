# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's tables, as Markdown that reads well as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.measure import Cost
from bench.store import Counts, Shape

KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Target:
    """Something promised: `found` has to be at least, or at most, `wanted`."""

    what: str
    found: float
    wanted: float
    unit: str
    at_least: bool

    @property
    def met(self) -> bool:
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted

    def row(self, judged: bool) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        verdict = ("met" if self.met else "NOT MET") if judged else "too small to tell"
        return [self.what, f"{self.found:.1f}{self.unit}", f"{sign} {self.wanted:.1f}{self.unit}", verdict]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns are padded: the first to the left, the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in padded)


def cost_table(costs: dict[str, Cost], unit: str) -> str:
    """One line for each of `costs`, beside the one called `unit` where it was measured; `>` where it was stopped."""
    one = costs.get(unit)
    rows = [
        [
            what,
            f"{'> ' * cost.is_stopped}{cost.seconds:.2f}",
            f"{'> ' * cost.is_stopped}{cost.seconds / one.seconds:.2f}" if one else "",
            f"{'> ' * cost.is_stopped}{cost.cpu:.2f}",
            f"{cost.peak_kib / KIB_PER_MIB:.0f}",
        ]
        for what, cost in costs.items()
    ]
    return table(["", "seconds", "ratio", "cpu s", "peak MiB"], rows)


def target_table(targets: Iterable[Target], judged: bool) -> str:
    return table(["target", "found", "wanted", ""], [target.row(judged) for target in targets])


def heading(shape: Shape, counts: Counts) -> str:
    return (
        f"## {shape.repositories} repositories x {shape.tags} tags (+{shape.untagged} untagged each)\n\n"
        f"{counts.tags:,} tags, {counts.revisions:,} manifests ({counts.indexes:,} of them indexes), "
        f"{counts.blobs:,} blobs, {counts.files:,} files.\n"
    )
