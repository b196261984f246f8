# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options, or the registry's own configuration, to the storage that they name."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .._errors import InvalidOptionError
from .._registry_config import RegistryConfig
from ._base import V2_PLACE, Place
from ._filesystem import FilesystemStorage

_DRIVERS = ("filesystem",)
_NO_DRIVERS = ("cache", "delete", "maintenance", "redirect", "tag")


def open_storage(
    params: Mapping[str, Any], config: Optional[RegistryConfig], place: Place = V2_PLACE
) -> FilesystemStorage:
    """Return the storage that the options name, or the registry's configuration does. Raises InvalidOptionError."""
    section = params["storage"] or (config.storage if config else None)
    if not section:
        raise InvalidOptionError("storage", params["storage"], "storage, or registry_config with a storage section")
    drivers = [name for name in section if name not in _NO_DRIVERS]
    if len(drivers) != 1 or drivers[0] not in _DRIVERS:
        raise InvalidOptionError("storage", ", ".join(drivers), f"one storage driver of {', '.join(_DRIVERS)}")
    parameters = section[drivers[0]] or {}
    if not isinstance(parameters, dict):
        raise InvalidOptionError(
            f"storage.{drivers[0]}", parameters, "a dictionary such as {rootdirectory: /var/lib/registry}"
        )
    return FilesystemStorage(parameters, place)
