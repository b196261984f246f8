# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not pull takes no place, whatever is missing, and no image that pulls goes because of it."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.broken import Broken, find_broken
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan, mark_again
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings
from ansible_collections.drydock.registry.plugins.module_utils._retention.protected import ProtectedImages
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import DAY, HOUR, NOW, OCI, REPOSITORIES, all_settings, digest, graphs, settings, sha512

NOBODY = ProtectedImages()
#: By number: manifests 1 to 3 are images, 4 and 5 indexes; a config is 100 more than its image, a layer 200 more.
IMAGES = {"v1": 1, "v2": 2, "v3": 3}
OLD = NOW - 90 * DAY


def store(**tags: int) -> Graph:
    """The repository `app` in a storage: three images, the newest is v3, and the indexes 4 of 1 and 2, 5 of 2 and 3."""
    graph = Graph(has_all_blobs=True)
    app = graph.repositories["app"] = Repository("app")
    for number in IMAGES.values():
        graph.manifests[digest(number)] = Manifest(OCI, 1, digest(100 + number), (digest(200 + number),))
        for blob in (100 + number, 200 + number):
            app.layer_links[digest(blob)] = OLD
            graph.blobs[digest(blob)] = Weight(7, OLD)
    for number, children in ((4, (1, 2)), (5, (2, 3))):
        graph.manifests[digest(number)] = Manifest(OCI, 1, children=tuple(map(digest, children)))
    for found in graph.manifests:
        app.revisions[found] = OLD
        graph.blobs[found] = Weight(1, OLD)
    for name, number in (tags or IMAGES).items():
        app.tags[name] = Tag(name, digest(number), OLD + number * HOUR)
    return graph


def planned(graph: Graph, settings: Settings) -> Plan:
    permission = Aged(graph, settings, NOW, set())
    return make_plan(graph, settings, retain(graph, settings, NOW), {"storage": "test"}, permission)


def reasons(graph: Graph, **options: Any) -> dict[str, str]:
    plan = planned(graph, settings(**{"policies": [{"keep_n": 1}], **options}))
    return {decision.tag.name: decision.reason for decision in plan.decisions["app"]}


def unlink(graph: Graph) -> None:
    del graph.repositories["app"].revisions[digest(3)]


def lose(number: int) -> Callable[[Graph], None]:
    def damage(graph: Graph) -> None:
        del graph.blobs[digest(number)]
        graph.manifests.pop(digest(number), None)

    return damage


def empty(graph: Graph) -> None:
    graph.blobs[digest(203)] = Weight(0, OLD)


def unlink_layer(graph: Graph) -> None:
    del graph.repositories["app"].layer_links[digest(203)]


def store_elsewhere(graph: Graph) -> None:
    """Its layer was pushed by sha512, and has lost the link under the name by which it is stored."""
    app, manifest = graph.repositories["app"], graph.manifests[digest(3)]
    graph.manifests[digest(3)] = manifest._replace(layers=(sha512(203),))
    app.layer_links[sha512(203)] = app.layer_links.pop(digest(203))
    graph.aliases[sha512(203)] = digest(203)


