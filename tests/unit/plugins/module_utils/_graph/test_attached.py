# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an image: by its tag's name, by its subject, and as a list of referrers that was replaced."""

from __future__ import annotations

from typing import Any, Mapping

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan, mark_again
from ansible_collections.drydock.registry.plugins.module_utils._retention.protected import ProtectedImages
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import DAY, NOW, OCI, attach, digest, settings, without

OLD = NOW - 40 * DAY


def named(number: int, suffix: str = "") -> str:
    """A tag that belongs by its name to manifest `number`."""
    return f"sha256-{number:064x}{suffix}"


def store(tags: Mapping[str, int], manifests: Mapping[int, Manifest], *, whole: bool = True) -> Graph:
    """One repository in which every manifest is linked; those not given are images of their own."""
    numbers = {*tags.values(), *manifests}
    graph = Graph(has_all_blobs=whole)
    repository = graph.repositories["app"] = Repository("app")
    for number in sorted(numbers):
        config = digest(number + 500)
        graph.manifests[digest(number)] = manifests.get(number, Manifest(OCI, 1, config))
        graph.blobs.update({digest(number): Weight(1, OLD), config: Weight(1, OLD)})
        repository.revisions[digest(number)] = repository.layer_links[config] = OLD
    for index, (tag, number) in enumerate(tags.items()):
        repository.tags[tag] = Tag(tag, digest(number), OLD + index)
    return attach(graph)


def removal(graph: Graph, **options: Any) -> Removal:
    wanted = settings(**{"policies": [{"keep_n": 1}], **options})
    return make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set())).removal


def gone(graph: Graph, **options: Any) -> tuple[set[str], set[int]]:
    """The tags and the manifests that go; a second run finds nothing."""
    found = removal(graph, **options)
    assert removal(without(graph, found), **options).counts().is_nothing()
    one = found.repositories.get("app")
    return (set(one.tags), {int(name[7:], 16) for name in one.manifests}) if one else (set(), set())


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom", ".src", ".dockerfile", ".vex", ".a.b-c"])
def test_a_tag_named_after_an_image_goes_and_stays_with_it_and_is_not_counted(suffix: str) -> None:
    graph = store({"v0": 1, "v1": 2, "v2": 3, **{named(number, suffix): number + 10 for number in (1, 2, 3)}}, {})
    assert gone(graph, policies=[{"keep_n": 2}]) == ({"v0", named(1, suffix)}, {1, 11})


@pytest.mark.parametrize("suffix", ["", ".imgpkg"])
def test_a_tag_that_is_the_image_it_names_is_an_ordinary_one(suffix: str) -> None:
    graph = store({named(1, suffix): 1, "v1": 2}, {})
    assert gone(graph, policies=[]) == (set(), set())
    assert gone(graph) == ({named(1, suffix)}, {1})


def test_an_image_whose_tag_names_what_is_nowhere_is_an_ordinary_one() -> None:
    graph = store({named(99): 1, "v1": 2, named(98, ".src"): 3}, {})
    assert gone(graph, policies=[]) == (set(), set())
    assert gone(graph) == ({named(99), "v1"}, {1, 2})


def test_what_may_not_be_listed_is_kept_and_not_counted() -> None:
    graph = store({named(99): 1, "v1": 2, named(98, ".sig"): 3}, {}, whole=False)
    assert gone(graph) == (set(), set())


DETACHED = {
    named(99, ".sig"): 1,
    named(98): 2,  # a list of one referrer
    "v1": 4,
}
LISTED = {2: Manifest(OCI, 1, children=(digest(3),)), 3: Manifest(OCI, 1, digest(503), subject=digest(98))}


def test_what_is_attached_to_nothing_stays_uncounted_until_it_is_to_go() -> None:
    graph = store(DETACHED, {**LISTED, 5: Manifest(OCI, 1, digest(505), subject=digest(97))})
    assert "2 tags belong to images that are in no repository" in "\n".join(graph.notes)
    assert gone(graph, policies=[{"keep_n": 0}], allow_empty=True) == ({"v1"}, {4})
    assert gone(graph, delete_detached_referrers=True) == ({named(99, ".sig"), named(98)}, {1, 2, 3, 5})


