# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: outcomes
short_description: What became of each host of a play of the role registry_cleanup
version_added: 1.0.0
description:
  - Collects what the role P(drydock.registry.registry_cleanup#role) left on each host, for a summary.
author:
  - drydock maintainers (@drydock)
positional: hostvars, alive, error, connected
options:
  _input:
    description: Names of all hosts of the play, as C(ansible_play_hosts_all) has them.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of each host, as the magic variable C(hostvars) has them.
    type: dict
    required: true
  alive:
    description: Names of the hosts that have neither failed nor become unreachable, as C(ansible_play_hosts) has them.
    type: list
    elements: str
    required: true
  error:
    description: Name of the variable in which a host has why it failed, if there is one.
    type: str
    default: ""
  connected:
    description: Names of the registered variables of tasks that need a connection, in their order. They tell whether a
      host is unreachable.
    type: list
    elements: str
    default: []
seealso:
  - plugin: drydock.registry.summary
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show on which hosts something was deleted
  ansible.builtin.debug:
    msg: "{{ outcomes | selectattr('changed') | map(attribute='host') }}"
  vars:
    outcomes: "{{ ansible_play_hosts_all | drydock.registry.outcomes(hostvars, ansible_play_hosts) }}"
"""

RETURN = r"""
_value:
  description: One dictionary a host, in the order of the hosts.
  type: list
  elements: dict
  contains:
    host:
      description: Name of the host.
      type: str
    status:
      description:
        - V(ok), V(failed), V(unreachable), or V(waiting) for a host whose batch has not begun.
        - The keys of RV(ignore:registry_cleanup_result) follow as far as the host has them.
      type: str
    error:
      description: Why the host failed, empty where it did not.
      type: str
"""

from typing import Any, Callable, Collection, Iterable, Mapping, Sequence

RESULT = "registry_cleanup_result"

Vars = Mapping[str, Any]


def outcomes(
    hosts: Iterable[str],
    hostvars: Mapping[str, Vars],
    alive: Collection[str],
    error: str = "",
    connected: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return one row for each host."""
    return [
        {
            "host": host,
            **_status(hostvars[host], host in alive, error, connected),
            **(hostvars[host].get(RESULT) or {}),
        }
        for host in hosts
    ]


def _status(variables: Vars, alive: bool, error: str, connected: Sequence[str]) -> dict[str, str]:
    if variables.get(error):
        return {"status": "failed", "error": variables[error]}
    if alive:
        return {"status": "ok" if variables.get(RESULT) else "waiting", "error": ""}
    lost = [step for step in (variables.get(name) or {} for name in connected) if step.get("unreachable")]
    if lost:
        return {"status": "unreachable", "error": str(lost[-1].get("msg", ""))}
    return {"status": "failed", "error": "its own message is further up"}


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outcomes": outcomes}
