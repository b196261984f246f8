# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registry_info does: choose the source, read as deep as was asked for, and return one form of result."""

from __future__ import annotations

import json
from typing import Any

from .._api.ways import api_of
from .._basics.durable import write_durably
from .._basics.errors import InvalidOptionError
from .._basics.meant import check_possible
from .._basics.names import NAMES
from .._client.open import open_client
from .._graph.graph import Graph
from .._graph.source import Source
from .._layout.open import open_layout
from .._plan.unmatched import unmatched_selection
from .._report.inventory import Inventory, describe, find_orphans, list_names, take_inventory
from .._report.report import CAP
from .._storage.owners import doubt_of_owner, find_owner
from .edge import Output
from .info_options import InfoOptions


class RegistryInfo:
    """One run of the module."""

    def __init__(self, options: InfoOptions, output: Output) -> None:
        self.options = options
        self.scope = options.scope
        self.output = output

    def run(self) -> None:
        """Put what was found into the result, and the whole of it into a file where asked. Raises DrydockError."""
        source, level, dest = self._open(), self.options.level, self.options.dest
        check_possible((*self.scope.included, *self.scope.excluded), NAMES[source.version].repository)
        graph = source.read_all() if level == "images" else source.read_names(with_tags=level == "tags")
        inventory = self._look(source, graph) if level == "images" else list_names(graph, with_tags=level == "tags")
        self.output.warn_of(*graph.warnings, *unmatched_selection(graph, *self.scope))

        def described(limit: int | None) -> dict[str, Any]:
            notes = {"notes": graph.notes[:limit], "notes_total": len(graph.notes)}
            return {"source": source.kind, **describe(inventory, limit), **notes}

        if dest is not None:
            _write(dest, described(None))
        self.output.result.update(described(CAP))

    def _open(self) -> Source:
        where = self.options.storage
        if where is None:
            return api_of(open_client(self.options.client), *self.scope)
        layout = open_layout(where, selects=self.scope.selects)
        owner = find_owner(where.config, layout.storage)
        if owner is not None:
            self.output.warn(
                f"this is the storage of {owner.name} ({owner.seen}): only its database tells what is there"
            )
        self.output.warn_of(doubt_of_owner(where.config, layout.storage))
        return layout

    def _look(self, source: Source, graph: Graph) -> Inventory:
        shown = [one for name, one in graph.repositories.items() if self.scope.selects(name)]
        digests = {digest for one in shown for digest in (*one.revisions, *(tag.digest for tag in one.tags.values()))}
        parts = {part for digest in digests for part in graph.children_of(digest)}
        configs = dict(source.read_configs(graph, sorted(digests | parts)))
        orphans = find_orphans(graph, self.scope) if graph.has_all_blobs else None
        return take_inventory(graph, configs, self.scope, orphans)


def _write(path: str, whole: dict[str, Any]) -> None:
    try:
        write_durably(path, [json.dumps(whole)])
    except OSError as error:
        raise InvalidOptionError("dest", path, f"a file that can be written here ({error.strerror})") from error
