# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages name what people wrote: the role's variable, or the module's option."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.option_names import with_variables

OPTIONS = ("policies", "storage", "max_delete", "max_delete_percent", "registry_config", "on_unmatched")
VARIABLES = {**{name: f"registry_cleanup_{name}" for name in OPTIONS}, "lease": "registry_cleanup_maintenance.lease"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policies[0].keep_n: -5 cannot be used", "registry_cleanup_policies[0].keep_n: -5 cannot be used"),
        ("lease: '5' cannot be used", "registry_cleanup_maintenance.lease: '5' cannot be used"),
        ("storage.s3: {} cannot be used", "registry_cleanup_storage.s3: {} cannot be used"),
        ("it deletes 3 tags, max_delete allows 2", "it deletes 3 tags, registry_cleanup_max_delete allows 2"),
        ("max_delete_percent is more", "registry_cleanup_max_delete_percent is more"),
        ("if it is right set on_unmatched: warn", "if it is right set registry_cleanup_on_unmatched: warn"),
        ("raise registry_cleanup_max_delete", "raise registry_cleanup_max_delete"),
        ("the storage is full", "the storage is full"),
        ("'max_delete' is there, and team/max_delete too", "'max_delete' is there, and team/max_delete too"),
        ("", ""),
    ],
)
def test_a_variable_takes_the_place_of_its_option(text: str, told: str) -> None:
    assert with_variables(text, VARIABLES) == told
    assert with_variables(text, {}) == text
