# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put into a storage for a moment, to see which registry shows it, as plain data."""

from __future__ import annotations

from typing import Mapping, NamedTuple

TAG = "tag"
BLOB = "blob"
V1_IMAGE = "v1 image"


class Planted(NamedTuple):
    """Content by path that nobody has had before, and what a registry on that storage then shows of it.

    It shows the `kind` (TAG, BLOB or V1_IMAGE) of that name, digest or id in the repository. `moved` says of files that
    are there to which paths they go for as long.
    """

    files: dict[str, bytes]
    repository: str
    kind: str
    name: str
    moved: Mapping[str, str] = {}
