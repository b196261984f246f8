# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is told of a registry's storage and environment, in which secrets stand beside what is none."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._basics.secrets import secrets_in
from .._basics.task_context import OPTION


class RegistryModule(AnsibleModule):  # type: ignore[misc]
    """Keeps secrets within options (`registry_environment`, `storage`) out of results and of the target's system log.

    `no_log` on such an option would also blot out each `true` and `5000` in it, wherever it stands in the result.
    """

    def _log_invocation(self) -> None:
        self.no_log_values.update(secrets_in(self.params))
        super()._log_invocation()


class ToldModule(RegistryModule):
    """A module that an action plugin tells what only the controller knows (`_basics/task_context.py`).

    That is no option: no user gives it, so Ansible's checks of options and documentation do not hold for it.
    """

    def __init__(self, **arguments: Any) -> None:
        self._told: Any = None
        super().__init__(**arguments)
        self.params[OPTION] = self._told

    def _load_params(self) -> None:
        super()._load_params()
        self._told = self.params.pop(OPTION, None)
