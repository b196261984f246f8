# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What closing a registry writes must fit, on each filesystem, with all that goes there together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance import room_to_close
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.room_to_close import require_room, room_for
from ansible_collections.drydock.registry.plugins.module_utils._storage.room import Room

BLOCK = 4096
MORE = 4


@pytest.mark.parametrize(("sizes", "blocks"), [([], 0), ([0], 0), ([1], 1), ([BLOCK], 1), ([BLOCK + 1, 1], 3)])
def test_files_take_whole_blocks(sizes: list[int], blocks: int) -> None:
    assert room_for(sizes, BLOCK) == Room((blocks + MORE) * BLOCK, len(sizes) + MORE)


@pytest.mark.parametrize("together", [True, False])
def test_what_goes_to_one_filesystem_must_fit_together(
    together: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directories need not be there yet."""
    free = Room(7 * BLOCK, None)
    monkeypatch.setattr(room_to_close, "room_of", lambda _path: free)
    monkeypatch.setattr(room_to_close, "_filesystem_of", lambda path: 1 if together else hash(path))
    sizes = {str(tmp_path / "etc/config.yml"): 1, str(tmp_path / "var/lib/record"): 3 * BLOCK}
    if not together:
        require_room(sizes)
        return
    with pytest.raises(MaintenanceError, match=r"filesystem of .*/var/lib is full .*nothing was changed"):
        require_room(sizes)


def test_what_can_not_be_looked_at_is_told_by_the_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> Room:
        raise PermissionError

    monkeypatch.setattr(room_to_close, "room_of", refuse)
    require_room({"/srv/file": 2**60})
