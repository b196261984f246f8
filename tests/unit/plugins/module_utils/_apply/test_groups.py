# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted together over the API, and in which order."""

from __future__ import annotations

from hypothesis import given

from ansible_collections.drydock.registry.plugins.module_utils._api.ability import BY_DIGEST
from ansible_collections.drydock.registry.plugins.module_utils._apply.groups import referring_first, units
from ansible_collections.drydock.registry.plugins.module_utils._graph.ability import Ability
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings
from support.server_graphs import abilities, as_read, planned, registries, settings


@given(registries(), settings(), abilities)
def test_units_hold_each_repository_once_and_signatures_with_their_images(
    server: Graph, settings: Settings, ability: Ability
) -> None:
    known = as_read(server, settings, ability)
    removal = planned(known, settings, ability).removal
    found = list(units(known, removal))
    assert sorted(name for names in found for name in names) == sorted(removal.repositories)
    unit_of = {name: names for names in found for name in names}
    for name, gone in removal.repositories.items():
        attached = known.repositories[name].attached
        for subject in {attached[tag] for tag in attached.keys() & gone.tags.keys()}:
            homes = {home for home in removal.repositories if subject in known.repositories[home].revisions}
            assert homes <= set(unit_of[name])


@given(registries(), settings())
def test_what_refers_goes_before_what_it_refers_to(server: Graph, settings: Settings) -> None:
    known = as_read(server, settings, BY_DIGEST)
    removal = planned(known, settings, BY_DIGEST).removal
    groups = list(referring_first(known, removal))
    position = {node: number for number, group in enumerate(groups) for node in group}
    nodes = {(name, digest) for name, gone in removal.repositories.items() for digest in gone.manifests}
    assert sorted(node for group in groups for node in group) == sorted(nodes)
    if any(one.attached for one in known.repositories.values()):
        return  # By their names, tags can make two manifests each other's referrers.
    for name, digest in nodes:
        manifest = known.manifests[digest]
        after = {(name, child) for child in manifest.children}
        after |= {(home, manifest.subject) for home in known.repositories if manifest.subject}
        assert all(position[name, digest] < position[node] for node in after & nodes)
