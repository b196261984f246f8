# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare cost of the listing and the reads that any careful collector needs, in plain Python.

It lists the repositories, their tags, revisions and layer links, and the blobs, telling directories from what else may
lie there (symbolic links are never followed); reads every `current/link`, whose time says when the tag was pushed, and
every manifest once; takes the time of every other link and of every blob's data (their age decides what may go).
With what it sees it does nothing but count it: no JSON, no graph, no marking.

With --whole-tree it lists the tree as `find` does, every directory and every file, instead of asking for the files
whose names the layout tells: what a collector pays that does not know them, or wants to see what else there is.

Usage: python -m bench.floor [--whole-tree] ROOTDIRECTORY
It prints JSON: seconds, cpu (seconds too), peak_kib and the counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator

from bench.memory import peak_memory


def directories(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def read(path: str) -> tuple[bytes, float]:
    """Content and time."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        found = os.fstat(fd)
        return os.read(fd, found.st_size), found.st_mtime
    finally:
        os.close(fd)


def repositories(top: str) -> Iterator[str]:
    """Their directories, at any depth: whatever holds `_manifests` or `_layers`."""
    found = directories(top)
    if "_manifests" in found or "_layers" in found:
        yield top
    for name in found:
        if not name.startswith("_"):
            yield from repositories(f"{top}/{name}")


class Floor:
    """Goes through the store once and counts."""

    def __init__(self, root: str) -> None:
        self._top = f"{root}/docker/registry/v2"
        self._manifests: set[str] = set()
        self.counts = dict.fromkeys(
            ("repositories", "tags", "revisions", "layer_links", "blobs", "blob_bytes", "manifest_bytes"), 0
        )

    def run(self) -> None:
        for path in repositories(f"{self._top}/repositories"):
            self.counts["repositories"] += 1
            self._read_tags(f"{path}/_manifests/tags")
            self._list_revisions(f"{path}/_manifests/revisions")
            self._list_layer_links(f"{path}/_layers")
        self._list_blobs()
        self._read_manifests()

    def _read_tags(self, top: str) -> None:
        for name in directories(top):
            read(f"{top}/{name}/current/link")
            self.counts["tags"] += 1

    def _list_revisions(self, top: str) -> None:
        for algorithm in directories(top):
            for name in directories(f"{top}/{algorithm}"):
                os.lstat(f"{top}/{algorithm}/{name}/link")
                self._manifests.add(f"{algorithm}:{name}")
                self.counts["revisions"] += 1

    def _list_layer_links(self, top: str) -> None:
        for algorithm in directories(top):
            for name in directories(f"{top}/{algorithm}"):
                os.lstat(f"{top}/{algorithm}/{name}/link")
                self.counts["layer_links"] += 1

    def _list_blobs(self) -> None:
        for algorithm in directories(f"{self._top}/blobs"):
            for prefix in directories(f"{self._top}/blobs/{algorithm}"):
                directory = f"{self._top}/blobs/{algorithm}/{prefix}"
                for name in directories(directory):
                    self.counts["blob_bytes"] += os.lstat(f"{directory}/{name}/data").st_size
                    self.counts["blobs"] += 1

    def _read_manifests(self) -> None:
        for digest in self._manifests:
            algorithm, name = digest.split(":")
            self.counts["manifest_bytes"] += len(read(f"{self._top}/blobs/{algorithm}/{name[:2]}/{name}/data")[0])


class WholeTree(Floor):
    """The same counts from a listing of everything."""

    def run(self) -> None:
        names = set()
        for path, found in self._files(self._top):
            parts = path[len(self._top) + 1 :].split("/")
            if parts[0] == "blobs":
                self.counts["blobs"] += 1
                self.counts["blob_bytes"] += found.st_size
            elif parts[-4] == "_layers":
                self.counts["layer_links"] += 1
            elif parts[-4] == "revisions":
                self.counts["revisions"] += 1
                self._manifests.add(f"{parts[-3]}:{parts[-2]}")
                names.add("/".join(parts[1:-5]))
            elif parts[-2] == "current":
                read(path)
                self.counts["tags"] += 1
        self.counts["repositories"] = len(names)
        self._read_manifests()

    def _files(self, top: str) -> Iterator[tuple[str, os.stat_result]]:
        waiting = [top]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry.path, entry.stat(follow_symlinks=False)


def main() -> None:
    *options, root = sys.argv[1:]
    floor = WholeTree(root) if options == ["--whole-tree"] else Floor(root)
    start, cpu = time.monotonic(), time.process_time()
    floor.run()
    cost = {"seconds": time.monotonic() - start, "cpu": time.process_time() - cpu, "peak_kib": peak_memory()}
    print(json.dumps({**cost, **floor.counts}))


if __name__ == "__main__":
    main()
