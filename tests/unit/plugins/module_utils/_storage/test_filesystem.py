# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the operating system answers, every method of a storage tells the truth or raises what it says it raises.

Each call that a method makes fails in turn: with EACCES, which says nothing about what is there, and with EIO.
"""

from __future__ import annotations

import builtins
import errno
import os
from pathlib import Path
from typing import Any, Callable, Mapping

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError, StorageError
from ansible_collections.drydock.registry.plugins.module_utils._storage.filesystem import FilesystemStorage
from ansible_collections.drydock.registry.plugins.module_utils._storage.lock_directory import LockFiles, lock_in
from ansible_collections.drydock.registry.plugins.module_utils._storage.room import Room

CALLS = (
    *("open", "read", "stat", "lstat", "fstat", "scandir", "listdir", "statvfs"),
    *("rename", "replace", "link", "unlink", "rmdir", "mkdir", "chmod", "fchmod", "fchown", "fsync"),
)
ERRORS = ("EACCES", "EIO")
PLAN = "0123456789abcdef"


def tree(root: Path) -> None:
    """A storage of a few files, with a plan that was begun and something that is held for `undo`."""
    for path, content in {
        "docker/registry/v2/repositories/app/_manifests/tags/1/current/link": "sha256:1",
        "docker/registry/v2/repositories/app/_manifests/tags/2/current/link": "sha256:2",
        "docker/registry/v2/blobs/sha256/00/00/data": "layer",
        "docker/registry/lockfiles/database-in-use": "",
        f"docker/registry/drydock/{PLAN}/plan.json": "{}",
        f"docker/registry/drydock/{PLAN}/v2/blobs/sha256/11/11/data": "gone",
        "docker/registry/drydock.id": "name",
        "docker/registry/drydock.lock/holder.json": '{"run": "1"}',
        "docker/registry/drydock.lock.0123/holder.json": '{"run": "0"}',
    }.items():
        where = root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(content)


LEAF = "current/link"
TAGS, BLOB = "repositories/app/_manifests/tags", "blobs/sha256/00/00"
#: Each with the truth.
STORAGE: Mapping[str, tuple[Callable[[Any], Any], Any]] = {
    "entries": (lambda one: sorted(one.entries(TAGS).directories), ["1", "2"]),
    "no entries": (lambda one: one.entries(f"{TAGS}/none"), None),
    "leaves": (lambda one: sorted((name, found.size) for name, found in one.leaves(TAGS, LEAF)), [("1", 8), ("2", 8)]),
    "no leaves": (lambda one: [found for _name, found in one.leaves(TAGS, "none/link")], [None, None]),
    "read_leaves": (
        lambda one: sorted(found.content for found in one.read_leaves(TAGS, LEAF, 9)),
        [b"sha256:1", b"sha256:2"],
    ),
    "weigh_tree": (lambda one: one.weigh_tree("blobs").size, 5),
    "read": (lambda one: one.read(f"{BLOB}/data", 9)[0], b"layer"),
    "read_each": (lambda one: list(one.read_each([f"{BLOB}/data", "blobs/none"], 9)), [b"layer", None]),
    "remove": (lambda one: list(one.remove([BLOB, "blobs/none"], "plan", lambda: None)), [True, False]),
    "rewrite": (lambda one: one.rewrite(f"{BLOB}/data", b"new", "plan"), True),
    "prune": (lambda one: one.prune("blobs/sha256/none", "blobs"), None),
    "write": (lambda one: one.write("blobs/sha256/22/22/data", b"planted"), None),
    "move": (lambda one: one.move(f"{TAGS}/1", f"{TAGS}/3"), None),
    "discard": (lambda one: one.discard(f"{TAGS}/1/{LEAF}", TAGS), None),
    "has_beside": (lambda one: one.has_beside("lockfiles/database-in-use"), True),
    "check_changeable": (lambda one: one.check_changeable(), None),
    "check_room": (lambda one: one.check_room(lambda: 1, Room(0, 0)), None),
    "read_name": (lambda one: one.read_name(), b"name"),
    "write_name": (lambda one: one.write_name("name"), None),
    "names": (lambda one: one.own_files().names(), [PLAN]),
    "has": (lambda one: one.own_files().has(PLAN, "plan.json"), True),
    "has not": (lambda one: one.own_files().has(PLAN, "applied.json"), False),
    "own read": (lambda one: one.own_files().read(PLAN, "plan.json"), "{}"),
    "own write": (lambda one: one.own_files().write("other", "plan.json", lambda: ["{}"]), None),
    "own rename": (lambda one: one.own_files().rename(PLAN, "plan.json", "applied.json"), None),
    "own remove": (lambda one: bool(one.own_files().remove(PLAN).left) is one.own_files().has(PLAN, ""), True),
    "own is_removable": (lambda one: one.own_files().is_removable(PLAN), True),
    "own size": (lambda one: one.own_files().size(), 6),
}
LOCK: Mapping[str, tuple[Callable[[Any], Any], Any]] = {
    "read": (lambda lock: lock.read(), {"holder": {"run": "1"}}),
    "make": (lambda lock: lock.make({"holder": {}}), None),
    "write": (lambda lock: lock.write("sweep", {}), None),
    "remove": (lambda lock: lock.remove("holder"), None),
    "take_away": (lambda lock: lock.take_away("holder", {"run": "1"}), None),
    "leftovers": (lambda lock: lock.leftovers(), [{"holder": {"run": "0"}}]),
    "clear": (lambda lock: lock.clear(), None),
}


def storage(root: Path) -> FilesystemStorage:
    return FilesystemStorage({"rootdirectory": str(root)})


def lock(root: Path) -> LockFiles:
    return lock_in(str(root / "docker/registry/drydock.lock"))


class Failing:
    """Lets the `at`-th call of the operating system fail, and counts them (0: none fails)."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, number: int) -> None:
        self.count = 0
        self.at = at
        self.error = OSError(number, os.strerror(number))
        for name in CALLS:
            patch.setattr(os, name, self.around(getattr(os, name)))
        patch.setattr(builtins, "open", self.around(open))

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.at:
                raise OSError(self.error.errno, self.error.strerror, *arguments[:1])
            return real(*arguments, **options)

        return call


