# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A large repository and its plan, made once: nobody changes them."""

from __future__ import annotations

from functools import cache

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain

from .graphs import DAY, NOW, OCI, digest, settings

TAGS = 1500
KEPT = 1200


@cache
def large_graph() -> Graph:
    """One repository of 2,700 tags, each an image of its own with a configuration of its own."""
    repository, graph = Repository("app"), Graph()
    graph.repositories["app"] = repository
    for number in range(TAGS + KEPT):
        image, config, pushed = digest(number), digest(100_000 + number), NOW - (5000 - number) * DAY
        repository.tags[f"b{number}"] = Tag(f"b{number}", image, pushed)
        repository.revisions[image] = repository.layer_links[config] = pushed
        graph.manifests[image] = Manifest(OCI, 3, config=config)
        graph.blobs[image], graph.blobs[config] = Weight(3, pushed), Weight(7, pushed)
    return graph


@cache
def large_plan() -> Plan:
    """One that deletes TAGS tags, each with its image, and keeps KEPT."""
    graph, wanted = large_graph(), settings(policies=[{"keep_n": KEPT}])
    return make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set()))
