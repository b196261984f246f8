# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The s3 storage driver: what a bucket holds below a registry's root directory.

A bucket has no directories; a listing of all keys makes them. It is asked for once, in two parts - the blobs, then the
repositories - and answers from then on whatever can be told without reading an object, until `look_anew`.
"""

from __future__ import annotations

import hashlib
import secrets
from itertools import groupby, islice
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ..._basics.errors import DoubtError, StorageError
from ..._basics.parallel import in_parallel
from ..._basics.weight import UNFINISHED, Weight
from ..base import NAME_FILE, NAME_LIMIT, Leaf, Listing, Look, OwnFiles, Storage
from ..lock_directory import LockFiles
from .bucket import Bucket, Failed, Unfinished
from .client import CONNECTIONS, md5_of
from .listing import PackedKeys
from .lock import LockObject
from .own_files import S3OwnFiles
from .page import PAGE, Entry, Page
from .ranges import list_below

_BESIDE = "docker/registry/"
_TREE = f"{_BESIDE}v2/"
_DELETES_AT_ONCE = 4
_SHOWN = 5


class S3Storage(Storage):
    """A registry's tree in a bucket. Keys outside of it are never listed, read or changed, but for drydock's own."""

    batch = PAGE * _DELETES_AT_ONCE
    sets_aside = False

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Ask the bucket nothing yet. Raises InvalidOptionError, MissingLibraryError."""
        self.bucket = Bucket(parameters)
        self.base = f"{self.bucket.where.prefix}{_TREE}"
        self._beside = f"{self.bucket.where.prefix}{_BESIDE}"
        self._listed: dict[str, PackedKeys] = {}
        self._unfinished: dict[str, Unfinished] | None = None

    def source(self) -> dict[str, str]:
        return self.bucket.where.source()

    def own_files(self) -> OwnFiles:
        return S3OwnFiles(self.bucket, f"{self._beside}drydock")

    def read_name(self) -> bytes | None:
        found = self.bucket.get(self._beside + NAME_FILE, NAME_LIMIT)
        return found[0] if found else None

    def write_name(self, content: str) -> None:
        self.bucket.put(self._beside + NAME_FILE, content.encode())

    def lock_files(self) -> LockFiles:
        return LockObject(self.bucket, f"{self._beside}drydock.lock")

    def has_beside(self, path: str) -> bool:
        return self.bucket.get(self._beside + path, 1) is not None

    def look_anew(self) -> None:
        self._listed, self._unfinished = {}, None

    def entries(self, path: str) -> Listing | None:
        keys = self._keys(path)
        listing = keys.names(path)
        return listing if listing.directories or listing.files or any(keys.below(path)) else None

    def leaves(self, path: str, leaf: str) -> list[tuple[str, Weight | None]]:
        return [
            (name, _weight(self._leaf(path, leaf, name, inside)))
            for name, inside in self._children(path)
            if not all(one.key.endswith(UNFINISHED) for one in inside)
        ]

    def read_leaves(self, path: str, leaf: str, limit: int, likely: Iterable[str] = ()) -> Iterator[Leaf]:
        parent = f"{leaf.rpartition('/')[0]}/"
        found: list[tuple[Leaf, bool]] = []
        settled = _texts_by_md5(likely)
        for name, inside in self._children(path):
            entry = self._leaf(path, leaf, name, inside)
            beside = [one for one in inside if one.key.startswith(f"{path}/{name}/{parent}")]
            content = settled.get((entry.etag, entry.size)) if entry else None
            modified = entry.modified if entry else 0.0
            found.append((Leaf(name, content, modified, len(beside) <= 1), entry is not None and content is None))
        wanted = [one.name for one, is_wanted in found if is_wanted]
        contents = dict(zip(wanted, self.read_each([f"{path}/{name}/{leaf}" for name in wanted], limit)))
        for one, is_wanted in found:
            yield one._replace(content=contents[one.name]) if is_wanted else one

    def weigh_tree(self, path: str) -> Weight | None:
        found = list(self._all(path))
        if not found:
            return None
        return Weight(sum(entry.size for entry in found), max(entry.modified for entry in found))

    def read(self, path: str, limit: int) -> tuple[bytes, float] | None:
        found = self.bucket.get(self.base + path, limit)
        return found[:2] if found else None

    def read_each(self, paths: Iterable[str], limit: int) -> Iterator[bytes | None]:
        def content(path: str) -> bytes | None:
            found = self.read(path, limit)
            return found[0] if found else None

        return in_parallel(content, paths, CONNECTIONS)

    def unfinished(self) -> list[str]:
        return [path for path in self._unfinished_uploads() if "/_uploads/" not in path]

    def remove(self, paths: Sequence[str], quarantine: str, look: Look) -> Iterator[bool]:
        keys = {path: list(self._keys(path).left(path)) for path in paths}
        deletion = _ObjectDeletion(self.bucket, self.base, self._unfinished_uploads())
        failure = deletion.run([key for found in keys.values() for key in found], look)
        for path, found in keys.items():
            for key in deletion.gone.intersection(found):
                self._keys(key).discard(key)
            yield any(self._all(path)) and deletion.gone.issuperset(found)
        if failure:
            raise failure

    def rewrite(self, path: str, content: bytes, quarantine: str) -> bool:
        if self.read(path, 1) is None:
            return False
        self.write(path, content)
        return True

    def prune(self, path: str, stop: str) -> None:
        """Delete what marks empty directories: only where an object does are there any."""
        while path not in ("", stop) and path.startswith(stop):
            left = list(islice(self._keys(path).left(path), 2))
            if left not in ([], [f"{path}/"]):
                return
            if left:
                self._require_deleted([f"{self.base}{path}/"])
                self._keys(path).discard(f"{path}/")
            path = path.rpartition("/")[0]

    def write(self, path: str, content: bytes) -> None:
        self.bucket.put(self.base + path, content)

    def discard(self, path: str, stop: str) -> None:
        self._require_deleted([self.base + path])

    def _require_deleted(self, keys: list[str]) -> None:
        failed = self.bucket.delete(keys)
        if failed:
            raise StorageError(f"{self.bucket.url(failed[0].key)} could not be deleted: {failed[0].why}")

    def local_root(self) -> str | None:
        return None

    def check_changeable(self) -> None:
        """Nothing tells short of a change, see `try_removing`."""

    def try_removing(self) -> None:
        self._require_deleted([f"{self.bucket.where.prefix}docker/registry/drydock/{secrets.token_hex(16)}"])

    def why_slow(self) -> str | None:
        why = self.bucket.why_one_by_one
        if why is None:
            return None
        return f"the S3 server does not delete several objects with one request, so each takes one of its own ({why})"

    def held_back(self, size: int) -> str | None:
        keeps = self.bucket.keeps_versions() if size else False
        if keeps is False:
            return None
        what = "keeps old versions" if keeps else "may keep old versions (this account may not ask)"
        return (
            f"the bucket {self.bucket.where.bucket} {what}: {size} bytes of what goes are freed only when a "
            "lifecycle rule lets noncurrent versions expire"
        )

    def _keys(self, path: str) -> PackedKeys:
        top = path.partition("/")[0]
        if top not in self._listed:
            more = [
                Entry(one, found.size, found.modified, "")
                for one, found in self._unfinished_uploads().items()
                if one.startswith(f"{top}/")
            ]
            self._listed[top] = list_below(self._page, f"{top}/", more)
        return self._listed[top]

    def _page(self, prefix: str, after: str, delimiter: str) -> Page:
        page = self.bucket.page(self.base + prefix, self.base + after if after else "", delimiter)
        start = len(self.base)
        entries = [Entry(one.key[start:], *one[1:]) for one in page.entries]
        return Page(entries, [one[start:] for one in page.prefixes], page.is_last)

    def _unfinished_uploads(self) -> dict[str, Unfinished]:
        """Return the multipart uploads that were not completed, by names beside the objects they would have become."""
        if self._unfinished is None:
            found = list(self.bucket.unfinished(self.base))
            self._unfinished = {
                f"{one.key[len(self.base) :]}.{_short(one.upload_id)}{UNFINISHED}": one for one in found
            }
        return self._unfinished

    def _all(self, path: str) -> Iterator[Entry]:
        yield from self._keys(path).at(path)
        yield from self._keys(path).below(path)

    def _children(self, path: str) -> Iterator[tuple[str, list[Entry]]]:
        """Yield each directory below a path, and all that is in it."""
        start = len(path) + 1
        for name, inside in groupby(self._keys(path).below(path), lambda one: one.key[start:].partition("/")[:2]):
            if name[1]:
                yield name[0], list(inside)

    def _leaf(self, path: str, leaf: str, name: str, inside: Sequence[Entry]) -> Entry | None:
        wanted = f"{path}/{name}/{leaf}"
        found = next((one for one in inside if one.key == wanted), None)
        if found is None and any(one.key.startswith(f"{wanted}/") for one in inside):
            raise DoubtError(
                f"{self.bucket.url(self.base + wanted)} is not an object, which is what a registry has there"
            )
        return found


