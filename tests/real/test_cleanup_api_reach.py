# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reachability over the API: what may go along with a tag, where tags can be deleted and where only digests can."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support import images
from support.images import AMD64, ARM64, Content, Image
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry
from support.schema1 import schema1_image
from support.store import Store
from support.sweeping import assert_same_plan, successful
from support.sweeping_api import DeletingRegistry, cleanup_over_api, deletes_tags, sweep_over_api
from support.verify import assert_pulls, blob_exists, capture, exists


def doom(*tags: str) -> list[dict[str, Any]]:
    """A policy under which these tags go, and no others."""
    return [{"name": "test", "tags": list(tags), "keep_n": 0, "sort_by": "name"}]


def test_of_two_tags_of_an_image_one_goes_where_it_can(deleting: DeletingRegistry) -> None:
    image = images.image("shared")
    push(deleting, "app", image, "doomed", "kept")
    keeps = ["kept"] if deletes_tags(deleting) else ["doomed", "kept"]
    swept = sweep_over_api(deleting, {"app": keeps}, policies=doom("doomed"))
    assert swept.run["changed"] == deletes_tags(deleting)
    assert swept.run["left_untagged"] == 0


def test_why_a_shared_tag_stays_is_said(new_registry: NewRegistry) -> None:
    registry = new_registry(V2, delete_enabled=True)
    index = images.multi_platform("index")
    push(registry, "app", index, "index")
    push(registry, "app", index.children[0], "amd64")
    push(registry, "app", images.image("shared"), "doomed", "kept-10", "kept-9")
    push(registry, "app", images.image("alone"), "alone")
    swept = sweep_over_api(
        registry, {"app": ["amd64", "doomed", "index", "kept-9", "kept-10"]}, policies=doom("doomed", "amd64", "alone")
    )
    shown = swept.preview["diff"]["after"]
    assert "kept: same image as tag kept-9, and this registry can't delete a tag alone" in shown
    assert "kept: its image belongs to that of tag index, and this registry can't delete a tag alone" in shown
    assert list(swept.reasons) == ["app:alone"]


@pytest.mark.parametrize("docker", [False, True])
def test_an_index_goes_with_its_platforms_or_leaves_them(deleting: DeletingRegistry, docker: bool) -> None:
    for name in ("doomed", "kept"):
        push(deleting, "app", images.multi_platform(name, docker=docker), name)
    swept = sweep_over_api(deleting, {"app": ["kept"]}, policies=doom("doomed"))
    assert swept.run["deleted"]["manifests"] == (0 if deletes_tags(deleting) else 3)


def test_a_tag_on_a_child_of_a_kept_index(deleting: DeletingRegistry) -> None:
    """Its digest must stay: deleting it answers 202 and breaks the index (docs/registry_facts.md#api-behaviour)."""
    index = images.multi_platform("index")
    push(deleting, "app", index, "index")
    push(deleting, "app", index.children[0], "amd64")
    keeps = ["index"] if deletes_tags(deleting) else ["amd64", "index"]
    sweep_over_api(deleting, {"app": keeps}, policies=doom("amd64"))


def test_a_kept_tag_on_a_child_of_a_doomed_index(deleting: DeletingRegistry) -> None:
    index = images.multi_platform("index")
    push(deleting, "app", index, "index")
    push(deleting, "app", index.children[0], "amd64")
    swept = sweep_over_api(deleting, {"app": ["amd64"]}, policies=doom("index"))
    assert swept.run["deleted"]["manifests"] == (0 if deletes_tags(deleting) else 2)


def test_children_of_two_indexes(deleting: DeletingRegistry) -> None:
    shared = images.image("shared", platform=AMD64)
    for name in ("doomed", "kept"):
        push(deleting, "app", images.index([shared, images.image(name, platform=ARM64)]), name)
    sweep_over_api(deleting, {"app": ["kept"]}, policies=doom("doomed"))


@pytest.mark.parametrize("doomed", ["outer", "inner"])
def test_an_index_in_an_index(deleting: DeletingRegistry, doomed: str) -> None:
    inner = images.multi_platform("inner")
    push(deleting, "app", images.index([inner, images.image("beside", platform=AMD64)]), "outer")
    push(deleting, "app", inner, "inner")
    push(deleting, "app", inner.children[0], "amd64")
    keeps = {"outer": ["amd64", "inner"], "inner": ["outer"] if deletes_tags(deleting) else ["amd64", "inner", "outer"]}
    policies = doom(*({"outer"} if doomed == "outer" else {"inner", "amd64"}))
    sweep_over_api(deleting, {"app": keeps[doomed]}, policies=policies)


