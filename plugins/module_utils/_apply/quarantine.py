# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quarantine: where a run puts what it removes, and where it leaves word of what it is doing.

`<rootdirectory>/docker/registry/drydock/<plan>/` holds `plan.json` while the plan is being applied, `applied.json`
once it has been, and below `v2/` what was set aside. It lies beside the registry's own tree, on the same device and
seen by every host that shares the storage. Where nothing can be set aside (S3) all goes once the plan was applied.
"""

from __future__ import annotations

from typing import NamedTuple

from .._basics.errors import PlanError, StorageError
from .._graph.removal import Removal
from .._plan.file import dump_plan, load_plan
from .._plan.plan import Plan
from .._storage.base import Removed, Storage
from .._storage.room import Room

_APPLYING = "plan.json"
_APPLIED = "applied.json"

# A directory takes a block and an inode, a name in one its length and what the filesystem adds to it.
_BLOCK = 4096
_NAME = 128
# From the root of a repository's tree to what lies in it: `_manifests/revisions/sha256` and the like.
_LEVELS = 12
# Blobs lie in directories by the first two digits of their digest.
_SPREAD = 256


class QuarantineWeight(NamedTuple):
    """What the quarantine holds; `bytes` counts files, `path` is None where nothing can be set aside."""

    path: str | None
    bytes: int
    plans: list[str]


class Quarantine:
    """The quarantines of one storage. Every method raises StorageError."""

    def __init__(self, storage: Storage) -> None:
        self._files = storage.own_files()
        self._sets_aside = storage.sets_aside

    def interrupted(self) -> list[Plan]:
        """Return the plans that were being applied when something stopped them. Raises PlanError."""
        return [self._load(name) for name in self._files.names() if self._files.has(name, _APPLYING)]

    def applied(self) -> list[str]:
        """Return the names of the quarantines that may be deleted: those whose plan was applied whole."""
        return [name for name in self._files.names() if not self._files.has(name, _APPLYING)]

    def begin(self, plan: Plan) -> str:
        """Save the plan before the first change, and return the name of its quarantine."""
        name = _name(plan)
        try:
            self._files.write(name, _APPLYING, lambda: dump_plan(plan))
        except StorageError as error:
            raise StorageError(f"the plan could not be saved: {error}; nothing was changed") from error
        return name

    def is_unfinished(self, plan: Plan) -> bool:
        """Tell whether the plan was begun and not applied whole."""
        return self._files.has(_name(plan), _APPLYING)

    def where(self, plan: Plan) -> str:
        """Return the path of a plan that was begun, for people."""
        return self._path(_name(plan))

    def finish(self, plan: Plan) -> None:
        """Note that the plan was applied whole."""
        if self._sets_aside:
            self._files.rename(_name(plan), _APPLYING, _APPLIED)
        else:
            for why in self._files.remove(_name(plan)).left:
                raise StorageError(why)

    def weigh(self) -> QuarantineWeight:
        """Return what is set aside at the moment."""
        if not self._sets_aside:
            return QuarantineWeight(None, 0, [])
        names = self._files.names()
        return QuarantineWeight(self._files.path, self._files.size() if names else 0, names)

    def can_purge(self) -> bool:
        """Tell whether `purge` would delete anything, as far as that can be seen."""
        return any(map(self._files.is_removable, self.applied()))

    def purge(self) -> Removed:
        """Delete for good what applied plans set aside; what can't be deleted stays for the next time."""
        removed = list(map(self._files.remove, self.applied()))
        return Removed(any(one.is_changed for one in removed), [why for one in removed for why in one.left])

    def _load(self, name: str) -> Plan:
        try:
            return load_plan(self._files.read(name, _APPLYING), self._path(name))
        except PlanError as error:
            raise PlanError(
                f"{error}. A run was killed while it applied this plan; move the file away to give it up"
            ) from error

    def _path(self, name: str) -> str:
        return f"{self._files.path}/{name}/{_APPLYING}"


def room_to_set_aside(removal: Removal) -> Room:
    """Return about what the directories take into which all that goes is moved; to move a file takes nothing itself."""
    counts = removal.counts()
    names = sum(counts._replace(bytes=0))
    directories = _LEVELS * (len(removal.repositories) + 1) + min(_SPREAD, counts.blobs)
    return Room(directories * _BLOCK + names * _NAME, directories)


def _name(plan: Plan) -> str:
    return plan.id.partition(":")[2][:16]