class _ObjectDeletion:
    """Deletes objects a page at a time, several pages at once; `gone` are those that went, however it ends."""

    def __init__(self, bucket: Bucket, base: str, unfinished: Mapping[str, Unfinished]) -> None:
        self.bucket = bucket
        self.base = base
        self.unfinished = unfinished
        self.gone: set[str] = set()

    def run(self, paths: list[str], look: Look) -> StorageError | None:
        """Return what kept it from deleting all of it, None where nothing did."""
        failed: list[Failed] = []
        try:
            for page in in_parallel(self._delete, _pages(paths, look), _DELETES_AT_ONCE):
                failed += page
        except StorageError as error:
            return error
        shown = "; ".join(f"{self.bucket.url(one.key)} ({one.why})" for one in failed[:_SHOWN])
        return StorageError(f"{len(failed)} objects could not be deleted: {shown}") if failed else None

    def _delete(self, paths: list[str]) -> list[Failed]:
        """Delete the objects, and abort what of them is an unfinished upload."""
        uploads = [path for path in paths if path in self.unfinished]
        for path in uploads:
            self.bucket.abort(self.unfinished[path])
            self.gone.add(path)
        keys = [self.base + path for path in paths if path not in self.unfinished]
        failed = self.bucket.delete(keys) if keys else []
        left = {one.key for one in failed}
        self.gone.update(key[len(self.base) :] for key in keys if key not in left)
        return failed


def _pages(paths: list[str], look: Look) -> Iterator[list[str]]:
    for start in range(0, len(paths), PAGE):
        look()
        yield paths[start : start + PAGE]


def _short(upload_id: str) -> str:
    return hashlib.sha256(upload_id.encode()).hexdigest()[:16]


def _weight(entry: Entry | None) -> Weight | None:
    return Weight(entry.size, entry.modified) if entry else None


def _texts_by_md5(texts: Iterable[str]) -> dict[tuple[str, int], bytes]:
    """Return texts by the ETag and size that an object of just this content has; nothing where this host has no MD5."""
    contents = {text.encode(): md5_of(text.encode()) for text in texts}
    return {(md5.hex(), len(content)): content for content, md5 in contents.items() if md5 is not None}
