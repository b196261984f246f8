# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random graphs for property-based tests, and an oracle that is written without the code under test."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.attached import find_attached
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import Settings, read_settings

NOW = 1_700_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR
REPOSITORIES = ("a", "a/b", "team/c")
TAGS = ("latest", "v1", "v2", "v10", "dev-1", "dev-2")
#: What follows the digest in the tag of a referrer, and in imgpkg's, which points to the image itself.
ENDINGS = ("", ".sig", ".src", ".imgpkg")
OCI = "application/vnd.oci.image.manifest.v1+json"


#: (repository, "manifest" or "blob", digest)
Pull = tuple[str, str, str]


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def sha512(number: int) -> str:
    return f"sha512:{number:0128x}"


#: Manifests have the numbers 1 to 9, blobs 101 to 106; a blob's sha512 name stands for the blob of that number.
MANIFESTS = [digest(number) for number in range(1, 10)]
LAYERS = [digest(number) for number in range(101, 107)]
times = st.sampled_from([NOW - 0.5 * HOUR, *(NOW - days * DAY for days in (1, 3, 8, 20, 40, 80, 160))])


@st.composite
def manifests(draw: st.DrawFn, number: int) -> Manifest:
    """A manifest that refers to manifests of lower numbers only, and to any blobs."""
    lower = MANIFESTS[: number - 1]
    children = draw(st.lists(st.sampled_from(lower), max_size=2, unique=True)) if lower else []
    subject = draw(st.none() | st.sampled_from(lower)) if lower else None
    layers = draw(st.lists(st.sampled_from([*LAYERS, sha512(101), sha512(102)]), max_size=2, unique=True))
    config = None if children else draw(st.sampled_from(LAYERS))
    return Manifest(
        OCI, 100, config, tuple(layers), tuple(children), subject, draw(st.sampled_from([True] * 9 + [False]))
    )


@st.composite
def repositories(draw: st.DrawFn, name: str) -> Repository:
    revisions = draw(st.dictionaries(st.sampled_from(MANIFESTS), times, max_size=6))
    attached = draw(st.lists(st.tuples(st.sampled_from(MANIFESTS), st.sampled_from(ENDINGS)), max_size=2))
    names = [*TAGS, *(f"sha256-{found[7:]}{ending}" for found, ending in attached)]
    pointing = draw(st.dictionaries(st.sampled_from(names), st.tuples(st.sampled_from(MANIFESTS), times), max_size=4))
    return Repository(
        name,
        tags={tag: Tag(tag, target, pushed) for tag, (target, pushed) in pointing.items()},
        revisions=revisions,
        layer_links=draw(st.dictionaries(st.sampled_from([*LAYERS, sha512(101), sha512(102)]), times, max_size=6)),
        uploads=draw(st.dictionaries(st.sampled_from(["u1"]), st.builds(Weight, st.integers(0, 9), times), max_size=1)),
        kept_whole=draw(st.sampled_from([None] * 9 + ["a link is garbled"])),
    )


@st.composite
def v1_repositories(draw: st.DrawFn, name: str, modified: dict[str, float]) -> Repository:
    """What the layout v1 makes of a repository: its revisions are what tags lead to, and what it lists besides."""
    images = st.sampled_from(MANIFESTS)
    pointing = draw(st.dictionaries(st.sampled_from(TAGS), st.tuples(images, times), max_size=4))
    tags = {tag: Tag(tag, target, pushed) for tag, (target, pushed) in pointing.items()}
    listed = {image: modified[image] for image in draw(st.sets(images, max_size=4)) if image in modified}
    kept_whole = draw(st.sampled_from([None] * 9 + ["its list is garbled"]))
    return Repository(name, tags, revisions=listed, kept_whole=kept_whole)


