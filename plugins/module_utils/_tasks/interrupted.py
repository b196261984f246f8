# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that earlier runs began and did not apply whole: what of them this run finishes."""

from __future__ import annotations

from collections import ChainMap
from typing import Container

from .._apply.quarantine import Quarantine
from .._plan.plan import Plan
from .._plan.planning import Marked, mark_again
from .._retention.protected import ProtectedImages


class Interrupted:
    """The plans that something stopped. `finished` are those of which nothing is left once this run is over."""

    def __init__(self, quarantine: Quarantine, protected: ProtectedImages) -> None:
        self.plans = quarantine.interrupted()
        self.finished: list[Plan] = []
        self._quarantine = quarantine
        self._protected = protected

    def blobs(self) -> Container[str]:
        """Return the blobs that an interrupted run was about to remove."""
        return ChainMap(*(plan.removal.blobs for plan in self.plans))

    def unlinked(self) -> set[str]:
        """Return the digests of the tags that were to go: what they named is looked for without a link."""
        begun = (gone for plan in self.plans for gone in plan.removal.repositories.values())
        return {tag.digest for gone in begun for tag in gone.tags.values()}

    def sort(self, marked: Marked) -> None:
        """Find the plans of which nothing is left once this one is applied."""
        self.finished = [
            plan for plan in self.plans if marked.removal.covers(mark_again(marked.graph, plan, self._protected)[0])
        ]

    def finish(self) -> bool:
        """Note that these were applied whole; tell whether there were any. Raises StorageError."""
        for plan in self.finished:
            if self._quarantine.is_unfinished(plan):
                self._quarantine.finish(plan)
        return bool(self.finished)

    def unfinished(self) -> list[str]:
        """Return a warning for each that this run leaves as it is."""
        finished = {plan.id for plan in self.finished}
        return [
            f"the interrupted plan {plan.id} holds more than this run does: run with its options again, or "
            f"move {self._quarantine.where(plan)} away to give it up"
            for plan in self.plans
            if plan.id not in finished
        ]
