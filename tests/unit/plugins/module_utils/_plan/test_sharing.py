# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else needs an image: named where a registry can't delete a tag alone."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.sharing import why_shared
from support.graphs import OCI, attach, digest

INDEX, CHILD, SIGNATURE, LONELY = (digest(number) for number in range(1, 5))
TAGS = {"v1": CHILD, "v10": CHILD, "v9": CHILD, "multi": INDEX, "old": CHILD, "alone": LONELY}


def store() -> Graph:
    app = Repository("app", {name: Tag(name, one, None) for name, one in TAGS.items()})
    app.revisions = dict.fromkeys((INDEX, CHILD, LONELY), 0.0)
    signatures = Repository("signatures", {"signed": Tag("signed", SIGNATURE, None)}, {SIGNATURE: 0.0})
    manifests = {
        INDEX: Manifest(OCI, 1, children=(CHILD,)),
        SIGNATURE: Manifest(OCI, 1, subject=CHILD),
        **{one: Manifest(OCI, 1, digest(9)) for one in (CHILD, LONELY)},
    }
    return attach(Graph({"app": app, "signatures": signatures}, manifests))


@pytest.mark.parametrize(
    ("going", "tag", "why"),
    [
        (["old"], "old", "same image as tag v1"),
        (["old", "v1"], "old", "same image as tag v9"),
        (["old", "v1", "v9", "v10"], "old", "its image belongs to that of tag multi"),
        (["alone"], "alone", "its image is part of one that stays"),
    ],
)
def test_the_tag_that_needs_it_is_the_first_that_stays(going: list[str], tag: str, why: str) -> None:
    graph = store()
    tags = graph.repositories["app"].tags
    doomed = {"app": {name: tags[name] for name in going}}
    assert list(why_shared(graph, [("app", tags[tag])], doomed)) == [
        f"kept: {why}, and this registry can't delete a tag alone"
    ]


def test_a_referrer_in_another_repository_is_told_with_whose_it_is() -> None:
    graph = store()
    tag = Tag("signed", SIGNATURE, None)
    [why] = why_shared(graph, [("signatures", tag)], {"signatures": {"signed": tag}})
    assert why.startswith("kept: its image belongs to that of tag old of app, and")


def test_a_tag_without_a_digest() -> None:
    [why] = why_shared(store(), [("app", Tag("dead", "", None))], {})
    assert why.startswith("kept: the registry tells no digest to delete it with")


def test_nothing_shared_is_nothing_said() -> None:
    assert list(why_shared(store(), [], {})) == []
