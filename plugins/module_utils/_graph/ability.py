# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be deleted where a registry is cleaned up, as plain data."""

from __future__ import annotations

from typing import NamedTuple


class Ability(NamedTuple):
    """What can be deleted here: a tag without its manifest, and a manifest. In storage both can.

    A whole repository can be deleted over the API v1, which leaves the manifests (images) where they are.

    Over the API a server deletes tags, and its manifests are left to its own garbage collector, or it deletes only
    manifests, and tags with them (docs/registry_facts.md#api-behaviour).
    """

    tags: bool
    manifests: bool
    repositories: bool = False


IN_STORAGE = Ability(tags=True, manifests=True)
