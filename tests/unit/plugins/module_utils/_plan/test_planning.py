# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of plans over random graphs: nothing that a kept tag reaches ever goes."""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.broken import find_broken
from ansible_collections.drydock.registry.plugins.module_utils._graph.drift import Drift
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.reach import linked_digests
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.file import dump_plan, load_plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan, mark_again, narrowed
from ansible_collections.drydock.registry.plugins.module_utils._report.diff import render_diff
from ansible_collections.drydock.registry.plugins.module_utils._report.report import describe_removal, shares_of
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings
from ansible_collections.drydock.registry.plugins.module_utils._retention.protected import ProtectedImages
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import (
    DAY,
    LAYERS,
    MANIFESTS,
    NOW,
    OCI,
    Pull,
    all_settings,
    attach,
    graphs,
    like,
    pullable,
    pulled_by_digest,
    pulled_by_tags,
    without,
)
from support.graphs import settings as settings_of

NOBODY = ProtectedImages()


def planned(graph: Graph, settings: Settings, now: float = NOW) -> Plan:
    permission = Aged(graph, settings, now, set())
    return make_plan(graph, settings, retain(graph, settings, now), {"storage": "test"}, permission)


def objects(removal: Removal) -> set[tuple[str, str, str]]:
    found = {("", "blob", digest) for digest in removal.blobs}
    for name, gone in removal.repositories.items():
        found |= {(name, "tag", tag) for tag in gone.tags}
        found |= {(name, "manifest", digest) for digest in gone.manifests}
        found |= {(name, "layer link", digest) for digest in gone.layer_links}
        found |= {(name, "upload", upload) for upload in gone.uploads}
        found |= {(name, "repository", name)} if gone.is_removed else set()
    return found


def lost(graph: Graph, removal: Removal) -> set[Pull]:
    """What a client could pull before by a tag or a digest that is still there, and can't any more."""
    after = without(graph, removal)
    if graph.images_are_global:
        return v1_needed(after, graph) - {("", "manifest", image) for image in after.blobs}
    tags_only = Removal({name: type(gone)(tags=gone.tags) for name, gone in removal.repositories.items()})
    by_tag = pullable(graph, pulled_by_tags(without(graph, tags_only)))
    by_digest = pullable(graph, pulled_by_digest(graph) & pulled_by_digest(after))
    return (by_tag | by_digest) - pullable(after, pulled_by_digest(after))


def v1_needed(after: Graph, before: Graph) -> set[Pull]:
    """What was there and is needed by what is left of a v1 registry: tags, images of any kind, repositories kept."""
    needed = {tag.digest for repository in after.repositories.values() for tag in repository.tags.values()}
    needed |= after.blobs.keys()
    needed |= {image for image, manifest in before.manifests.items() if not manifest.is_known}
    for repository in after.repositories.values():
        needed |= repository.revisions.keys()
    for image in list(needed):
        needed.update(before.children_of(image))
    return {("", "manifest", image) for image in needed & before.blobs.keys()}


@given(graphs(), all_settings())
def test_everything_that_stays_still_pulls(graph: Graph, settings: Settings) -> None:
    assert lost(graph, planned(graph, settings).removal) == set()


@given(graphs(), all_settings())
def test_what_may_not_be_touched_is_not_touched(graph: Graph, settings: Settings) -> None:
    removal = planned(graph, settings).removal
    for name, repository in graph.repositories.items():
        if repository.kept_whole or not settings.selects(name):
            assert name not in removal.repositories


@given(graphs(), all_settings())
def test_twice_is_once(graph: Graph, settings: Settings) -> None:
    plan = planned(graph, settings)
    after = without(graph, plan.removal)
    assert mark_again(after, plan, NOBODY)[0].counts().is_nothing()
    assert objects(planned(after, settings).removal) == set()


@given(graphs(), all_settings(), st.randoms(use_true_random=False))
def test_the_order_of_listings_does_not_matter(graph: Graph, settings: Settings, chance: random.Random) -> None:
    plan, other = planned(graph, settings), planned(shuffled(graph, chance), settings)
    assert plan.id == other.id
    assert plan.decisions == other.decisions


@given(graphs(), all_settings())
def test_marking_an_unchanged_store_again_changes_nothing(graph: Graph, settings: Settings) -> None:
    plan = planned(graph, settings)
    removal, drift = mark_again(graph, plan, NOBODY)
    assert objects(removal) == objects(plan.removal)
    assert drift == []


