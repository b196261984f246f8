# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of examples/ is told is what its group's file says, and no file is there for nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GROUPS = sorted(path.stem for path in (EXAMPLES / "group_vars").glob("*.yml"))


@pytest.mark.parametrize("group", [name for name in GROUPS if name != "registries"])
def test_the_file_of_a_group_wins_over_that_of_all_registries(group: str) -> None:
    inventory = InventoryManager(DataLoader(), sources=str(EXAMPLES / "fleet.yml"))
    variables = VariableManager(DataLoader(), inventory)
    policies = yaml.safe_load((EXAMPLES / "group_vars/registries.yml").read_text())["registry_cleanup_policies"]
    wanted = yaml.safe_load((EXAMPLES / f"group_vars/{group}.yml").read_text())
    hosts = inventory.get_hosts(group)
    assert hosts
    for host in hosts:
        found = variables.get_vars(host=host)
        assert {name: found[name] for name in wanted} == wanted
        assert found["registry_cleanup_policies"] == policies


def test_every_group_has_its_file() -> None:
    inventory = InventoryManager(DataLoader(), sources=str(EXAMPLES / "fleet.yml"))
    assert sorted(set(inventory.groups) - {"all", "ungrouped"}) == GROUPS