@st.composite
def v1_graphs(draw: st.DrawFn) -> Graph:
    """Images that belong to no repository, each based on all that its parent is based on."""
    graph = Graph(images_are_global=True, has_all_blobs=True)
    present = draw(st.sets(st.sampled_from(MANIFESTS), min_size=4))
    ancestors: dict[str, tuple[str, ...]] = {}
    for number, image in enumerate(MANIFESTS):
        parent = draw(st.none() | st.sampled_from(MANIFESTS[:number])) if number else None
        ancestors[image] = (parent, *ancestors[parent]) if parent else ()
        if image in present:
            is_known = draw(st.sampled_from([True] * 9 + [False]))
            graph.manifests[image] = Manifest("v1 image", 100, children=ancestors[image], is_known=is_known)
            graph.blobs[image] = Weight(draw(st.integers(1, 50)), draw(times))
    modified = {image: blob.modified for image, blob in graph.blobs.items()}
    for name in REPOSITORIES:
        if draw(st.booleans()):
            repository = graph.repositories[name] = draw(v1_repositories(name, modified))
            for tag in repository.tags.values():
                reached = (tag.digest, *ancestors[tag.digest])
                repository.revisions.update({one: modified[one] for one in reached if one in modified})
    return graph


def graphs() -> st.SearchStrategy[Graph]:
    """Graphs of either kind of registry."""
    return st.one_of(v2_graphs(), v1_graphs())


def like(graph: Graph) -> st.SearchStrategy[Graph]:
    """Graphs of the same kind of registry."""
    return v1_graphs() if graph.images_are_global else v2_graphs()


@st.composite
def v2_graphs(draw: st.DrawFn) -> Graph:
    present = draw(st.sets(st.sampled_from(MANIFESTS + LAYERS), min_size=8))
    graph = Graph(has_all_blobs=draw(st.booleans()))
    graph.repositories = {name: draw(repositories(name)) for name in REPOSITORIES if draw(st.booleans())}
    graph.aliases = {sha512(number): digest(number) for number in (101, 102) if is_linked(graph, sha512(number))}
    graph.blobs = {found: Weight(draw(st.integers(1, 50)), draw(times)) for found in sorted(present)}
    for number, found in enumerate(MANIFESTS, start=1):
        if found in present:
            graph.manifests[found] = draw(manifests(number))
    graph.manifests.update(draw(lists_of_referrers(graph)))
    return attach(graph)


@st.composite
def lists_of_referrers(draw: st.DrawFn, graph: Graph) -> dict[str, Manifest]:
    """An index in the place of one of the manifests that names referrers of one subject, as clients keep them."""
    subject = draw(st.none() | st.sampled_from(MANIFESTS))
    named = tuple(found for found, manifest in graph.manifests.items() if subject and manifest.subject == subject)
    later = [found for found in graph.manifests if named and found > max(named)]
    return {draw(st.sampled_from(later)): Manifest(OCI, 100, children=named)} if later else {}


def settings(**options: Any) -> Settings:
    """Settings as the module would read them; policies need only what matters."""
    policy = {
        "name": None, "repositories": ["**"], "exclude_repositories": [], "tags": ["*"], "keep_tags": [],
        "keep_n": None,
        "older_than": None, "expire_after": None, "group_by": None, "keep_groups": None, "sort_by": "pushed",
    }  # fmt: skip
    params = {
        "repositories": ["**"], "exclude_repositories": [], "policies": [], "protect_images": [],
        "delete_untagged": False,
        "untagged_older_than": "14d", "grace_period": "1h", "purge_uploads_older_than": "7d",
        "remove_empty_repositories": True, "allow_empty": False, "broken_tags": "keep",
        "delete_detached_referrers": False, **options,
    }  # fmt: skip
    params["policies"] = [{**policy, **found} for found in params["policies"]]
    return read_settings(params)


@st.composite
def all_settings(draw: st.DrawFn) -> Settings:
    policy: dict[str, Any] = {
        "tags": draw(st.sampled_from([["*"], ["v*"], ["dev-*", "latest"]])),
        "keep_tags": draw(st.sampled_from([[], ["latest"]])),
        "keep_n": draw(st.sampled_from([0, 1, 2])),
        "older_than": draw(st.sampled_from([None, "2d", "30d"])),
        "sort_by": draw(st.sampled_from(["pushed", "version", "name"])),
    }
    return settings(
        policies=[policy],
        repositories=draw(st.sampled_from([["**"], ["a", "a/**"]])),
        delete_untagged=draw(st.booleans()),
        untagged_older_than=draw(st.sampled_from(["0s", "14d"])),
        grace_period=draw(st.sampled_from(["0s", "1h"])),
        allow_empty=draw(st.booleans()),
        broken_tags=draw(st.sampled_from(["keep", "delete"])),
        delete_detached_referrers=draw(st.booleans()),
        protect_images=draw(st.sampled_from([[], [MANIFESTS[0]], [LAYERS[0]]])),
    )