@given(graphs(), all_settings(), st.data())
def test_a_plan_only_shrinks_and_stays_safe_on_a_changed_store(
    graph: Graph, settings: Settings, data: st.DataObject
) -> None:
    plan = planned(graph, settings)
    changed = mixed(graph, data.draw(like(graph)), data)
    removal, drift = mark_again(changed, plan, NOBODY)
    assert objects(removal) <= objects(plan.removal)
    assert lost(changed, removal) == set()
    assert len(drift) == len(objects(plan.removal)) - len(objects(removal))


@given(graphs(), all_settings(), st.sampled_from([["**"], ["a"], ["a/*"]]), st.sampled_from([[], ["a"], ["team/**"]]))
def test_a_plan_leaves_alone_what_the_run_that_applies_it_may_not_touch(
    graph: Graph, settings: Settings, repositories: list[str], excluded: list[str]
) -> None:
    plan = planned(graph, settings)
    bounds = settings_of(repositories=repositories, exclude_repositories=excluded)
    allowed, left_alone = narrowed(plan, bounds)
    removal, drift = mark_again(graph, allowed, NOBODY)
    assert objects(removal) <= objects(plan.removal)
    assert all(bounds.selects(name) for name in removal.repositories)
    assert lost(graph, removal) == set()
    touched = {found for found in objects(plan.removal) if found[1] != "blob" and not bounds.selects(found[0])}
    assert {(one.repository, one.kind, one.name) for one in left_alone} == touched
    assert len(left_alone) + len(drift) == len(objects(plan.removal)) - len(objects(removal))
    if not left_alone:
        assert objects(removal) == objects(plan.removal)


def test_a_signature_keeps_its_tag_where_its_image_is_pushed_again() -> None:
    image, signature, old = MANIFESTS[0], MANIFESTS[1], NOW - 40 * DAY
    sig = f"sha256-{image[7:]}.sig"
    tags = {"v1": Tag("v1", image, old), sig: Tag(sig, signature, old)}
    graph = Graph(
        repositories={"a": Repository("a", tags, revisions={image: old, signature: old})},
        manifests={image: Manifest(OCI, 100, LAYERS[0]), signature: Manifest(OCI, 100, LAYERS[1])},
        blobs={digest: Weight(5, old) for digest in (image, signature, *LAYERS)},
    )
    plan = planned(attach(graph), settings_of(policies=[{"keep_n": 0}], allow_empty=True))
    assert set(plan.removal.repositories["a"].tags) == {"v1", sig}
    graph.repositories["a"].tags["v1"] = Tag("v1", image, NOW)
    assert mark_again(graph, plan, NOBODY)[0].counts().tags == 0


@given(graphs(), all_settings(), st.data())
def test_what_is_found_by_its_tag_keeps_it_as_long_as_its_subject_stays(
    graph: Graph, settings: Settings, data: st.DataObject
) -> None:
    """A signature without its `sha256-<hex>.sig` tag is there and yet lost: nobody finds it."""
    plan = planned(graph, settings)
    changed = mixed(graph, data.draw(like(graph)), data)
    for before, removal in ((graph, plan.removal), (changed, mark_again(changed, plan, NOBODY)[0])):
        left = linked_digests(without(before, removal))
        gone = [
            (tag, before.repositories[name].attached.get(tag))
            for name, found in removal.repositories.items()
            for tag in found.tags
        ]
        assert [tag for tag, subject in gone if subject in left] == []


@given(graphs(), all_settings())
def test_a_plan_survives_its_file(graph: Graph, settings: Settings) -> None:
    plan = planned(graph, settings)
    text = "".join(dump_plan(plan))
    read = load_plan(text, "plan.json")
    assert json.loads(text)["id"] == read.id == plan.id
    assert read == plan


@given(graphs(), all_settings(), st.randoms(use_true_random=False))
def test_a_reader_sees_the_same_of_a_new_plan_and_of_its_file_whatever_order_a_store_is_listed_in(
    graph: Graph, settings: Settings, chance: random.Random
) -> None:
    plan = planned(graph, settings)
    other, read = shuffled(graph, chance), load_plan("".join(dump_plan(plan)), "plan.json")
    # Copying tells anew what is attached, and notes it a second time.
    other.notes = list(graph.notes)
    removal, drift = mark_again(other, read, NOBODY)
    assert seen(graph, plan, plan.removal, []) == seen(other, read, removal, drift)


def seen(graph: Graph, plan: Plan, removal: Removal, drift: list[Drift]) -> tuple[str, dict[str, str]]:
    shares = shares_of(graph, removal)
    result = describe_removal(graph, plan, removal, drift, shares)
    return json.dumps(result), render_diff(graph, plan, removal, shares)


