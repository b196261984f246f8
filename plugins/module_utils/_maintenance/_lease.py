# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closing ends by itself: what watches over it on the host when no controller does."""

from __future__ import annotations

from ._record import Record


class Lease:
    """Watches over the closings recorded in `state_dir`; `warnings` says what part of that this host can't do."""

    def __init__(self, state_dir: str) -> None:
        self.state_dir = state_dir
        self.warnings: list[str] = []

    def arm(self, record: Record) -> None:
        """Start the watchdog, wait until it is ready, and see that a reboot starts it too.

        Called with the record saved and nothing changed yet; again where `expires_at` was changed.
        MaintenanceError where it can't be done.
        """
        raise NotImplementedError

    def disarm(self, subject: str) -> None:
        """End the watchdog and remove every trace of it; never ends the calling process. Nothing where there is none."""
        raise NotImplementedError