def test_all_of_an_index_in_an_index_goes(deleting: DeletingRegistry) -> None:
    inner = images.multi_platform("inner")
    push(deleting, "app", images.index([inner, images.image("beside", platform=AMD64)]), "outer")
    push(deleting, "app", images.image("kept"), "kept")
    swept = sweep_over_api(deleting, {"app": ["kept"]}, policies=doom("outer"))
    if not deletes_tags(deleting):
        assert swept.run["deleted"]["manifests"] == 5


def test_the_same_image_in_another_repository_stays(deleting: DeletingRegistry) -> None:
    image = images.multi_platform("image")
    push(deleting, "a", image, "1")
    push(deleting, "b", image, "1")
    push(deleting, "a", images.image("other"), "2")
    policies = [{**doom("1")[0], "repositories": ["a"]}]
    sweep_over_api(deleting, {"a": ["2"], "b": ["1"]}, policies=policies)


def test_a_tagged_referrer_stays_with_or_without_its_subject(deleting: DeletingRegistry) -> None:
    kept, gone = images.image("kept"), images.image("gone")
    for name, subject in {"kept": kept, "gone": gone}.items():
        push(deleting, "app", subject, name)
        push(deleting, "app", images.referrer(subject, f"sbom of {name}"), f"sbom-{name}")
    sweep_over_api(deleting, {"app": ["kept", "sbom-gone", "sbom-kept"]}, policies=doom("gone"))


def test_a_doomed_referrer_of_a_kept_image(deleting: DeletingRegistry) -> None:
    """Its subject keeps it: a tag may go alone, its manifest may not."""
    subject = images.image("subject")
    sbom = images.referrer(subject, "sbom")
    push(deleting, "app", subject, "kept")
    push(deleting, "app", sbom, "sbom")
    keeps = ["kept"] if deletes_tags(deleting) else ["kept", "sbom"]
    sweep_over_api(deleting, {"app": keeps}, pulls={"app": [sbom.digest]}, policies=doom("sbom"))


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_what_is_attached_by_a_tag_follows_its_subject(deleting: DeletingRegistry, suffix: str) -> None:
    kept, gone = images.multi_platform("kept"), images.multi_platform("gone")
    for name, subject in {"gone": gone, "kept": kept}.items():
        push(deleting, "app", subject, name)
        for part in (subject, subject.children[0]):
            push(deleting, "app", images.signature(part), images.fallback_tag(part, suffix))
    sweep_over_api(deleting, {"app": ["kept"]}, policies=doom("gone"))
    left = [images.fallback_tag(part, suffix) for part in (kept, kept.children[0])]
    assert sorted(Repository(deleting, "app").tags()) == sorted(["kept", *left])


def test_signatures_in_a_repository_of_their_own(deleting: DeletingRegistry) -> None:
    made = {name: images.image(name) for name in ("kept", "gone")}
    for name, image in made.items():
        push(deleting, "app", image, name)
        push(deleting, "signatures", images.signature(image), images.fallback_tag(image, ".sig"))
    unknown = images.image("elsewhere")
    push(deleting, "signatures", images.signature(unknown), images.fallback_tag(unknown, ".sig"))
    left = sorted(images.fallback_tag(image, ".sig") for image in (made["kept"], unknown))
    swept = sweep_over_api(deleting, {"app": ["kept"]}, pulls={"signatures": left}, policies=doom("gone"))
    assert sorted(Repository(deleting, "signatures").tags()) == left
    assert {one["repository"] for one in swept.run["tags_deleted"]} == {"app", "signatures"}


def test_signatures_stay_where_a_repository_that_is_not_read_may_have_their_image(deleting: DeletingRegistry) -> None:
    image, kept = images.image("signed"), images.image("kept")
    signature = images.fallback_tag(image, ".sig")
    push(deleting, "app", image, "gone")
    push(deleting, "app", kept, "kept")
    push(deleting, "mirror", image, "copy")
    push(deleting, "signatures", images.signature(image), signature)
    sweep_over_api(
        deleting,
        {"app": ["kept"], "mirror": ["copy"]},
        pulls={"signatures": [signature]},
        policies=doom("gone"),
        exclude_repositories=["mirror"],
    )


