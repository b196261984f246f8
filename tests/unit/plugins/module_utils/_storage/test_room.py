# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which filesystem something lies on, whether others may share it, and what is said where there is no room."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._storage import room as _room
from ansible_collections.drydock.registry.plugins.module_utils._storage.room import Room, filesystem_in, shortage

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /srv/images rw,relatime shared:1 - nfs4 filer:/images rw,vers=4.2
31 30 254:1 / /srv/images/local rw,relatime - xfs /dev/vdb rw
32 22 0:26 / /mnt/with\\040space rw - cifs //filer/images rw
33 22 254:2 / /mnt/twice rw - ext4 /dev/vdc rw
34 33 0:27 / /mnt/twice rw - ceph 10.0.0.1:/ rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv", "ext4"),
        ("/srv/images", "nfs4"),
        ("/srv/images2", "ext4"),
        ("/srv/images/docker/registry", "nfs4"),
        ("/srv/images/local/docker", "xfs"),
        ("/mnt/with space/docker", "cifs"),
        ("/mnt/twice/docker", "ceph"),
    ],
)
def test_the_innermost_mount_that_was_made_last_counts(path: str, kind: str) -> None:
    assert filesystem_in(MOUNTS.splitlines(), path) == kind


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "cifs", "ceph", "fuse.glusterfs", "gfs2", "9p", "virtiofs", None])
def test_what_others_may_share_lies_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(_room, "ELSEWHERE", ("/proc/somewhere",))
    monkeypatch.setattr(_room, "_filesystem_of", lambda _path: "ext4")
    assert len(_room.places_elsewhere(str(tmp_path))) == 1
    monkeypatch.setattr(_room, "_filesystem_of", lambda _path: kind)
    assert _room.places_elsewhere(str(tmp_path)) == []


@pytest.mark.parametrize(("exported", "is_shared"), [(".", True), ("below", True), ("..", True), ("../beside", False)])
def test_what_this_host_lets_others_mount_lies_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: str, is_shared: bool
) -> None:
    storage, exports = tmp_path / "a storage", tmp_path / "etab"
    where = str((storage / exported).resolve()).replace(" ", "\\040")
    exports.write_text(f"\n{where}\t*(rw,sync,no_subtree_check)\n")
    monkeypatch.setattr(_room, "EXPORTS", str(exports))
    monkeypatch.setattr(_room, "ELSEWHERE", ("/proc/somewhere",))
    monkeypatch.setattr(_room, "_filesystem_of", lambda _path: "ext4")
    assert (_room.places_elsewhere(str(storage)) == []) is is_shared


def test_elsewhere_is_on_another_filesystem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_room, "_filesystem_of", lambda _path: "ext4")
    monkeypatch.setattr(_room, "ELSEWHERE", (str(tmp_path / "near"), "/proc/far"))
    (place,) = _room.places_elsewhere(str(tmp_path / "storage"))
    assert place.startswith("/proc/far/")


def test_room_is_for_bytes_and_files() -> None:
    needed = Room(1000, 10)
    assert Room(1000, 10).has(needed)
    assert Room(1000, None).has(needed)
    assert not Room(999, 10).has(needed)
    assert not Room(1000, 9).has(needed)


def test_what_is_missing_is_said_with_its_number() -> None:
    assert "free 1 MiB there" in shortage("/srv", Room(0, 100), Room(2**20, 32))
    assert "free 3 MiB and 30 inodes there" in shortage("/srv", Room(10, 2), Room(3 * 2**20, 32))
    said = shortage("/srv", Room(5000000, 0), Room(5000, 32))
    assert "(4882 KiB and 0 inodes free, 4 KiB and 32 inodes needed): free 32 inodes there" in said
    assert "(1 KiB free, " in shortage("/srv", Room(1024, None), Room(2048, 32))
