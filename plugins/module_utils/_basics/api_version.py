# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of a registry's API. Its layout on a storage goes with the version."""

from __future__ import annotations

V1 = "v1"
V2 = "v2"
#: What an option says that leaves the choice to the registry.
AUTO = "auto"