def test_signatures_of_an_image_that_another_repository_keeps(deleting: DeletingRegistry) -> None:
    image = images.image("promoted")
    for name in ("staging", "production"):
        push(deleting, name, image, "1")
    push(deleting, "staging", images.image("newer"), "2")
    signature = images.fallback_tag(image, ".sig")
    push(deleting, "staging", images.signature(image), signature)
    policies = [{**doom("1")[0], "repositories": ["staging"]}]
    keeps = {"production": ["1"], "staging": ["2"]}
    sweep_over_api(deleting, keeps, pulls={"staging": [signature]}, exact=False, policies=policies)


def test_what_is_neither_selected_nor_attached_is_not_read(deleting: DeletingRegistry) -> None:
    image = images.image("image")
    push(deleting, "app", image, "doomed")
    push(deleting, "app", images.image("other"), "kept")
    signature = images.fallback_tag(image, ".sig")
    push(deleting, "signatures", images.signature(image), signature)
    sweep_over_api(
        deleting,
        {"app": ["kept"]},
        pulls={"signatures": [signature]},
        repositories=["app"],
        policies=doom("doomed"),
    )


def test_a_sparse_index(new_registry: NewRegistry, version: str) -> None:
    """Somebody deleted a platform by digest. What is left of the index still goes, and still stays."""
    registry = new_registry(version, delete_enabled=True)
    made = {name: images.multi_platform(name) for name in ("doomed", "kept")}
    for name, index in made.items():
        push(registry, "app", index, name)
        Repository(registry, "app").delete_manifest(index.children[0].digest)
    # Where tags alone go, it is not looked which platforms an index lacks: they count as left.
    swept = sweep_over_api(registry, {"app": ["kept"]}, exact=version == V2, policies=doom("doomed"))
    if version == V2:
        assert made["doomed"].children[0].digest in swept.said


