# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup has at hand on the host of a registry, before anything is read or changed."""

from __future__ import annotations

from typing import NamedTuple

from .._apply.quarantine import Quarantine
from .._basics.errors import InvalidOptionError
from .._basics.progress import Progress
from .._layout.base import Layout
from .._layout.open import open_layout
from .._lock.lock import Lock
from .._plan.store_name import StoreName, read_store_name
from .._registry.config import RegistryConfig
from .._storage.base import Storage
from .._storage.open import StorageOptions
from .cleanup_options import CleanupOptions
from .interrupted import Interrupted


class Opened(NamedTuple):
    """A registry's storage, who may change it, and what earlier runs left in it.

    `name` is what the storage was called when this run began, None where no run has named it yet.
    """

    config: RegistryConfig | None
    storage: Storage
    layout: Layout
    lock: Lock
    quarantine: Quarantine
    interrupted: Interrupted
    name: StoreName | None


def open_registry(where: StorageOptions, options: CleanupOptions, progress: Progress) -> Opened:
    """Return what is at hand. Raises InvalidOptionError, MissingLibraryError, PlanError and StorageError."""
    layout = open_layout(where, progress)
    storage = layout.storage
    if not storage.sets_aside and not options.deletes_set_aside:
        raise InvalidOptionError(
            "quarantine",
            options.quarantine,
            "delete: nothing can be set aside on S3; to be able to undo, let the bucket keep versions",
        )
    # The role deletes what was set aside when the registry is open again.
    storage.must_set_aside = not (options.deletes_set_aside or options.context.deleted_later)
    quarantine = Quarantine(storage)
    interrupted = Interrupted(quarantine, options.settings.protected)
    layout.unlinked = interrupted.unlinked()
    lock = Lock(storage.lock_files(), options.context.run, options.context.gone_runs)
    # Only plans say for which storage they are.
    name = None if options.only_purges else read_store_name(storage.read_name())
    return Opened(where.config, storage, layout, lock, quarantine, interrupted, name)
