#!/usr/bin/env python3
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare cost of the listing and the reads that any careful collector needs, in plain Python.

It lists the repositories, their tags, revisions and layer links, and the blobs; reads every `current/link` and every
manifest once; takes the time stamp of every other link and of every blob's data (their age decides what may go).
With what it sees it does nothing but count it: no JSON, no graph, no marking.

Usage: floor.py ROOTDIRECTORY; prints JSON: seconds, peak_kib and the counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator


def names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def directories(directory: str) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
        return b"".join(parts)
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
        for name in names(top):
            read(f"{top}/{name}/current/link")
            self.counts["tags"] += 1

    def _list_revisions(self, top: str) -> None:
        for algorithm in names(top):
            for name in names(f"{top}/{algorithm}"):
                os.lstat(f"{top}/{algorithm}/{name}/link")
                self._manifests.add(f"{algorithm}:{name}")
                self.counts["revisions"] += 1

    def _list_layer_links(self, top: str) -> None:
        for algorithm in names(top):
            for name in names(f"{top}/{algorithm}"):
                os.lstat(f"{top}/{algorithm}/{name}/link")
                self.counts["layer_links"] += 1

    def _list_blobs(self) -> None:
        for algorithm in names(f"{self._top}/blobs"):
            for prefix in names(f"{self._top}/blobs/{algorithm}"):
                directory = f"{self._top}/blobs/{algorithm}/{prefix}"
                for name in names(directory):
                    self.counts["blob_bytes"] += os.lstat(f"{directory}/{name}/data").st_size
                    self.counts["blobs"] += 1

    def _read_manifests(self) -> None:
        for digest in self._manifests:
            algorithm, name = digest.split(":")
            self.counts["manifest_bytes"] += len(read(f"{self._top}/blobs/{algorithm}/{name[:2]}/{name}/data"))


def peak_memory() -> int:
    """KiB; not ru_maxrss, in which the memory of the process that started this one counts too."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def main() -> None:
    floor = Floor(sys.argv[1])
    start = time.monotonic()
    floor.run()
    seconds = time.monotonic() - start
    print(json.dumps({"seconds": round(seconds, 3), "peak_kib": peak_memory(), **floor.counts}))


if __name__ == "__main__":
    main()
