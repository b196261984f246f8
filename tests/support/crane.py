# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another OCI registry than Distribution: that of go-containerregistry, `crane registry serve`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType

from support.registries import REPOSITORY_ROOT, MissingPartError, ServedProcess


def find_crane() -> Path | None:
    """The binary that `make crane` built, or any in the PATH."""
    built = REPOSITORY_ROOT / ".cache/bin/crane"
    found = str(built) if os.access(built, os.X_OK) else shutil.which("crane")
    return Path(found) if found else None


class CraneRegistry(ServedProcess):
    """A registry in memory that deletes by tag and by digest.

    Its catalogue has no order and is cut at n without a Link; its JSON comes as text/plain.
    """

    def start(self) -> None:
        binary = find_crane()
        if binary is None:
            message = "crane is not installed: make crane (needs Go)"
            raise MissingPartError(message)
        self.serve([str(binary), "registry", "serve", "--address", self.host])

    def __enter__(self) -> CraneRegistry:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
