# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a registry is shared, attached, dangling or an orphan, as registry_info tells."""

from __future__ import annotations

import json
import shutil

import pytest

from support import images
from support.looking import by_name, from_api, from_both, from_storage, row, sizes, weight
from support.pushing import Repository, push
from support.registries import RegistryProcess
from support.scripted import Fault, Request, Scripted, json_fault
from support.store import Store
from support.sweeping import cleanup


def test_what_is_shared(registry: RegistryProcess) -> None:
    base, mine = images.layer("base"), images.layer("mine")
    first, second, third = images.image("1", [base, mine]), images.image("2", [base, mine]), images.image("3", [base])
    push(registry, "a", first, "1")
    push(registry, "a", second, "2")
    push(registry, "b", third, "3")
    push(registry, "c", third, "promoted")
    found = from_both(registry)
    assert sizes(row(found, "a", "1")) == (weight([first.manifest, first.config]), weight([base, mine]))
    assert sizes(row(found, "b", "3")) == sizes(row(found, "c", "promoted")) == (0, third.bytes)
    repositories = by_name(found)
    own = weight([first.manifest, first.config, second.manifest, second.config, mine])
    assert sizes(repositories["a"]) == (own, len(base.data))
    assert sizes(repositories["b"]) == sizes(repositories["c"]) == (0, third.bytes)
    assert found["bytes"] == own + third.bytes


def test_what_is_shared_with_a_repository_that_is_not_shown(registry: RegistryProcess) -> None:
    base = images.layer("base")
    shown, other = images.image("shown", [base]), images.image("other", [base])
    push(registry, "team/app", shown, "1")
    push(registry, "other", other, "1")
    found = from_storage(registry, repositories=["team/**"])
    assert [one["name"] for one in found["repositories"]] == ["team/app"]
    assert sizes(found["repositories"][0]) == (shown.bytes - len(base.data), len(base.data))
    assert found["bytes"] == shown.bytes
    alone = from_api(registry, repositories=["**"], exclude_repositories=["other"])
    assert sizes(alone["repositories"][0]) == (shown.bytes, 0)


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_a_signature(registry: RegistryProcess, suffix: str) -> None:
    image = images.image("signed")
    signature, tag = images.signature(image), images.fallback_tag(image, suffix)
    push(registry, "app", image, "1")
    push(registry, "signatures", signature, tag)
    found = from_both(registry)
    assert row(found, "app", "1")["referrers"] == 1
    assert row(found, "signatures", tag)["subject"] == image.digest
    (referrer,) = found["referrers"]
    assert (referrer["repository"], referrer["tag"], referrer["digest"]) == ("signatures", tag, signature.digest)
    assert (referrer["subject"], referrer["bytes"]) == (image.digest, signature.bytes)


def test_a_referrer_with_a_fallback_tag(registry: RegistryProcess) -> None:
    image = images.image("subject")
    sbom = images.referrer(image, "sbom")
    listing, tag = images.index([sbom]), images.fallback_tag(image)
    push(registry, "app", image, "1")
    push(registry, "app", listing, tag)
    found = from_both(registry)
    assert row(found, "app", "1")["referrers"] == 1
    (referrer,) = found["referrers"]
    assert (referrer["digest"], referrer["tag"], referrer["subject"]) == (sbom.digest, None, image.digest)
    assert referrer["artifact_type"] == "application/vnd.example.sbom.v1+json"
    assert sizes(referrer) == (sbom.bytes, 0)
    assert sizes(row(found, "app", tag)) == (len(listing.manifest.data), sbom.bytes)
    assert found["bytes"] == image.bytes + listing.bytes


def test_referrers_that_only_a_subject_ties(registry: RegistryProcess) -> None:
    """Storage shows them. Over the API a server must tell, which Distribution can't: so another is played here."""
    image = images.image("subject")
    sbom = images.referrer(image, "sbom")
    on_sbom = images.referrer(sbom, "signature of the sbom")
    push(registry, "app", image, "1")
    push(registry, "app", sbom)
    push(registry, "app", on_sbom)
    attached = {image.digest: [sbom], sbom.digest: [on_sbom]}

    def script(request: Request) -> Fault | None:
        _name, asked, digest = request.path.partition("/referrers/")
        listing = json.loads(images.index(attached.get(digest.partition("?")[0], [])).manifest.data)
        return json_fault(listing) if asked else None

    storage = from_storage(registry)
    assert {one["digest"]: one["subject"] for one in storage["referrers"]} == {
        sbom.digest: image.digest,
        on_sbom.digest: sbom.digest,
    }
    assert storage["bytes"] == image.bytes + weight([sbom.manifest, on_sbom.manifest, *sbom.blobs, *on_sbom.blobs])
    assert storage["orphans"]["bytes"] == 0
    assert from_api(registry)["referrers"] == []
    with Scripted(script, registry) as server:
        api = from_api(server)
    assert api["referrers"] == [{**one, "pushed": None} for one in storage["referrers"]]
    assert api["bytes"] == storage["bytes"]


