# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry has cached of the blobs it has, which is wrong once a sweep has removed some of them."""

from __future__ import annotations

from typing import Optional

from ._registry_config import RegistryConfig


def forget_blobs(config: Optional[RegistryConfig]) -> bool:
    """Delete what the registry has in Redis; False where it caches nothing there."""
    return config is None


def caches_in_memory(config: Optional[RegistryConfig]) -> bool:
    """Whether a restart is needed after a sweep; so it is where the configuration is not known."""
    return config is None or bool(config)
