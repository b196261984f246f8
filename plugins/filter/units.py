# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: units
short_description: The hosts that share each storage
version_added: 1.0.0
description:
  - Tells which hosts have to be cleaned up together, because they declare the same C(registry_cleanup_shared_storage).
author:
  - drydock maintainers (@drydock)
positional: hostvars
options:
  _input:
    description: Names of hosts in the inventory.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of each host, as the magic variable C(hostvars) has them.
    type: dict
    required: true
seealso:
  - plugin: drydock.registry.batches
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which hosts are cleaned up together
  ansible.builtin.debug:
    msg: "{{ groups.all | drydock.registry.units(hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - The hosts of each shared storage by its name, in the order in which they were given.
    - Hosts that share their storage with no other are left out unless they name it.
  type: dict
"""

from typing import Any, Callable, Iterable, Mapping

NAME = "registry_cleanup_shared_storage"


def units(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the hosts of each shared storage, by its name."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        storage = hostvars[host].get(NAME)
        if storage:
            found.setdefault(storage, []).append(host)
    return found


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"units": units}