def falsehoods(
    tmp_path: Path, made: Callable[[Path], Any], method: Callable[[Any], Any], truth: Any, raised: type[Exception]
) -> dict[str, Any]:
    """What comes of the method by the call that fails, where it is neither the truth nor what it says it raises."""

    def run(number: int, at: int) -> tuple[int, Any]:
        root = tmp_path / f"{number}-{at}"
        root.mkdir()
        tree(root)
        one = made(root)
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(patch, at, number)
            try:
                found = method(one)
            except raised:
                found = truth
        return failing.count, found

    calls, found = run(0, 0)
    assert calls
    assert found == truth
    told = {f"{name} {at}": run(getattr(errno, name), at)[1] for name in ERRORS for at in range(1, calls + 1)}
    return {at: found for at, found in told.items() if found != truth}


@pytest.mark.parametrize("name", STORAGE)
def test_a_storage_tells_the_truth_or_raises(tmp_path: Path, name: str) -> None:
    assert not falsehoods(tmp_path, storage, *STORAGE[name], StorageError)


def test_a_storage_that_may_not_be_looked_at_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    found = falsehoods(
        tmp_path,
        lambda root: root,
        lambda root: getattr(storage(root).entries("blobs"), "directories", None),
        ["sha256"],
        StorageError,
    )

    assert not found


@pytest.mark.parametrize("name", LOCK)
def test_a_lock_tells_the_truth_or_raises(tmp_path: Path, name: str) -> None:
    assert not falsehoods(tmp_path, lock, *LOCK[name], MaintenanceError)
