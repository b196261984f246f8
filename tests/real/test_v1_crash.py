# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup of an old v1 registry that is killed before each of its changes: nothing is lost, the next run ends it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from support.crashing import KILLED, run_until
from support.store import contents
from support.sweeping import successful
from support.v1 import V1Registry, V1Store, assert_pulls, chain, image, push, tags


def test_a_kill_at_any_moment_is_harmless(v1: V1Registry, workspace: Path) -> None:
    base, kept = chain("base", "kept")
    gone = image("gone", image("below gone", base))
    push(v1, "team/app", gone, "latest")
    push(v1, "team/old", gone, "1")
    push(v1, "team/app", kept, "kept")
    arguments: dict[str, Any] = {
        "storage": {"filesystem": {"rootdirectory": str(v1.storage)}},
        "policies": [{"keep_n": 0, "keep_tags": ["kept"]}],
        "grace_period": "0s",
        "allow_empty": True,
        "require_read_only": False,
    }
    beginning = workspace / "beginning"
    shutil.copytree(v1.storage, beginning)
    _code, changes, result = run_until("cleanup", arguments, 0)
    assert successful(result)["deleted"]["blobs"] == 2
    end = tree(v1)
    # Every other one: each costs two runs.
    for last in range(1, changes + 1, 2):
        shutil.rmtree(v1.storage)
        shutil.copytree(beginning, v1.storage)
        code, _changes, _result = run_until("cleanup", arguments, last)
        assert code == KILLED
        assert_whole(v1)
        successful(run_until("cleanup", arguments, 0)[2])
        left = tree(v1)
        assert left == end, f"after a kill before change {last}: {sorted(set(left.items()) ^ set(end.items()))}"
    assert_pulls(v1, "team/app", "kept", kept)


def tree(registry: V1Registry) -> dict[str, str]:
    """Every file of the registry's own with its content."""
    return {path: one for path, one in contents(registry.storage).items() if not path.lstrip(".").startswith("drydock")}


def assert_whole(registry: V1Registry) -> None:
    """Every tag that is left has every image below it."""
    images, (base, kept) = V1Store(registry.storage).images(), chain("base", "kept")
    made = (kept, image("gone", image("below gone", base)))
    ancestors = {one.id: {below.id for below in one.ancestry} for one in made}
    for repository in ("team/app", "team/old"):
        for target in tags(registry, repository).values():
            assert ancestors[target] <= images
