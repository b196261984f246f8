# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules have in common."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._tasks.argspec import (
    registry_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
)


def test_whatever_goes_together_or_not_is_an_option() -> None:
    named = {name for names in (*registry_required_together(), *registry_mutually_exclusive()) for name in names}
    named |= {*registry_required_by(), *registry_required_by().values()}
    assert named <= registry_argument_spec().keys()


def test_what_is_secret_is_not_logged() -> None:
    assert [name for name, one in registry_argument_spec().items() if one.get("no_log")] == ["registry_password"]
