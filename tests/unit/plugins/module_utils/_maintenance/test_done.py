# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call has done so far."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.done import Done


def test_it_begins_with_nothing_and_warns_once_in_the_order_of_what_was_seen() -> None:
    done = Done()
    assert (done.changed, done.restarted, done.warnings) == (False, False, [])
    for message in ("b", "a", "b"):
        done.warn(message)
    assert done.warnings == ["b", "a"]
