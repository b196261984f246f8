# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v2 storage tree from outside: snapshots that show whether it was touched, its paths, ages, and damage done to it.

Independent of the collection's own layout code, so that a mistake there is not repeated here. What is a Path here may
as well be an ObjectPath, which is one in all that is used of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Iterator, NamedTuple

from support.images import Content, Image, digest_of
from support.s3_server import ObjectPath


class Entry(NamedTuple):
    """What must not change where nothing was touched; access times may (the file system decides)."""

    kind: str
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    owner: tuple[int, int]
    content: str


Snapshot = dict[str, Entry]


def snapshot(root: Path) -> Snapshot:
    """relative path -> Entry, for the root itself (".") and everything under it; symlinks are not followed."""
    if isinstance(root, ObjectPath):
        return {str(path.relative_to(root)): _object_entry(path) for path in root.files()}
    paths = [root, *(Path(top) / name for top, dirs, files in os.walk(root) for name in [*dirs, *files])]
    return {str(path.relative_to(root)): _entry(path) for path in paths}


def _object_entry(path: ObjectPath) -> Entry:
    found, content = path.stat(), hashlib.sha256(path.read_bytes()).hexdigest()
    return Entry("file", found.st_size, int(found.st_mtime * 1e9), 0, 0, (0, 0), content)


def _entry(path: Path) -> Entry:
    found = path.lstat()
    content, kind = "", "other"
    if stat.S_ISLNK(found.st_mode):
        kind, content = "symlink", str(path.readlink())
    elif stat.S_ISDIR(found.st_mode):
        kind = "directory"
    elif stat.S_ISREG(found.st_mode):
        kind, content = "file", hashlib.sha256(path.read_bytes()).hexdigest()
    owner = (found.st_uid, found.st_gid)
    return Entry(kind, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode, owner, content)


def assert_untouched(root: Path, before: Snapshot) -> None:
    """AssertionError listing every path that came, went or changed since `before`."""
    assert_same(before, snapshot(root))


