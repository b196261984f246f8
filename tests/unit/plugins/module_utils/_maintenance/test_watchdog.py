# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the watchdog tries again."""

from __future__ import annotations

import itertools

from ansible_collections.drydock.registry.plugins.module_utils._maintenance import watchdog


def test_the_attempts_come_ever_more_slowly_but_do_not_end() -> None:
    pauses = list(itertools.islice(watchdog.pauses(), 5_000))
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    assert pauses[-1] == 60
