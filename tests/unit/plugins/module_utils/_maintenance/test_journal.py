# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call has done so far."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.journal import Journal


def test_it_begins_with_nothing_and_warns_once_in_the_order_of_what_was_seen() -> None:
    journal = Journal()
    assert (journal.changed, journal.restarted, journal.warnings) == (False, False, [])
    for message in ("b", "a", "b"):
        journal.warn(message)
    assert journal.warnings == ["b", "a"]
