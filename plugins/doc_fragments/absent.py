# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules say that delete over the API what is named; the argument spec is `_argspec.absent_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  registry_url:
    description:
      - Address of the registry as seen from the target host, for example V(https://registry.example.com) or
        V(http://127.0.0.1:5000). A path before C(/v2/) may be part of it, a user name or password may not.
      - The registry has to be open for writing, and must allow deletion. Otherwise the module fails and says what can
        be done.
    required: true
  state:
    description: V(absent) deletes. There is no other state.
    type: str
    choices: [absent]
    required: true
notes:
  - Some registries delete tags, Distribution 3 for one. There the manifests stay until the registry's own garbage
    collector removes those without a tag, see RV(left_untagged). Others only delete manifests, Distribution 2.8 for
    one. There a manifest is deleted with its last tag. Which it is, is found out by deleting what does not exist.
  - Space is freed by the registry's own garbage collector, in both cases.
  - Every tag is looked up again right before it is deleted. One that has moved to another image is left alone, and
    listed in RV(drift).
"""