@pytest.mark.parametrize("lost", ["link", "content"])
def test_a_dangling_tag(registry: RegistryProcess, store: Store, lost: str) -> None:
    kept, gone = images.image("kept"), images.image("gone")
    push(registry, "app", kept, "kept")
    push(registry, "app", gone, "gone")
    with registry.closed():
        shutil.rmtree(store.revision("app", gone.digest) if lost == "link" else store.blob(gone.digest))
    storage, api = from_storage(registry), from_api(registry)
    for found in (storage, api):
        assert [one["tag"] for one in found["tags"]] == ["kept"]
        assert (by_name(found)["app"]["tags"], by_name(found)["app"]["dangling_tags"]) == (1, 1)
    (seen,), (listed,) = storage["dangling_tags"], api["dangling_tags"]
    assert (seen["repository"], seen["tag"], seen["digest"]) == ("app", "gone", gone.digest)
    assert (listed["repository"], listed["tag"], listed["digest"]) == ("app", "gone", None)


def test_a_tag_without_a_link_dangles_too(registry: RegistryProcess, store: Store) -> None:
    push(registry, "app", images.image("image"), "kept", "broken")
    with registry.closed():
        store.current_link("app", "broken").unlink()
    for found in (from_storage(registry), from_api(registry)):
        assert [(one["repository"], one["tag"]) for one in found["dangling_tags"]] == [("app", "broken")]
        assert [one["tag"] for one in found["tags"]] == ["kept"]


def test_orphans(registry: RegistryProcess, store: Store) -> None:
    base = images.layer("base")
    kept, untagged = images.image("kept", [base]), images.image("untagged", [base])
    index, stray = images.multi_platform("index"), images.layer("stray")
    push(registry, "app", kept, "kept")
    push(registry, "app", untagged)
    push(registry, "other", index)
    Repository(registry, "other").push_blob(stray)
    Repository(registry, "other").abandon_upload(b"half of a layer")
    with registry.closed():
        store.write_blob(images.layer("nobody's"))
    found = from_storage(registry)
    orphans = found["orphans"]
    assert {(one["digest"], one["tag"]) for one in orphans["images"]} == {
        (untagged.digest, None),
        (index.digest, None),
    }
    assert {one["digest"]: sizes(one) for one in orphans["images"]} == {
        untagged.digest: (untagged.bytes - len(base.data), len(base.data)),
        index.digest: (index.bytes, 0),
    }
    assert (orphans["manifests"], orphans["layer_links"], orphans["blobs"]) == (4, 6, 11)
    assert (orphans["uploads"], orphans["images_total"]) == (1, 2)
    upload = sum(path.stat().st_size for path in store.repository("other").glob("_uploads/**/*") if path.is_file())
    assert found["bytes"] + orphans["bytes"] == store.blob_bytes() + upload
    assert sizes(row(found, "app", "kept")) == (kept.bytes, 0)
    repositories = by_name(found)
    assert (repositories["app"]["orphan_manifests"], repositories["other"]["orphan_manifests"]) == (1, 3)
    assert repositories["app"]["orphan_bytes"] == untagged.bytes - len(base.data)
    assert repositories["other"]["orphan_bytes"] == index.bytes + len(stray.data) + upload


def test_orphans_are_what_a_cleanup_frees(registry: RegistryProcess, store: Store) -> None:
    tagged, untagged = images.image("tagged"), images.image("untagged")
    push(registry, "a", tagged, "1")
    push(registry, "a", untagged)
    push(registry, "a", images.signature(untagged), images.fallback_tag(untagged, ".sig"))
    push(registry, "b", images.multi_platform("untagged"))
    Repository(registry, "b").abandon_upload()
    found = from_storage(registry)["orphans"]
    with registry.closed():
        run = cleanup(registry, delete_untagged=True, untagged_older_than="0s", purge_uploads_older_than="0s")
    for kind in ("manifests", "layer_links", "blobs", "uploads", "debris", "bytes"):
        assert found[kind] == run["deleted"][kind], kind
    left = from_storage(registry)
    assert not any(value for kind, value in left["orphans"].items()), left["orphans"]
    assert left["bytes"] == store.blob_bytes() == tagged.bytes


def test_orphans_of_what_is_shown(registry: RegistryProcess) -> None:
    for name in ("a", "b"):
        push(registry, name, images.image(name))
    found = from_storage(registry, repositories=["a"])
    assert [one["repository"] for one in found["orphans"]["images"]] == ["a"]
    assert (found["orphans"]["manifests"], found["orphans"]["blobs"]) == (1, 3)
