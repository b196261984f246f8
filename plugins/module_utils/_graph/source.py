# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a graph comes from: one registry, as its API shows it (`_api`) or as its storage does (`_layout`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Iterable, Iterator

from .._basics.progress import SILENT, Progress
from .graph import Graph
from .manifest import ImageConfig


class Source(ABC):
    """One registry that can be read.

    Every method raises RegistryError or StorageError where something can't be read, and DoubtError where what was read
    leaves doubt about everything.
    """

    #: How it is read: `api` or `storage`.
    kind: str

    def __init__(self, progress: Progress = SILENT) -> None:
        self.progress = progress

    @property
    @abstractmethod
    def version(self) -> str:
        """Return the version of the registry's API (_basics/api_version.py), with which a storage goes too."""

    @abstractmethod
    def source(self) -> dict[str, str]:
        """Return what plans call this registry; no secrets."""

    @abstractmethod
    def read(self) -> Graph:
        """Read what a plan is made from: a storage whole, over the API every tag with its image."""

    @abstractmethod
    def read_all(self) -> Graph:
        """Read all that can be told, with sizes: over the API what is below indexes and attached to images, too."""

    @abstractmethod
    def read_names(self, with_tags: bool) -> Graph:
        """Read which of the selected repositories there are, and with `with_tags` their tags; no image."""

    @abstractmethod
    def read_created(self, graph: Graph, digests: Iterable[str]) -> None:
        """Add the image dates of the given manifests to the graph, as far as they are known."""

    @abstractmethod
    def read_configs(self, graph: Graph, digests: Iterable[str]) -> Iterator[tuple[str, ImageConfig]]:
        """Yield (digest, configuration) of each of the given manifests that has one, and whose content is there."""
