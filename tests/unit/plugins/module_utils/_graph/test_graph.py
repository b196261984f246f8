# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plain data of a registry: what a tag's name says, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Graph,
    Manifest,
    Repository,
    Tag,
)
from support.graphs import OCI, digest, graphs

HEX = "a" * 64


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (f"sha256-{HEX}", f"sha256:{HEX}"),
        (f"sha256-{HEX}.sig", f"sha256:{HEX}"),
        (f"sha512-{HEX}{HEX}.att", f"sha512:{HEX}{HEX}"),
        (f"sha256-{HEX}-dirty", None),
        (f"sha256-{HEX[1:]}", None),
        (f"sha256-{HEX.upper()}", None),
        (f"v-sha256-{HEX}", None),
        ("sha-4f2a9c1", None),
        ("latest", None),
    ],
)
def test_the_subject_in_a_name(name: str, subject: str | None) -> None:
    assert Tag(name, digest(1), None).named_subject == subject


@given(graphs())
def test_every_tag_is_judged_or_belongs_to_something(graph: Graph) -> None:
    for repository in graph.repositories.values():
        judged = {tag.name for tag in repository.judged_tags()}
        assert judged | repository.attached.keys() | repository.detached.keys() == repository.tags.keys()
        assert not judged & {tag.name for tag, _subject in repository.attached_tags()}


def test_what_is_not_understood_is_told_by_kind_and_what_is_damaged_elsewhere() -> None:
    graph = Graph(
        repositories={"app": Repository("app", revisions=dict.fromkeys(map(digest, (1, 2, 3, 4)), 1.0))},
        manifests={
            digest(1): Manifest("text/x", 1, is_known=False),
            digest(2): Manifest("text/a", 1, is_known=False),
            digest(3): Manifest(OCI, 1, is_known=False, damage="has no content"),
        },
    )
    graph.warn_of_unknown_manifests()
    [warning] = graph.warnings
    assert warning.startswith("app: 2 manifests that are not understood (text/a, text/x) are kept with all")
    assert warning.endswith(f", such as {digest(1)}")


def test_a_graph_that_is_forgotten_holds_nothing_for_whoever_has_it() -> None:
    graph = Graph({"app": Repository("app")}, has_all_blobs=True)
    held = graph
    graph.forget()
    assert held == Graph()
