# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error this collection raises on purpose; modules turn them into `fail_json` at the edge."""

from __future__ import annotations


class DrydockError(Exception):
    """Base of all errors whose message is meant for the person who runs the playbook."""


class InvalidOptionError(DrydockError):
    """An option has a value that cannot be used; raised before anything is touched."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(f"{option}: {value!r} cannot be used, expected {expected}")


class UnmatchedError(DrydockError):
    """An exclusion or a protected image matches nothing, and probably something else was meant, which would go."""


class MissingLibraryError(DrydockError):
    """A Python library that this run needs is missing on the target."""

    def __init__(self, library: str, details: str) -> None:
        super().__init__(f"the Python library {library} is missing on the target: {details}")
        self.library = library
        self.details = details


class StorageError(DrydockError):
    """The storage could not be read or changed."""


class FullError(StorageError):
    """The storage has no room for what was to be written."""


class StoppedError(StorageError):
    """A sweep stopped between two steps, because it may not go on; the next run finishes its plan."""


class DoubtError(DrydockError):
    """What was read leaves doubt about what is referred to, so nothing may be removed (docs/doubt.md)."""


class ForeignStorageError(DoubtError):
    """Somebody else's database tells what the storage holds, so that nothing may be removed there."""


class RegistryError(DrydockError):
    """The registry's API answered something that cannot be used."""


class DeletionRefusedError(RegistryError):
    """The registry deletes nothing over its API: deletion is disabled there, or it is read-only."""


class StillNeededError(DrydockError):
    """A tag that was named can't be deleted alone on this registry, and its image is needed."""


class NotClosedError(DrydockError):
    """The registry was not shown to be read-only or stopped, or the URL not shown to serve this storage."""


class MaintenanceError(DrydockError):
    """A registry could not be closed, verified, drained or brought back."""


class HeldError(MaintenanceError):
    """Another run holds the registry; `run_id` says which, so that it can be found out whether it still lives."""

    def __init__(self, message: str, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class UnknownFormatError(MaintenanceError):
    """What another run left was written by a version that this one does not know, so everything stays as it is."""


class PlanError(DrydockError):
    """A plan file cannot be used, or a plan goes beyond a limit."""
