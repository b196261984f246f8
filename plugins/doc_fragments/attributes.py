# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode, diff mode and idempotence mean here, said once."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
"""

    FULL = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Nothing is changed, in check mode or outside it.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed.
  idempotent:
    support: full
"""

    ACTIONGROUP_REGISTRY = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/drydock.registry.registry) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - drydock.registry.registry
"""

    ACTION_PLUGIN = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of its name, so a part of it runs on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
"""
