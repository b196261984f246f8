# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong when they run a playbook for the first time: each ends before anything is touched."""

from __future__ import annotations

from typing import Any

import pytest

from support.playbook import run_playbook

LOCAL = {"ansible_connection": "local"}
WITHOUT_GROUP = {"web": {"hosts": {"web1": LOCAL}}}
TWO_GROUPS = {"registries": {"hosts": {"r1": LOCAL}}, **WITHOUT_GROUP}


@pytest.mark.parametrize(
    ("playbook", "inventory", "arguments", "said"),
    [
        ("cleanup", WITHOUT_GROUP, [], "No host matches registries, so nothing was done"),
        ("cleanup", TWO_GROUPS, ["-e", "registry_cleanup_hosts=mirrors"], "No host matches mirrors, so nothing"),
        ("preview", TWO_GROUPS, ["--limit", "web1"], "No host matches registries within --limit web1, so"),
        ("restore", {"registries": {"hosts": {}}}, [], "No host matches registries, so nothing was done"),
        ("restore", TWO_GROUPS, ["--limit", "web1"], "No host matches registries within --limit web1, so"),
    ],
)
def test_a_group_without_hosts_is_an_error(
    playbook: str, inventory: dict[str, Any], arguments: list[str], said: str
) -> None:
    run = run_playbook(f"drydock.registry.{playbook}", *arguments, inventory=inventory)
    assert run.returncode != 0
    (told,) = run.tasks
    assert told.status == "failed"
    assert told.result["msg"].startswith(said)


@pytest.mark.parametrize("listing", ["--syntax-check", "--list-tasks", "--list-hosts"])
def test_a_listing_needs_no_hosts(listing: str) -> None:
    run_playbook("drydock.registry.cleanup", listing, inventory=WITHOUT_GROUP).check()