def test_a_dangling_tag_stays_and_is_named(new_registry: NewRegistry, version: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    broken = images.image("broken")
    push(registry, "app", broken, "dangling")
    push(registry, "app", images.image("doomed"), "doomed")
    push(registry, "app", images.image("kept"), "kept")
    store = Store(registry.storage)
    with registry.closed():
        shutil.rmtree(store.revision("app", broken.digest))
    assert not exists(registry, "app", "dangling")
    swept = sweep_over_api(registry, {"app": ["kept"]}, policies=[{"name": "test", "keep_tags": ["kept"], "keep_n": 0}])
    assert "app: tag dangling is listed" in swept.said
    assert "dangling" in Repository(registry, "app").tags()


def test_empty_repositories_are_no_obstacle(new_registry: NewRegistry, version: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    for name in ("emptied", "app"):
        push(registry, name, images.image(name), "doomed")
    push(registry, "app", images.image("kept"), "kept")
    Repository(registry, "blobs-only").push_blob(images.layer("no image"))
    options: dict[str, Any] = {"policies": doom("doomed"), "allow_empty": True}
    sweep_over_api(registry, {"app": ["kept"]}, **options)
    named = ["app", "blobs-only", "emptied", "no-such-repository"]
    run = successful(cleanup_over_api(registry, repositories=named, **options))
    assert not run["changed"]
    assert "no-such-repository: the registry has no such repository" in run["notes"]


def test_schema_1_is_kept_and_told(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V2, delete_enabled=True, settings={"compatibility": {"schema1": {"enabled": True}}})
    old = schema1_image("app", "old", "schema 1", workspace)
    push(registry, "app", old, "old")
    push(registry, "app", images.image("doomed"), "doomed")
    swept = sweep_over_api(registry, {"app": ["old"]}, policies=doom("old", "doomed"))
    assert "not understood (application/vnd.docker.distribution.manifest.v1" in swept.said


def described_as(media_type: str, *children: Image) -> Image:
    """An index that says of all its children that they are of this type."""
    body = {"schemaVersion": 2, "mediaType": images.OCI_INDEX}
    named = [{**child.descriptor(), "mediaType": media_type} for child in children]
    return Image(Content(images.OCI_INDEX, json.dumps({**body, "manifests": named}).encode()), children=children)


@pytest.mark.parametrize("said", [images.OCI_MANIFEST, images.OCI_LAYER, images.OCI_INDEX])
@pytest.mark.parametrize("version", [V2, V3])
def test_what_an_index_says_of_its_children_is_not_believed(new_registry: NewRegistry, version: str, said: str) -> None:
    """The index in the index goes for an image: with the digest of its child the kept tag would break."""
    registry = new_registry(version, delete_enabled=True)
    inner = images.multi_platform("inner")
    push(registry, "app", described_as(said, inner), "kept")
    push(registry, "app", inner.children[0], "amd64")
    push(registry, "app", images.image("doomed"), "doomed")
    by_tag = deletes_tags(registry)
    keeps = ["kept"] if by_tag else ["amd64", "kept"]
    sweep_over_api(registry, {"app": keeps}, exact=not by_tag, policies=doom("amd64", "doomed"))


def build_cache(*layers: Content) -> Image:
    """As BuildKit exports it (`type=registry`): an index that names layers, and a configuration of its own."""
    config = Content("application/vnd.buildkit.cacheconfig.v0", b'{"layers":[],"records":[]}')
    named = [one.descriptor() for one in (*layers, config)]
    body = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": named}
    return Image(Content(images.OCI_INDEX, json.dumps(body).encode()), (config, *layers))


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("doomed", ["cache", "image"])
def test_a_build_cache_names_layers(deleting: DeletingRegistry, doomed: str) -> None:
    """They are answered with 500 as manifests. 2.8.2 takes their links where they are deleted as such."""
    shared, own = images.layer("shared"), images.layer("own")
    push(deleting, "app", images.image("image", [shared]), "image")
    push(deleting, "app", build_cache(shared, own), "cache")
    push(deleting, "app", images.image("kept", [shared]), "kept")
    kept = capture(deleting, {"app": {"image", "kept"} - {doomed}})
    preview = successful(cleanup_over_api(deleting, check=True, diff=True, policies=doom(doomed)))
    run = successful(cleanup_over_api(deleting, diff=True, policies=doom(doomed)))
    assert_same_plan(preview, run)
    assert sorted(Repository(deleting, "app").tags()) == sorted({"cache", "image", "kept"} - {doomed})
    assert run["deleted"]["manifests"] == (0 if deletes_tags(deleting) else 1)
    assert run.get("warnings", []) == []
    assert_pulls(deleting, kept)
    assert blob_exists(deleting, "app", own.digest)


def written(store: Store, repository: str, what: str) -> None:
    """Write something under tag `odd` that a registry does not hand over."""
    body = {
        "artifact": {"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []},
        "schema 1": {"schemaVersion": 1, "name": "app", "tag": "odd", "fsLayers": [], "history": []},
    }
    odd = Content("", json.dumps(body.get(what, {})).encode())
    store.write_manifest(repository, odd, "odd")
    if what in ("cut", "emptied"):
        store.blob_data(odd.digest).write_bytes(b"{" if what == "cut" else b"")
    if what == "no link":
        store.current_link(repository, "odd").write_text("")


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("version", "what"),
    [
        (V3, "schema 1"),
        *((version, what) for version in (V2, V3) for what in ("artifact", "cut", "emptied", "no link")),
    ],
)
def test_what_a_registry_cannot_hand_over_keeps_its_repository_whole(
    new_registry: NewRegistry, version: str, what: str
) -> None:
    registry = new_registry(version, delete_enabled=True)
    for name in ("app", "web"):
        push(registry, name, images.image(f"kept in {name}"), "kept")
        push(registry, name, images.image(f"doomed in {name}"), "doomed")
    written(Store(registry.storage), "app", what)
    preview = successful(cleanup_over_api(registry, check=True, diff=True, policies=doom("doomed")))
    run = successful(cleanup_over_api(registry, diff=True, policies=doom("doomed")))
    assert_same_plan(preview, run)
    assert [one["repository"] for one in run["tags_deleted"]] == ["web"]
    assert any("app: a manifest can't be read" in text and "tag odd" in text for text in map(str, run["warnings"]))
    assert sorted(Repository(registry, "app").tags()) == ["doomed", "kept", "odd"]


@pytest.mark.parametrize("kind", ["tag", "child", "config"])
def test_images_in_use_stay(deleting: DeletingRegistry, kind: str) -> None:
    used = images.index([images.multi_platform("inner"), images.image("beside", platform=AMD64)])
    deep = used.children[0].children[1]
    push(deleting, "app", used, "used")
    for name in ("doomed", "kept"):
        push(deleting, "app", images.image(name), name)
    reference = {"tag": "app:used", "child": deep.digest, "config": deep.config.digest}[kind]
    sweep_over_api(deleting, {"app": ["kept", "used"]}, policies=doom("doomed", "used"), protect_images=[reference])