DAMAGES = [
    (unlink, f"manifest {digest(3)} is not linked"),
    (lose(3), f"manifest {digest(3)} is gone"),
    (lose(103), f"configuration {digest(103)} is gone"),
    (lose(203), f"layer {digest(203)} is gone"),
    (empty, f"layer {digest(203)} has no content"),
    (unlink_layer, f"layer {digest(203)} is not linked"),
    (store_elsewhere, f"layer {sha512(203)} is not linked"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
def test_the_newest_that_pulls_has_the_place(damage: Callable[[Graph], None], why: str) -> None:
    graph = store()
    damage(graph)
    retention = retain(graph, settings(policies=[{"keep_n": 1}]), NOW)
    assert list(retention.broken) == [Broken("app", "v3", digest(3), why)]
    assert reasons(graph) == {
        "v1": "deleted: not among the newest 1 of 2",
        "v2": "kept: newest 1 of 2",
        "v3": f"kept: does not pull ({why})",
    }
    # The images of this store have no dates, which is told too.
    told = [warning for warning in retention.warnings if "do not pull" in warning]
    ways = "Push them again, or let them go with broken_tags: delete"
    assert told == [f"app: tags that do not pull take no place among the newest: v3 ({why}). {ways}"]


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
def test_an_index_does_not_pull_without_a_part_that_was_there(damage: Callable[[Graph], None], why: str) -> None:
    graph = store(v1=1, multi=5)
    damage(graph)
    is_sparse = damage is DAMAGES[1][0]
    if is_sparse:
        del graph.repositories["app"].revisions[digest(3)]
    assert reasons(graph)["multi"] == ("kept: newest 1 of 2" if is_sparse else f"kept: does not pull ({why})")
    assert reasons(graph)["v1"].startswith("deleted" if is_sparse else "kept: newest 1 of 1")


def test_an_index_of_which_no_part_is_there() -> None:
    graph = store(v1=1, multi=5)
    for number in (2, 3):
        lose(number)(graph)
        del graph.repositories["app"].revisions[digest(number)]
    assert reasons(graph)["multi"] == "kept: does not pull (no part of its index is there)"


def test_an_index_of_layers_pulls() -> None:
    """A build cache: its parts are blobs, and no manifests."""
    graph = store(cache=5)
    graph.manifests[digest(5)] = Manifest(OCI, 1, children=(digest(201), digest(202)))
    assert find_broken(graph) == {}
    lose(202)(graph)
    assert find_broken(graph) == {"app": {"cache": f"layer {digest(202)} is gone"}}


def test_a_part_that_only_another_repository_has_was_never_pushed() -> None:
    graph = store(multi=5)
    graph.repositories["other"] = Repository("other", revisions={digest(3): OLD})
    unlink(graph)
    assert find_broken(graph) == {}


def test_a_layer_that_lies_elsewhere_need_not_be_here() -> None:
    graph = store()
    lose(203)(graph)
    graph.manifests[digest(3)] = graph.manifests[digest(3)]._replace(elsewhere=(digest(203),))
    assert find_broken(graph) == {}


def test_an_index_in_an_index_ten_thousand_deep() -> None:
    graph = store(deep=10_000)
    for number in range(10_000, 300, -1):
        graph.manifests[digest(number)] = Manifest(OCI, 1, children=(digest(number - 1),))
        graph.repositories["app"].revisions[digest(number)] = OLD
    graph.manifests[digest(300)] = Manifest(OCI, 1, digest(101), (digest(999),))
    graph.repositories["app"].revisions[digest(300)] = OLD
    assert find_broken(graph) == {"app": {"deep": f"layer {digest(999)} is gone"}}


def test_groups_are_ordered_by_what_pulls() -> None:
    graph = store(**{"a-1": 1, "b-2": 2, "a-3": 3})
    policies = [{"group_by": r"~(\w)-.*", "keep_groups": 1}]
    assert reasons(graph, policies=policies)["b-2"] == "deleted: not in the newest 1 of 2 groups"
    lose(203)(graph)
    assert reasons(graph, policies=policies)["b-2"] == "kept: newest 1 of 1"


@pytest.mark.parametrize("keep_tags", [[], ["v3"]])
def test_the_last_tag_is_one_that_pulls(keep_tags: list[str]) -> None:
    graph = store()
    lose(203)(graph)
    policies = [{"older_than": "1d", "keep_tags": keep_tags}]
    found = reasons(graph, policies=policies)
    assert found["v2"] == "kept: the last tag of its repository that pulls (allow_empty is false)"
    assert found["v1"].startswith("deleted")
    assert found["v3"].startswith("kept: keep_tags v3" if keep_tags else "kept: does not pull")
    assert reasons(graph, policies=policies, allow_empty=True)["v2"].startswith("deleted")


def test_broken_tags_go_where_they_may() -> None:
    graph = store(v1=1, v2=2, v3=3, young=3, used=3, other=3)
    lose(203)(graph)
    graph.repositories["app"].tags["young"] = Tag("young", digest(3), NOW - 60)
    options = {
        "broken_tags": "delete",
        "policies": [{"keep_n": 9, "tags": ["v*", "young", "used"]}],
        "protect_images": ["app:used"],
    }
    assert {name: reason.partition(" (")[0] for name, reason in reasons(graph, **options).items()} == {
        "other": "kept: no policy judges it",
        "used": "kept: in use",
        "v1": "kept: newest 2 of 2",
        "v2": "kept: newest 2 of 2",
        "v3": "deleted: does not pull",
        "young": "kept: its image was pushed within the grace period",
    }


def test_a_repository_in_which_nothing_pulls_keeps_a_tag() -> None:
    graph = store()
    for number in (201, 202, 203):
        lose(number)(graph)
    found = reasons(graph, broken_tags="delete")
    assert found["v3"] == "kept: the last tag of its repository (allow_empty is false)"
    assert {found["v1"].partition(" (")[0], found["v2"].partition(" (")[0]} == {"deleted: does not pull"}
    assert all(
        reason.startswith("deleted") for reason in reasons(graph, broken_tags="delete", allow_empty=True).values()
    )


def test_what_was_mended_since_the_plan_stays() -> None:
    graph = store()
    lose(203)(graph)
    plan = planned(graph, settings(policies=[{"keep_n": 9}], broken_tags="delete"))
    assert set(plan.removal.repositories["app"].tags) == {"v3"}
    graph.blobs[digest(203)] = Weight(7, OLD)
    removal, drift = mark_again(graph, plan, NOBODY)
    assert removal.counts().is_nothing()
    assert [(found.kind, found.name) for found in drift if found.kind == "tag"] == [("tag", "v3")]


def test_the_id_of_a_plan_does_not_know_of_the_option_unless_it_is_used() -> None:
    assert "broken_tags" not in settings(policies=[{"keep_n": 1}]).options
    assert settings(policies=[{"keep_n": 1}], broken_tags="delete").options["broken_tags"] == "delete"


@pytest.mark.parametrize("tagged", [True, False])
def test_what_a_lost_manifest_may_need_stays(tagged: bool) -> None:
    """Its layers, and its parts should it be an index: also parts whose tags go."""
    graph = store(v1=1, v2=2, **({"multi": 5} if tagged else {}))
    lose(5)(graph)
    app = graph.repositories["app"]
    plan = planned(graph, settings(policies=[{"tags": ["v*"], "keep_n": 0}], allow_empty=True, delete_untagged=tagged))
    gone = plan.removal.repositories["app"]
    assert set(gone.tags) == {"v1", "v2"}
    assert (gone.manifests, gone.layer_links, plan.removal.blobs) == ({}, {}, {})
    if tagged:
        del app.tags["multi"]
    plan = planned(graph, settings(policies=[{"tags": ["v*"], "keep_n": 0}], allow_empty=True, delete_untagged=True))
    assert len(plan.removal.repositories["app"].manifests) == len(app.revisions)


def test_images_on_which_deletions_rely() -> None:
    """Those with a place, else one that stays; none where nothing goes."""
    graph = store()
    assert retain(graph, settings(policies=[{"keep_n": 2}]), NOW).relied_on == {"app": {digest(2), digest(3)}}
    assert retain(graph, settings(policies=[{"keep_n": 3}]), NOW).relied_on == {"app": set()}
    by_age = [{"older_than": "1d", "keep_tags": ["v2"]}]
    assert retain(graph, settings(policies=by_age), NOW).relied_on == {"app": {digest(2)}}
    assert retain(graph, settings(policies=by_age, allow_empty=True), NOW).relied_on == {"app": set()}


def pulls(graph: Graph, name: str, tag: Tag) -> bool:
    """Told as a client would find out, and not as the code under test does; where it is sure to pull."""
    repository = graph.repositories[name]
    if graph.images_are_global:
        return {tag.digest, *graph.children_of(tag.digest)} <= graph.blobs.keys()
    manifest = graph.manifests.get(tag.digest)
    if manifest is None or tag.digest not in repository.revisions:
        return False
    blobs = {*manifest.layers, *filter(None, [manifest.config])} if not manifest.children else set()
    stored = {graph.aliases.get(blob, blob) for blob in blobs}
    has_blobs = blobs | stored <= repository.layer_links.keys() and stored <= graph.blobs.keys()
    return has_blobs and all(pulls(graph, name, tag._replace(digest=child)) for child in manifest.children)


@given(graphs(), all_settings())
def test_no_image_that_pulls_goes_because_of_one_that_does_not(graph: Graph, settings: Settings) -> None:
    """As many images that pull have a place as with none that does not."""
    graph.has_all_blobs = True
    retention = retain(graph, settings, NOW)
    living = without_broken(graph)
    expected = retain(living, settings, NOW)
    for name, decisions in retention.decisions.items():
        found = {decision.tag.name: decision.is_kept for decision in decisions}
        for decision in expected.decisions[name]:
            assert found[decision.tag.name] == decision.is_kept


def without_broken(graph: Graph) -> Graph:
    left = Graph(**{**vars(graph), "repositories": {}})
    broken = find_broken(graph)
    for name, one in graph.repositories.items():
        tags = {tag: found for tag, found in one.tags.items() if tag not in broken.get(name, {})}
        left.repositories[name] = Repository(**{**vars(one), "tags": tags})
    return left


@given(graphs())
def test_what_surely_pulls_is_never_broken(graph: Graph) -> None:
    graph.has_all_blobs = True
    broken = find_broken(graph)
    for name in REPOSITORIES:
        for tag in graph.repositories[name].tags.values() if name in graph.repositories else ():
            if pulls(graph, name, tag):
                assert tag.name not in broken.get(name, {})


@given(graphs(), st.sampled_from(["keep", "delete"]))
def test_over_the_api_what_was_not_asked_for_is_not_gone(graph: Graph, broken_tags: str) -> None:
    graph.has_all_blobs = False
    found = retain(graph, settings(policies=[{"keep_n": 0}], broken_tags=broken_tags), NOW)
    assert all("not linked" in one.why or "no part" in one.why for one in found.broken)
