# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing everything below a path, in parallel, with no more than a few requests beyond the pages it takes.

A listing gives a thousand keys a request, one after the other. A long one is cut into ranges of keys that are listed
side by side; where to cut, a few looks at the names of directories tell. What is cut badly is slower, never wrong.
"""

from __future__ import annotations

from heapq import merge
from typing import Callable, Iterator, Sequence, Tuple

from ..._basics.parallel import in_parallel
from .listing import PackedKeys, PageFile
from .page import PAGE, Entry, Page

# A listing of so few pages is not worth a cut.
_PAGES_ALONE = 4
_LOOKS = 4
_RANGES = 16
# Understanding a page takes about as long as waiting for it, and some MiB.
_AT_ONCE = 3
_HEX = "123456789abcdef"
_END = "\U0010ffff"
#: A page of a listing by (prefix, key after which it begins, delimiter).
GetPage = Callable[[str, str, str], Page]
#: Keys behind the first, up to and with the second.
Range = Tuple[str, str]


def list_below(get_page: GetPage, prefix: str, more: Sequence[Entry]) -> PackedKeys:
    """Return what is below `prefix`, and what is in `more`.

    Raises what `get_page` does for any page, and StorageError where it can't be kept.
    """

    file = PageFile()

    def pack(entries: Iterator[Entry], between: Range) -> PackedKeys:
        return PackedKeys(merge(entries, sorted(one for one in more if between[0] < one.key <= between[1])), file)

    first, is_last = _first_pages(get_page, prefix)
    if is_last:
        return pack(iter(first), ("", _END))
    last = first[-1].key
    packed = pack(iter(first), ("", last))
    ranges = _ranges(last, _cuts(get_page, prefix, last))
    for part in in_parallel(lambda one: pack(_list_range(get_page, prefix, one), one), ranges, _AT_ONCE):
        packed.extend(part)
    return packed


def _first_pages(get_page: GetPage, prefix: str) -> tuple[list[Entry], bool]:
    entries: list[Entry] = []
    is_last = False
    while not is_last and len(entries) < _PAGES_ALONE * PAGE:
        page = get_page(prefix, entries[-1].key if entries else "", "")
        entries, is_last = entries + page.entries, page.is_last
    return entries, is_last


def _list_range(get_page: GetPage, prefix: str, between: Range) -> Iterator[Entry]:
    after, end = between
    is_last = False
    while not is_last:
        page = get_page(prefix, after, "")
        yield from (entry for entry in page.entries if entry.key <= end)
        after = page.entries[-1].key if page.entries else end
        is_last = page.is_last or after >= end


def _ranges(after: str, cuts: Sequence[str]) -> list[Range]:
    number = min(_RANGES, len(cuts))
    ends = sorted({cut for cut in (cuts[len(cuts) * at // number] for at in range(number)) if cut > after})
    return list(zip([after, *ends], [*ends, _END]))


def _cuts(get_page: GetPage, prefix: str, after: str) -> list[str]:
    """Return keys, in their order, between which there may be about as much."""
    waiting, found = [prefix], list(_spread(prefix))
    for _look in range(_LOOKS):
        if not waiting or len(waiting) + len(found) >= _RANGES:
            break
        for name in get_page(waiting.pop(0), after, "/").prefixes:
            cuts = _spread(name)
            found += cuts
            waiting += [] if cuts else [name]
    return sorted(waiting + found)


def _spread(prefix: str) -> list[str]:
    """Return where to cut below a digest's algorithm, for there all is spread evenly."""
    is_spread = prefix.endswith(("/sha256/", "/sha512/"))
    return [prefix, *(f"{prefix}{digit}" for digit in _HEX)] if is_spread else []
