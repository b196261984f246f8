# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The synthetic stores in `.cache/bench`: written when first asked for and again when store.py has changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.store import INDEX_EVERY, OWN_LAYERS, PLATFORMS, Counts, Shape

CACHE = Path(__file__).resolve().parents[1] / ".cache/bench"
GENERATOR = Path(__file__).with_name("store.py")


@dataclass(frozen=True)
class Store:
    """One store: `root` is the registry's `rootdirectory`."""

    shape: Shape
    path: Path
    counts: Counts

    @property
    def root(self) -> Path:
        return self.path / "registry"

    def copy(self, name: str) -> Store:
        """A fresh copy beside it, written out to the disk."""
        path = CACHE / f"copy-{name}"
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(self.path), str(path)], check=True)
        subprocess.run(["sync", "-f", str(path)], check=True)
        return Store(self.shape, path, self.counts)

    def remove(self) -> None:
        shutil.rmtree(self.path)


def ensure_store(shape: Shape) -> Store:
    """The store of this shape; written by a process of its own, so that this one stays small."""
    version = hashlib.sha256(GENERATOR.read_bytes()).hexdigest()[:12]
    path = CACHE / f"{shape}-{version}"
    if not path.exists():
        _remove_outdated(shape)
        print(f"writing the store {shape} ...", file=sys.stderr)
        unfinished = path.with_suffix(".unfinished")
        subprocess.run(
            [sys.executable, str(GENERATOR), str(unfinished), str(shape)], check=True, stdout=subprocess.DEVNULL
        )
        unfinished.rename(path)
    return Store(shape, path, Counts(**json.loads((path / "counts.json").read_text())))


def _remove_outdated(shape: Shape) -> None:
    for path in CACHE.glob(f"{shape}-*"):
        shutil.rmtree(path)


def expected_deletions(shape: Shape, keep: int) -> dict[str, int]:
    """What a plan has to delete that keeps the newest `keep` images of each repository and nothing untagged."""
    tags = max(0, shape.tags - keep)
    indexes = -(-tags // INDEX_EVERY)
    images = tags - indexes + indexes * len(PLATFORMS) + shape.untagged
    found = {"tags": tags, "manifests": images + indexes, "blobs": images * (OWN_LAYERS + 2) + indexes}
    return {kind: count * shape.repositories for kind, count in found.items()}
