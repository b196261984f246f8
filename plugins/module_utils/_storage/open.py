# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options, or the registry's own configuration, to the storage that they name."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from .._basics.errors import InvalidOptionError
from .._registry.config import RegistryConfig
from .base import V2_PLACE, Place, Storage
from .filesystem import FilesystemStorage

#: `s3aws` is what Distribution calls the same driver, too.
S3_DRIVERS = ("s3", "s3aws")
_DRIVERS = ("filesystem", *S3_DRIVERS)
_NO_DRIVERS = ("cache", "delete", "maintenance", "redirect", "tag")


def open_storage(params: Mapping[str, Any], config: Optional[RegistryConfig], place: Place = V2_PLACE) -> Storage:
    """Return the storage that the options name, or the registry's configuration does.

    Raises InvalidOptionError, and MissingLibraryError for S3 without boto3.
    """
    section = _section(params, config)
    if not section:
        raise InvalidOptionError("storage", params["storage"], "storage, or registry_config with a storage section")
    driver = driver_of(params, config)
    if driver not in _DRIVERS:
        raise InvalidOptionError(
            "storage", ", ".join(_drivers(section)), f"one storage driver of {', '.join(_DRIVERS)}"
        )
    parameters = section[driver] or {}
    if not isinstance(parameters, dict):
        raise InvalidOptionError(
            f"storage.{driver}", parameters, "a dictionary such as {rootdirectory: /var/lib/registry}"
        )
    if driver not in S3_DRIVERS:
        return FilesystemStorage(parameters, place)
    if place is not V2_PLACE:
        raise InvalidOptionError("storage", driver, "filesystem: of the v1 registry only that is known here")
    return _open_s3(parameters)


def driver_of(params: Mapping[str, Any], config: Optional[RegistryConfig]) -> Optional[str]:
    """Return the name of the storage driver, None where there is not just one."""
    drivers = _drivers(_section(params, config))
    return drivers[0] if len(drivers) == 1 else None


def _section(params: Mapping[str, Any], config: Optional[RegistryConfig]) -> Mapping[str, Any]:
    return params["storage"] or (config.storage if config else None) or {}


def _drivers(section: Mapping[str, Any]) -> List[str]:
    return [name for name in section if name not in _NO_DRIVERS]


def _open_s3(parameters: Mapping[str, Any]) -> Storage:
    from .s3.storage import S3Storage  # noqa: PLC0415 (boto3 takes long to import, and is not needed elsewhere)

    return S3Storage(parameters)
