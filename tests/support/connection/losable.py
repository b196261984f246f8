# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local connection that is lost at a chosen moment, which no real one can be made to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import DOCUMENTATION as LOCAL_DOCUMENTATION
from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = LOCAL_DOCUMENTATION.replace("name: local", "name: losable").replace(
    "    options:\n",
    "    options:\n"
    "        losses:\n"
    "            description: A file with the number of commands from now on for which the host is away.\n"
    "            vars: [{name: losable_losses}]\n",
)


class Connection(LocalConnection):  # type: ignore[misc]
    """`local`, with a host that may be away."""

    transport = "losable"

    def exec_command(self, *arguments: Any, **options: Any) -> Any:
        losses = Path(self.get_option("losses"))
        left = int(losses.read_text()) if losses.exists() else 0
        if left:
            losses.write_text(str(left - 1))
            message = "the host is away"
            raise AnsibleConnectionFailure(message)
        return super().exec_command(*arguments, **options)
