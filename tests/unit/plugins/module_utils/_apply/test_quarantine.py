# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much room it takes to set aside what goes: that of directories, for nothing is copied."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._apply.quarantine import room_to_set_aside
from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval


def removal_of(blobs: int, repositories: int = 1, size: int = 1) -> Removal:
    gone = {f"team/{number}": RepositoryRemoval(is_removed=True) for number in range(repositories)}
    return Removal(gone, {f"sha256:{number:064x}": Weight(size, 0.0) for number in range(blobs)})


def test_the_size_of_what_goes_does_not_count() -> None:
    assert room_to_set_aside(removal_of(10, size=2**40)) == room_to_set_aside(removal_of(10))


def test_blobs_share_their_directories() -> None:
    some, many = room_to_set_aside(removal_of(256)), room_to_set_aside(removal_of(100_000))
    assert many.files == some.files
    assert many.bytes - some.bytes == 99_744 * 128


def test_each_repository_has_directories_of_its_own() -> None:
    one, two = room_to_set_aside(removal_of(0)), room_to_set_aside(removal_of(0, repositories=2))
    assert one.files is not None
    assert two.files == one.files + 12