def pulled_by_tags(graph: Graph) -> set[Pull]:
    """What clients can ask for by an ordinary tag."""
    attached = attached_tags(graph)
    return {
        (name, "manifest", tag.digest)
        for name, repository in graph.repositories.items()
        for tag in repository.tags.values()
        if (name, tag.name) not in attached and tag.digest in repository.revisions and tag.digest in graph.manifests
    }


def attached_tags(graph: Graph) -> dict[tuple[str, str], str]:
    """The subjects of the tags, by repository and tag, that are attached to one: it is there, and not what they are."""
    there = {f"sha256-{found[7:]}": found for one in graph.repositories.values() for found in one.revisions}
    named = {
        (name, tag.name): (there.get(tag.name.partition(".")[0]), tag.digest)
        for name, repository in graph.repositories.items()
        for tag in repository.tags.values()
    }
    return {node: subject for node, (subject, digest) in named.items() if subject is not None and subject != digest}


def pulled_by_digest(graph: Graph) -> set[Pull]:
    """What clients can ask for by digest: every manifest that is linked."""
    return {
        (name, "manifest", found)
        for name, repository in graph.repositories.items()
        for found in repository.revisions
        if found in graph.manifests
    }


def pullable(graph: Graph, asked: set[Pull]) -> set[Pull]:
    """Everything that comes with what is asked for: children, referrers and blobs.

    Written as a plain fixed point over all edges, to be independent of the marking.
    """
    found, tags = set(asked), attached_tags(graph)
    while True:
        more = {step for node in found if node[1] == "manifest" for step in _next(graph, tags, node)} - found
        if not more:
            return found
        found |= more


def _next(graph: Graph, tags: dict[tuple[str, str], str], node: Pull) -> set[Pull]:
    name, _kind, wanted = node
    manifest = graph.manifests[wanted]
    repository = graph.repositories[name]
    steps = {(name, "manifest", child) for child in manifest.children if child in repository.revisions}
    for other, place in graph.repositories.items():
        attached = {tag.digest for tag in place.tags.values() if tags.get((other, tag.name)) == wanted}
        attached |= {
            found for found in place.revisions if found in graph.manifests and graph.manifests[found].subject == wanted
        }
        steps |= {(other, "manifest", found) for found in attached if found in place.revisions}
    blobs = {found for found in (manifest.config, *manifest.layers) if found}
    steps |= {
        (name, "blob", found)
        for found in blobs
        if found in repository.layer_links and graph.stored_as(found) in graph.blobs
    }
    return {step for step in steps if step[1] == "blob" or step[2] in graph.manifests}


def without(graph: Graph, removal: Removal) -> Graph:
    """The graph after the removal, as a reader would find it."""
    left = copy.deepcopy(graph)
    for name, gone in removal.repositories.items():
        repository = left.repositories[name]
        for kept, taken in (
            (repository.tags, gone.tags),
            (repository.revisions, gone.manifests),
            (repository.layer_links, gone.layer_links),
            (repository.uploads, gone.uploads),
        ):
            for key in taken:
                del kept[key]
        if gone.is_removed:
            del left.repositories[name]
    for found in removal.blobs:
        del left.blobs[found]
        left.manifests.pop(found, None)
    left.aliases = {alias: stored for alias, stored in left.aliases.items() if is_linked(left, alias)}
    return attach(left)


def attach(graph: Graph) -> Graph:
    """Tell anew which tags are attached, as a reader does."""
    graph.notes.clear()
    for repository in graph.repositories.values():
        repository.attached, repository.detached = {}, {}
    if not graph.images_are_global:
        find_attached(graph)
    return graph


def is_linked(graph: Graph, layer: str) -> bool:
    """Only from a layer link a reader knows under which name a layer is stored."""
    return any(layer in repository.layer_links for repository in graph.repositories.values())
