# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the controller knows; the argument spec is `_argspec.task_context_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  task_context:
    description:
      - What only the controller knows of this task, such as the run that it belongs to. The action plugin of the same
        name fills it in, so leave it out.
    type: dict
    default: {}
"""
