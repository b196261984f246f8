# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a registry may have to be closed for a plan, so that its lease fits. Pure."""

from __future__ import annotations

import math

from .._graph.removal import Counts

# Whatever there is to do: the restart, the proof and the drain, to and fro, each of which may take a minute by default,
# and a host that does not answer for two.
_FLOOR = 600.0
# Seconds. On a slow disk 184,020 files were read again and 25,000 blobs set aside within 12 s, and in a bucket 99,380
# objects were listed and 62,643 of them deleted within 18 s: 0.1 ms for each, so these are fifty times as much, and
# more. A lease that is too long costs something only where a run dies, one that is too short each night.
_TO_READ = 0.005
_TO_REMOVE = 0.01
_MINUTE = 60


def lease_for(entries: int, removed: Counts) -> str:
    """Return a lease (whole minutes, such as `12m`) that is far longer than the work should take.

    `entries` are the tags, manifests and blobs that are there, which are read or listed again on the closed registry.
    """
    to_remove = sum(removed._replace(bytes=0))
    seconds = _FLOOR + entries * _TO_READ + to_remove * _TO_REMOVE
    return f"{math.ceil(seconds / _MINUTE)}m"
