# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quarantine: where a run puts what it removes, and where it leaves word of what it is doing.

`<rootdirectory>/docker/registry/drydock/<plan>/` holds `plan.json` while the plan is being applied, `applied.json`
once it has
been, and below `v2/` what was set aside. It lies beside the registry's own tree, on the same device and seen by every
host
that shares the storage.
"""

from __future__ import annotations

import os
from typing import Iterable, List, NamedTuple

from ._errors import PlanError, StorageError
from ._plan import Plan, dump_plan, load_plan
from ._storage._filesystem import remove_tree

_APPLYING = "plan.json"
_APPLIED = "applied.json"


class QuarantineWeight(NamedTuple):
    """What the quarantine holds; `bytes` counts files."""

    path: str
    bytes: int
    plans: List[str]


class Quarantine:
    """The quarantines of one storage."""

    def __init__(self, path: str) -> None:
        self.path = path

    def interrupted(self) -> List[Plan]:
        """Return the plans that were being applied when something stopped them. Raises PlanError, StorageError."""
        return [self._load(name) for name in self._names() if os.path.exists(self._file(name, _APPLYING))]

    def applied(self) -> List[str]:
        """Return the names of the quarantines that may be deleted: those whose plan was applied whole."""
        return [name for name in self._names() if not os.path.exists(self._file(name, _APPLYING))]

    def begin(self, plan: Plan) -> str:
        """Save the plan before the first change, and return the name of its quarantine."""
        name = _name(plan)
        try:
            os.makedirs(os.path.join(self.path, name), mode=0o700, exist_ok=True)
            write_durably(self._file(name, _APPLYING), dump_plan(plan))
        except OSError as error:
            raise StorageError(
                f"the plan could not be saved in {self.path}: {error.strerror}; nothing was changed"
            ) from error
        return name

    def is_unfinished(self, plan: Plan) -> bool:
        """Tell whether the plan was begun and not applied whole."""
        return os.path.exists(self._file(_name(plan), _APPLYING))

    def finish(self, plan: Plan) -> None:
        """Note that the plan was applied whole."""
        name = _name(plan)
        os.replace(self._file(name, _APPLYING), self._file(name, _APPLIED))

    def weigh(self) -> QuarantineWeight:
        """Return what is set aside at the moment."""
        size = 0
        for directory, _directories, files in os.walk(self.path):
            size += sum(os.lstat(os.path.join(directory, name)).st_size for name in files)
        return QuarantineWeight(self.path, size, self._names())

    def purge(self) -> int:
        """Delete for good what applied plans set aside; return how many quarantines that were. Raises StorageError."""
        names = self.applied()
        for name in names:
            remove_tree(os.path.join(self.path, name))
        if names and not self._names():
            os.rmdir(self.path)
        return len(names)

    def _names(self) -> List[str]:
        return sorted(os.listdir(self.path)) if os.path.isdir(self.path) else []

    def _file(self, name: str, file: str) -> str:
        return os.path.join(self.path, name, file)

    def _load(self, name: str) -> Plan:
        where = self._file(name, _APPLYING)
        try:
            return load_plan(read_text(where), where)
        except PlanError as error:
            raise PlanError(
                f"{error}. A run was killed while it applied this plan; move the file away to give it up"
            ) from error


def _name(plan: Plan) -> str:
    return plan.id.partition(":")[2][:16]


def read_text(path: str) -> str:
    """Return the content of a plan file. Raises StorageError."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"the plan file {path} could not be read: {error}") from error


def write_durably(path: str, texts: Iterable[str]) -> None:
    """Write a file, readable by its owner only, so that it is there whole or not at all, also after a power cut."""
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(texts)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
