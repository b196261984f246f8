# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt
short_description: Which variables were meant for the role and have a name that it does not know
version_added: 1.0.0
description:
  - Looks at names alone, never at values.
  - Warns of a variable whose name begins with C(registry_cleanup_) and that the role does not know. It may be one of
    your own.
author:
  - drydock maintainers (@drydock)
positional: specs
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
  specs:
    description: The role's argument specs, as they stand in its C(meta/argument_specs.yml).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop if a variable is misspelt
  ansible.builtin.assert:
    that: query('ansible.builtin.varnames', '^registry_cleanup_') | drydock.registry.misspelt(specs) | length == 0
  vars:
    specs: "{{ (lookup('ansible.builtin.file', role_path ~ '/meta/argument_specs.yml') | from_yaml).argument_specs }}"
"""

RETURN = r"""
_value:
  description: A sentence on each variable that is near one of the role, which names both.
  type: list
  elements: str
"""

from typing import Any, Callable, Iterable, Mapping

from ansible.utils.display import Display

from ansible_collections.drydock.registry.plugins.plugin_utils._variables import unknown_variables


def misspelt(names: Iterable[str], specs: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with each name that is near one of the role's, and warn of other unknown ones."""
    unknown = list(unknown_variables(names, specs))
    for one in unknown:
        if not one.meant:
            Display().warning(one.describe())
    return [one.describe() for one in unknown if one.meant]


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"misspelt": misspelt}
