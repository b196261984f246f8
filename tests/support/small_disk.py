# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk of a few MiB that can be filled to the last byte or inode: ext4 in a file or tmpfs, mounted for a block."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from pathlib import Path
from types import TracebackType

from .registries import wait_for

_BLOCK = 4096
_FILLING = "filling"


class SmallDisk:
    """Mounted at `path`. Nothing is reserved for root, who else would never see it full."""

    def __init__(self, image: Path | None, path: Path, size: int = 16 * 2**20, inodes: int = 2048) -> None:
        """Without an image it is in memory."""
        self.image = image
        self.path = path
        self.size = size
        self.inodes = inodes

    def __enter__(self) -> SmallDisk:
        self.path.mkdir(parents=True, exist_ok=True)
        if self.image is None:
            limits = f"size={self.size},nr_inodes={self.inodes}"
            subprocess.run(["mount", "-t", "tmpfs", "-o", limits, "none", str(self.path)], check=True)
        else:
            self._mount(self.image)
        return self

    def _mount(self, image: Path) -> None:
        with image.open("wb") as file:
            file.truncate(self.size)
        options = ["-q", "-F", "-m", "0", "-b", str(_BLOCK), "-N", str(self.inodes), "-O", "^has_journal"]
        subprocess.run(["mkfs.ext4", *options, str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(self.path)], check=True, capture_output=True)
        (self.path / "lost+found").rmdir()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=True, capture_output=True)

    def fill(self, where: Path, left: int = 0) -> None:
        """Take all bytes but `left`, and not one inode more than it takes; `where` is a directory on the disk.

        A registry may still be taking back what a push that found no room has left: then once more.
        """
        path = where / _FILLING

        def is_filled() -> bool:
            with contextlib.suppress(OSError), path.open("ab", 0) as file:
                while True:
                    file.write(bytes(_BLOCK))
            # Directory entries and extents may have taken some blocks, which a shorter file gives back.
            os.truncate(path, path.stat().st_size // _BLOCK * _BLOCK - left)
            return self.free_bytes() - left in range(2 * _BLOCK)

        wait_for(is_filled, f"{self.path} to have {left} bytes left, and no more")

    def fill_inodes(self, where: Path) -> None:
        """Take every inode, in a directory of its own."""
        many = where / _FILLING
        many.mkdir()
        with contextlib.suppress(OSError):
            for number in itertools.count():
                (many / str(number)).touch()
        assert os.statvfs(self.path).f_ffree == 0

    def free_bytes(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize
