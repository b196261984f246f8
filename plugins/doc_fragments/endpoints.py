# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further URLs of one registry; the argument spec is `_argspec.endpoints_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  registry_endpoints:
    description:
      - Further addresses at which the same registry answers, beside O(registry_url), as seen from the target host. For
        example its own port and that of a proxy in front, or another registry process on the same host that serves
        the same storage.
      - What is shown of the registry is shown at every one of them, with the same credentials. It is closed where all
        of them refuse writes, and open where all of them take them.
      - Registries on other hosts that share the storage don't belong here. Each of them is closed by a task of its own.
    type: list
    elements: str
    default: []
"""
