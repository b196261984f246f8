# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is told of a registry's storage and environment, in which secrets stand beside what is none."""

from __future__ import annotations

import re
from typing import Any, Iterator

from ansible.module_utils.basic import AnsibleModule

_SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|KEY)$", re.IGNORECASE)


class RegistryModule(AnsibleModule):  # type: ignore[misc]
    """Keeps secrets within options (`registry_environment`, `storage`) out of results and of the target's system log.

    `no_log` on such an option would also blot out each `true` and `5000` in it, wherever it stands in the result.
    """

    def _log_invocation(self) -> None:
        self.no_log_values.update(secrets_in(self.params))
        super()._log_invocation()


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """Yield the texts whose keys say that they are secrets, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from secrets_in(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from secrets_in(item, name)
    elif isinstance(value, str) and value and _SECRET.search(name):
        yield value