@given(graphs(), all_settings())
def test_what_is_untagged_before_stays_unless_asked_for(graph: Graph, settings: Settings) -> None:
    if settings.delete_untagged or settings.delete_detached_referrers or graph.images_are_global:
        return
    removal = planned(graph, settings).removal
    reached = pullable(graph, pulled_by_tags(graph))
    for name, gone in removal.repositories.items():
        for digest in gone.manifests:
            assert (
                digest not in graph.manifests or (name, "manifest", digest) in reached or reaches_by_tag(graph, digest)
            )


def reaches_by_tag(graph: Graph, digest: str) -> bool:
    """A manifest below one that is tagged but not linked itself is reached too, though no registry would serve it."""
    waiting = [tag.digest for repository in graph.repositories.values() for tag in repository.tags.values()]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in graph.manifests:
            waiting.extend(graph.manifests[current].children)
        waiting.extend(found for found, manifest in graph.manifests.items() if manifest.subject == current)
        waiting.extend(found for found in graph.manifests if listed_by(graph, found) == {current})
        for repository in graph.repositories.values():
            attached = repository.attached.items()
            waiting.extend(repository.tags[tag].digest for tag, subject in attached if subject == current)
    return digest in seen


def listed_by(graph: Graph, index: str) -> set[str | None]:
    """The subjects of what is there of an index."""
    children = graph.manifests[index].children
    return {graph.manifests[child].subject for child in children if child in graph.manifests}


def shuffled(graph: Graph, chance: random.Random) -> Graph:
    def mix(items: dict) -> dict:  # type: ignore[type-arg]
        return dict(chance.sample(list(items.items()), len(items)))

    other = without(graph, Removal())
    other.blobs, other.manifests, other.repositories = mix(other.blobs), mix(other.manifests), mix(other.repositories)
    for repository in other.repositories.values():
        repository.tags, repository.revisions = mix(repository.tags), mix(repository.revisions)
        repository.layer_links, repository.uploads = mix(repository.layer_links), mix(repository.uploads)
    return other


def mixed(graph: Graph, other: Graph, data: st.DataObject) -> Graph:
    """The graph with some repositories and blobs replaced by those of another: pushes, re-tags, deletions."""
    changed = without(graph, Removal())
    for name in other.repositories:
        if data.draw(st.booleans()):
            changed.repositories[name] = other.repositories[name]
    for digest, blob in other.blobs.items():
        if data.draw(st.booleans()):
            changed.blobs[digest] = blob
            if digest in other.manifests:
                changed.manifests.setdefault(digest, other.manifests[digest])
    return attach(changed)


@given(graphs(), all_settings(), st.data())
def test_no_repository_loses_its_last_tag_to_a_plan_that_may_not_empty_it(
    graph: Graph, settings: Settings, data: st.DataObject
) -> None:
    """Whatever happened since: the tag that was to stay may have gone, or may not pull any more."""
    plan = planned(graph, settings)
    changed = mixed(graph, data.draw(like(graph)), data)
    for repository in changed.repositories.values():
        for tag in data.draw(st.lists(st.sampled_from([*repository.tags]), unique=True)) if repository.tags else ():
            del repository.tags[tag]
    removal, drift = mark_again(attach(changed), plan, NOBODY)
    assert len(drift) == len(objects(plan.removal)) - len(objects(removal))
    broken = find_broken(changed)
    for name, gone in removal.repositories.items():
        before = {tag.name for tag in changed.repositories[name].judged_tags()}
        pulling = before - broken.get(name, {}).keys()
        if before & gone.tags.keys() and not settings.allow_empty:
            assert (pulling or before) - gone.tags.keys()


def test_the_youngest_of_what_goes_stays_where_what_was_to_stay_has_gone() -> None:
    tags = {name: Tag(name, MANIFESTS[number], NOW - (9 - number) * DAY) for number, name in enumerate(("a", "b", "c"))}
    revisions = {tag.digest: tag.pushed or 0.0 for tag in tags.values()}
    graph = Graph(
        repositories={"app": Repository("app", tags, revisions)},
        manifests={tag.digest: Manifest(OCI, 100) for tag in tags.values()},
    )
    for allow_empty, left in ((False, {"b"}), (True, set())):
        plan = planned(graph, settings_of(policies=[{"keep_n": 1}], allow_empty=allow_empty))
        assert set(plan.removal.repositories["app"].tags) == {"a", "b"}
        lost_its_newest = without(graph, Removal())
        del lost_its_newest.repositories["app"].tags["c"]
        removal, drift = mark_again(lost_its_newest, plan, NOBODY)
        assert {"a", "b"} - removal.repositories["app"].tags.keys() == left
        assert [one.name for one in drift if one.kind == "tag"] == sorted(left)
        assert all("allow_empty is false" in one.why for one in drift if one.kind == "tag")
