# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What something in a storage weighs: a word for who lists it, and for who decides on it."""

from __future__ import annotations

from typing import Iterator

#: What the path of something ends with that was to become a file and never did.
UNFINISHED = ".unfinished"


class Weight(complex):
    """What a blob or an upload weighs in bytes, and the youngest time found in it: `Weight(size, modified)`.

    There are as many as blobs, and a complex number holds both in 48 bytes, where a tuple with its two numbers takes
    108 (Python 3.11). Sizes below 2 ** 53 are exact in it.
    """

    __slots__ = ()

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return int(self.real)

    modified = complex.imag

    def __iter__(self) -> Iterator[float]:
        yield self.size
        yield self.modified

    def __repr__(self) -> str:
        return f"Weight({self.size}, {self.modified})"
