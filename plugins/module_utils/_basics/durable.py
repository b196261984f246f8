# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to write a file: it is there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import BinaryIO, Iterable, Iterator


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` in the end, and is on the disk then. Raises OSError.

    Only its owner may read it; who wants that otherwise changes the open file, before anybody sees it. Until it is
    whole it lies beside `path` as `.<name>.drydock-<hex>`, and nothing of it stays where it can't be written: on a full
    disk that would be in the way of all others. What a run that was killed leaves has no name that a registry knows.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.drydock-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    sync_directory(directory)


def write_durably(path: str, texts: Iterable[str]) -> None:
    """Write the texts as such a file. Raises OSError.

    A name that is not UTF-8 is written as JSON writes such: `\\udcff`.
    """
    with replacing(path) as file:
        file.writelines(text.encode("utf-8", "backslashreplace") for text in texts)


def sync_directory(path: str) -> None:
    """Bring to the disk which names a directory has. Raises OSError."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
