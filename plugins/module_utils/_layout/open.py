# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layout a storage has, and the layout on it."""

from __future__ import annotations

import os
from typing import Callable

from .._basics.api_version import AUTO, V1, V2
from .._basics.progress import SILENT, Progress
from .._storage.base import V1_PLACE, V2_PLACE, Place
from .._storage.files import is_directory
from .._storage.open import StorageOptions, open_storage
from .base import Layout
from .v1 import V1Layout
from .v2 import V2Layout

PLACES: dict[str, Place] = {V1: V1_PLACE, V2: V2_PLACE}
_LAYOUTS: dict[str, type[Layout]] = {V1: V1Layout, V2: V2Layout}


def open_layout(
    options: StorageOptions, progress: Progress = SILENT, selects: Callable[[str], bool] = lambda _name: True
) -> Layout:
    """Return the layout on the registry's storage. Raises InvalidOptionError, MissingLibraryError and StorageError."""
    version = storage_version(options)
    return _LAYOUTS[version](open_storage(options, PLACES[version]), progress, selects)


def storage_version(options: StorageOptions) -> str:
    """Return which API goes with the storage: as `api_version` says, as the configuration file is, as it looks.

    Raises StorageError.
    """
    if options.api_version != AUTO:
        return options.api_version
    if options.config is not None:
        return options.config.api_version
    filesystem = options.section.get("filesystem")
    root = filesystem.get("rootdirectory") if isinstance(filesystem, dict) else None
    return V1 if root and _looks_like_v1(str(root)) else V2


def _looks_like_v1(root: str) -> bool:
    return not is_directory(V2_PLACE.base(root)) and all(
        is_directory(os.path.join(V1_PLACE.base(root), part)) for part in V1_PLACE.parts
    )
