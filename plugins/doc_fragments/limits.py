# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a plan may delete; the argument spec is `_argspec.limits_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  max_delete:
    description: Refuse a plan that deletes more tags than this, or more manifests. Not set, there is no limit.
    type: int
  max_delete_percent:
    description:
      - Refuse a plan that deletes a larger share of any repository's tags or manifests. Not set, there is no limit.
    type: float
  max_delete_blobs:
    description:
      - Refuse a plan that deletes more blobs than this. Not set, there is no limit. Only with the storage.
    type: int
  max_delete_bytes:
    description:
      - Refuse a plan that frees more than this, a size such as V(50GB), V(10GiB) or a number of bytes. Not set, there
        is no limit. Only with the storage.
    type: str
  max_delete_store_percent:
    description:
      - Refuse a plan that deletes a larger share of all blobs of the storage, or of all their bytes.
      - Not set, a plan is refused if more than 90 % of all blobs go though no tag does, or though no repository links
        them, because then most likely a part of the storage is missing, however small it is. With V(100) it is not.
        Blobs of an interrupted run do not count there.
      - Only with the storage.
    type: float
  allow_empty:
    description:
      - Whether a repository may lose its last tag that pulls. Otherwise its newest such tag is kept.
      - Also whether a storage may be emptied in which blobs lie and no repository links any of them. Otherwise that is
        refused, for most likely the repositories were not restored or not mounted.
    type: bool
    default: false
"""