def test_what_is_attached_to_nothing_and_in_use_or_new_stays() -> None:
    protect = [f"app:{named(99, '.sig')}", digest(2)]
    assert gone(store(DETACHED, LISTED), delete_detached_referrers=True, protect_images=protect) == (set(), set())
    graph = store(DETACHED, LISTED)
    repository = graph.repositories["app"]
    repository.tags = {name: tag._replace(pushed=NOW) for name, tag in repository.tags.items()}
    assert gone(graph, delete_detached_referrers=True) == (set(), set())


def test_referrers_of_what_is_detached_go_along() -> None:
    graph = store(
        {"v1": 1}, {2: Manifest(OCI, 1, subject=digest(99)), 3: Manifest(OCI, 1, digest(503), subject=digest(2))}
    )
    assert gone(graph) == (set(), set())
    assert gone(graph, delete_detached_referrers=True) == (set(), {2, 3})


def attached_twice() -> Graph:
    """Image 1 with two attachments (3, 4): the list of the first (5) was replaced by that of both (6)."""
    return store(
        {"v1": 1, "v2": 2, named(1): 6},
        {
            **{number: Manifest(OCI, 1, digest(500 + number), subject=digest(1)) for number in (3, 4)},
            5: Manifest(OCI, 1, children=(digest(3),)),
            6: Manifest(OCI, 1, children=(digest(3), digest(4))),
        },
    )


def test_a_replaced_list_goes_with_its_subject_and_holds_nothing() -> None:
    graph = attached_twice()
    assert gone(graph) == ({"v1", named(1)}, {1, 3, 4, 5, 6})
    left = without(graph, removal(graph))
    assert len(left.blobs) == 2


def test_a_replaced_list_stays_while_its_subject_does() -> None:
    policies = [{"keep_tags": ["v1"], "keep_n": 0}]
    assert gone(attached_twice(), policies=policies) == ({"v2"}, {2})
    # As everything without a tag it goes where that is asked for.
    assert gone(attached_twice(), policies=policies, delete_untagged=True) == ({"v2"}, {2, 5})


def test_a_replaced_list_stays_where_its_subject_got_a_tag_again() -> None:
    graph, wanted = attached_twice(), settings(policies=[{"keep_n": 1}])
    plan = make_plan(graph, wanted, retain(graph, wanted, NOW), {}, Aged(graph, wanted, NOW, set()))
    graph.repositories["app"].tags["again"] = Tag("again", digest(1), NOW)
    left, _drift = mark_again(attach(graph), plan, ProtectedImages())
    assert (set(left.repositories["app"].tags), left.repositories["app"].manifests) == ({"v1"}, {})


def test_a_new_replaced_list_spares_the_tag_of_its_subject() -> None:
    """With its subject gone, it would stay for ever."""
    graph = attached_twice()
    graph.repositories["app"].revisions[digest(5)] = NOW
    assert gone(graph) == (set(), set())


@pytest.mark.parametrize("children", [(), (digest(77),)])
def test_a_list_that_its_referrers_have_left_takes_no_place(children: tuple[str, ...]) -> None:
    """Clients leave it when the last referrer is deleted; then its image goes, too."""
    graph = store({"v0": 1, "v1": 2, named(99): 3}, {3: Manifest(OCI, 1, children=children)})
    assert gone(graph, policies=[{"keep_n": 2}]) == (set(), set())
    assert gone(graph, policies=[], delete_detached_referrers=True) == ({named(99)}, {3})


def test_lists_of_what_is_attached_to_the_detached_go_along() -> None:
    graph = store(
        {"v1": 1},
        {
            2: Manifest(OCI, 1, digest(502), subject=digest(99)),
            3: Manifest(OCI, 1, digest(503), subject=digest(2)),
            4: Manifest(OCI, 1, children=(digest(3),)),
        },
    )
    assert gone(graph, delete_detached_referrers=True) == (set(), {2, 3, 4})


def test_an_untagged_index_of_images_is_no_list() -> None:
    graph = store({"v1": 1, "v2": 2}, {5: Manifest(OCI, 1, children=(digest(3), digest(4))), 3: Manifest(OCI, 1)})
    assert gone(graph) == ({"v1"}, {1})


def test_an_attached_tag_that_is_in_use_stays_with_its_image() -> None:
    graph = store({"v1": 1, "v2": 2, named(1, ".sig"): 3}, {})
    assert gone(graph, protect_images=[f"app:{named(1, '.sig')}"]) == ({"v1"}, {1})