def assert_same(before: Snapshot, after: Snapshot) -> None:
    """AssertionError listing every path that came, went or changed."""
    changed = [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
    shown = [f"{path}: {before.get(path)} -> {after.get(path)}" for path in changed[:10]]
    assert not changed, f"{len(changed)} paths were touched: " + "; ".join(shown)


def contents(root: Path) -> dict[str, str]:
    """relative path -> content hash of every file: what two stores in the same state have in common."""
    return {path: entry.content for path, entry in snapshot(root).items() if entry.kind == "file"}


class Tree:
    """A storage's directory, and how old it looks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = time.time()

    # Ages, counted back from the moment this object was made, so that equal ages are equal times.
    # A thing is as young as the youngest of its files (docs/registry_facts.md#v2-storage-layout), so all are set.

    def age(self, path: Path, seconds: float) -> None:
        """Set every file and directory from `path` down to `seconds` old."""
        for one in [*_everything(path), path]:
            _set_time(one, self.now - seconds)

    def age_everything(self, seconds: float) -> None:
        self.age(self.root, seconds)


class Store(Tree):
    """The storage of one registry (`rootdirectory`), by the names of docs/registry_facts.md#v2-storage-layout."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.v2 = root / "docker/registry/v2"
        self.quarantine = root / "docker/registry/drydock"

    def repository(self, name: str) -> Path:
        return self.v2 / "repositories" / name

    def tag(self, repository: str, tag: str) -> Path:
        return self.repository(repository) / "_manifests/tags" / tag

    def current_link(self, repository: str, tag: str) -> Path:
        return self.tag(repository, tag) / "current/link"

    def revision(self, repository: str, digest: str) -> Path:
        return self.repository(repository) / "_manifests/revisions" / digest.replace(":", "/")

    def layer_link(self, repository: str, digest: str) -> Path:
        return self.repository(repository) / "_layers" / digest.replace(":", "/") / "link"

    def blob(self, digest: str) -> Path:
        """The blob's directory."""
        algorithm, name = digest.split(":")
        return self.v2 / "blobs" / algorithm / name[:2] / name

    def blob_data(self, digest: str) -> Path:
        return self.blob(digest) / "data"

    def uploads(self, repository: str) -> list[str]:
        return _names(self.repository(repository) / "_uploads")

    def repositories(self) -> list[str]:
        """Every repository of any depth, by any of its inner directories."""
        top = self.v2 / "repositories"
        found = {path.parent for path in _everything(top) if path.name in ("_layers", "_manifests", "_uploads")}
        return sorted(str(path.relative_to(top)) for path in found)

    def tags(self, repository: str) -> list[str]:
        return _names(self.repository(repository) / "_manifests/tags")

    def revisions(self, repository: str) -> list[str]:
        """Digests with a link file."""
        return list(_digests(self.repository(repository) / "_manifests/revisions", "link"))

    def layer_links(self, repository: str) -> list[str]:
        return list(_digests(self.repository(repository) / "_layers", "link"))

    def blobs(self) -> list[str]:
        """Digests with data."""
        found = (path for path in _everything(self.v2 / "blobs") if path.name == "data" and path.is_file())
        return sorted(f"{data.parts[-4]}:{data.parts[-2]}" for data in found)

    def blob_bytes(self) -> int:
        """Bytes of all blobs' data: what the store weighs without links."""
        return sum(self.blob_data(digest).stat().st_size for digest in self.blobs())

    def age_tag(self, repository: str, tag: str, seconds: float) -> None:
        """The tag's links, and its digest's revision link: as if pushed then."""
        digest = self.current_link(repository, tag).read_text()
        self.age(self.tag(repository, tag), seconds)
        self.age(self.revision(repository, digest), seconds)

    def age_image(self, repository: str, image: Image, seconds: float) -> None:
        """Everything of an image: blobs, layer links, revisions, children; not its tags."""
        for content in (image.manifest, *image.blobs):
            if self.blob(content.digest).exists():
                self.age(self.blob(content.digest), seconds)
            if self.layer_link(repository, content.digest).exists():
                self.age(self.layer_link(repository, content.digest), seconds)
        self.age(self.revision(repository, image.digest), seconds)
        for child in image.children:
            self.age_image(repository, child, seconds)

    # What no client can do.

    def write_manifest(self, repository: str, manifest: Content, tag: str | None = None) -> str:
        """Write a manifest straight into the storage, as a migrated or foreign store may have it."""
        digest = manifest.digest
        self.write_blob(manifest)
        _write_link(self.revision(repository, digest) / "link", digest)
        if tag is not None:
            _write_link(self.current_link(repository, tag), digest)
            _write_link(self.tag(repository, tag) / "index" / digest.replace(":", "/") / "link", digest)
        return digest

    def write_image(self, repository: str, image: Image, tag: str) -> None:
        """As a push leaves it, and much faster."""
        for content in image.blobs:
            _write_link(self.layer_link(repository, self.write_blob(content)), content.digest)
        self.write_manifest(repository, image.manifest, tag)

    def write_blob(self, content: Content) -> str:
        """Blob data without any link to it."""
        digest = digest_of(content.data)
        self.blob(digest).mkdir(parents=True, exist_ok=True)
        self.blob_data(digest).write_bytes(content.data)
        return digest

    def remove_manifest(self, repository: str, digest: str) -> None:
        """As if it had never been pushed: its revision in this repository, and its blob."""
        remove(self.revision(repository, digest))
        remove(self.blob(digest))


def remove(path: Path) -> None:
    """A file, or a directory with all that is in it; nothing where there is neither."""
    if isinstance(path, Path) and path.is_dir():
        shutil.rmtree(path)
    for one in path.files() if isinstance(path, ObjectPath) else [path] if path.is_file() else ():
        one.unlink()


def _everything(path: Path) -> Iterator[Path]:
    """All that is below, what is in a directory before it; directories in a bucket too, which hold an object."""
    if isinstance(path, Path):
        for where, directories, files in os.walk(path, topdown=False):
            yield from (Path(where) / name for name in [*files, *directories])
        return
    seen = set[ObjectPath]()
    for one in list(path.files()) if not path.is_file() else ():
        seen |= {parent for parent in one.parents if path in parent.parents}
        yield one
    yield from (one for one in sorted(seen) if not one.is_file())


def _set_time(path: Path, when: float) -> None:
    if isinstance(path, Path):
        os.utime(path, (when, when))
    elif path.is_file():
        path.set_time(when)


def _names(directory: Path) -> list[str]:
    if isinstance(directory, ObjectPath):
        return directory.listdir()
    return sorted(os.listdir(directory)) if directory.is_dir() else []


def _digests(directory: Path, wanted: str) -> Iterator[str]:
    links = (path for path in _everything(directory) if path.name == wanted and path.is_file())
    yield from sorted(f"{link.parts[-3]}:{link.parts[-2]}" for link in links)


def _write_link(path: Path, digest: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(digest)
