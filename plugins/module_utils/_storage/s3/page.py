# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of a listing, and how it is read from what a server answers ListObjectsV2 with. Pure.

botocore reads it too, but takes more time for the thousand entries of a page than all that is made of them takes.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree

#: Keys in one page.
PAGE = 1000
_ROOT = "ListBucketResult"
_FLAGS = {"true": True, "false": False}
# The only objects of whose content more is asked than their keys tell: ETags can't be packed.
_TELLING = "/current/link"


class Entry(NamedTuple):
    """An object: its key, its size in bytes, its time, and of a tag's link its ETag (mostly the MD5 of it)."""

    key: str
    size: int
    modified: float
    etag: str


class Page(NamedTuple):
    """One page of a listing, in the order of the keys; `prefixes` only where a delimiter was asked for."""

    entries: list[Entry]
    prefixes: list[str]
    is_last: bool


def make_entry(key: str, size: int, modified: float, etag: str) -> Entry:
    """Return an entry from what a listing says of an object."""
    return Entry(key, size, modified, etag.strip('"') if key.endswith(_TELLING) else "")


def parse_page(body: bytes) -> Page:
    """Return the page in the body of an answer, with or without a namespace. Raises ValueError for any other body."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - botocore does the same
    except ElementTree.ParseError as error:
        raise ValueError(f"not XML: {error}") from error
    space, bracket, name = root.tag.rpartition("}")
    if name != _ROOT:
        raise ValueError(f"{name} and not {_ROOT}")
    return _Reader(f"{space}{bracket}").page(root)


class _Reader:
    """Reads elements whose names begin with `space`."""

    def __init__(self, space: str) -> None:
        self._names = [f"{space}{name}" for name in ("Key", "Size", "LastModified", "ETag")]
        self._space = space

    def page(self, root: ElementTree.Element) -> Page:
        is_quoted = root.findtext(f"{self._space}EncodingType") == "url"
        is_truncated = root.findtext(f"{self._space}IsTruncated")
        if is_truncated not in _FLAGS:
            raise ValueError(f"IsTruncated is {is_truncated}")
        entries = [self._entry(found, is_quoted) for found in root.iterfind(f"{self._space}Contents")]
        found = root.iterfind(f"{self._space}CommonPrefixes/{self._space}Prefix")
        prefixes = [_name(one.text, is_quoted) for one in found]
        return Page(entries, prefixes, not _FLAGS[is_truncated])

    def _entry(self, found: ElementTree.Element, is_quoted: bool) -> Entry:
        key, size, modified, etag = map(found.findtext, self._names)
        return make_entry(_name(key, is_quoted), int(size or ""), parse_time(modified or ""), etag or "")


def _name(text: str | None, is_quoted: bool) -> str:
    if not text:
        raise ValueError("a key without a name")
    return unquote_plus(text) if is_quoted else text


def parse_time(text: str) -> float:
    """Return the seconds since the epoch of a time such as `2026-11-26T03:10:00.000Z`. Raises ValueError."""
    whole, _dot, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction:0<6.6}+00:00").timestamp()
