# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options, or the registry's own configuration, to the storage that they name."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .._basics.api_version import AUTO
from .._basics.errors import InvalidOptionError
from .._registry.config import RegistryConfig, driver_in, drivers_in, read_registry_config
from .base import V2_PLACE, Place, Storage
from .filesystem import FilesystemStorage

#: `s3aws` is what Distribution calls the same driver, too.
S3_DRIVERS = ("s3", "s3aws")
_DRIVERS = ("filesystem", *S3_DRIVERS)


class StorageOptions(NamedTuple):
    """The registry on this host: its configuration, and the storage section that holds.

    `section` is that of the option `storage`, or else of the configuration; empty where there is none. `api_version` is
    what that option says.
    """

    config: RegistryConfig | None
    section: Mapping[str, Any]
    api_version: str = AUTO

    def __repr__(self) -> str:
        return f"StorageOptions({', '.join(drivers_in(self.section))})"  # what else stands in it may be secret

    @property
    def driver(self) -> str | None:
        """Return the name of the storage driver, None where there is not just one."""
        return driver_in(self.section)


def read_storage_options(options: Mapping[str, Any]) -> StorageOptions:
    """Return what doc fragment `storage` asks for. Raises InvalidOptionError and MissingLibraryError."""
    config = read_registry_config(options)
    section = options["storage"] or (config.storage if config else None) or {}
    return StorageOptions(config, section, options.get("api_version") or AUTO)


def find_storage_options(options: Mapping[str, Any]) -> StorageOptions | None:
    """Return the same, or None where the options name no registry on this host."""
    return read_storage_options(options) if options["storage"] or options["registry_config"] else None


def open_storage(options: StorageOptions, place: Place = V2_PLACE) -> Storage:
    """Return the storage. Raises InvalidOptionError, and MissingLibraryError for S3 without boto3."""
    if not options.section:
        raise InvalidOptionError("storage", None, "storage, or registry_config with a storage section")
    driver = options.driver
    if driver not in _DRIVERS:
        raise InvalidOptionError(
            "storage", ", ".join(drivers_in(options.section)), f"one storage driver of {', '.join(_DRIVERS)}"
        )
    parameters = options.section[driver] or {}
    if not isinstance(parameters, dict):
        raise InvalidOptionError(
            f"storage.{driver}", parameters, "a dictionary such as {rootdirectory: /var/lib/registry}"
        )
    if driver not in S3_DRIVERS:
        return FilesystemStorage(parameters, place)
    if place is not V2_PLACE:
        raise InvalidOptionError("storage", driver, "filesystem: of the v1 registry only that is known here")
    return _open_s3(parameters)


def _open_s3(parameters: Mapping[str, Any]) -> Storage:
    from .s3.storage import S3Storage  # noqa: PLC0415 (boto3 takes long to import, and is not needed elsewhere)

    return S3Storage(parameters)
