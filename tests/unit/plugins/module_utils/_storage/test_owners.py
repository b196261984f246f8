# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose storage it is, as the configuration of its registry tells."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._storage.owners import owner_by_config


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"database": {"enabled": False}},
        {"database": None, "auth": None, "notifications": None},
        {"auth": {"htpasswd": {"realm": "mine"}, "token": {"service": "mine"}}},
        {"notifications": {"endpoints": [{"url": "https://hooks.example.com/registry"}, None]}},
    ],
)
def test_a_plain_registry_has_no_other_owner(data: dict[str, object]) -> None:
    assert owner_by_config(data, "config.yml") is None
