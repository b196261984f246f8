# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doubt table, row by row, on real stores: the benign is noted, the unclear kept, the unreadable aborts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import images
from support.images import Content
from support.pushing import Repository, push
from support.registries import RegistryProcess
from support.store import Store, assert_same, assert_untouched, remove, snapshot
from support.sweeping import DAY, cleanup, push_aged, refused, seen, successful, sweep
from support.verify import assert_pulls, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]


@pytest.fixture
def registry(everywhere: RegistryProcess) -> RegistryProcess:
    """One on each storage: what is doubtful does not depend on it."""
    return everywhere


# Benign: noted, and debris past grace may go.


def test_layer_link_to_a_blob_that_is_gone(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    lost = made["2"].layers[0].digest
    with registry.closed():
        remove(store.blob(lost))
    swept = sweep(registry, {"app": ["1", "2"]}, exact=False, policies=KEEP_ONE)
    assert lost in swept.said


def test_dangling_layer_link_of_no_manifest_goes(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0})
    orphan = images.layer("orphan")
    Repository(registry, "app").push_blob(orphan)
    remove(store.blob(orphan.digest))
    swept = sweep(registry, {"app": ["1"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["layer_links"] == 1
    assert swept.run["deleted"]["blobs"] == 0


def test_revision_whose_blob_is_gone(registry: RegistryProcess, store: Store) -> None:
    """Nobody knows what it needs; its content may come back from a backup."""
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    untagged = images.image("lost")
    push(registry, "app", untagged)
    store.age_everything(9 * DAY)
    remove(store.blob(untagged.digest))
    swept = sweep(registry, {"app": ["2"]}, exact=False, policies=[{"name": "test", "tags": ["1"], "keep_n": 0}])
    assert untagged.digest in swept.said
    assert (swept.run["deleted"]["tags"], swept.run["deleted"]["blobs"]) == (1, 0)
    with registry.closed():
        store.write_blob(untagged.manifest)
    assert_pulls(registry, capture(registry, {"app": [untagged.digest, made["1"].digest]}))
    with registry.closed():
        remove(store.blob(untagged.digest))
        result = cleanup(registry, delete_untagged=True, untagged_older_than="0s")
    assert not result.get("failed"), result.get("msg")
    assert store.revisions("app") == [made["2"].digest]
    assert untagged.layers[0].digest not in store.blobs()


def test_tag_whose_blob_is_gone(registry: RegistryProcess, store: Store) -> None:
    """A half-restored store: what the tag may need stays, also the parts of an index whose own tags go."""
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    push_aged(registry, "other", {"1": 9.0, "2": 8.0})
    index = images.multi_platform("lost")
    push(registry, "app", index, "lost")
    push(registry, "app", index.children[0], "amd64")
    store.age_everything(9 * DAY)
    remove(store.blob(index.digest))
    policies = [{"name": "test", "keep_tags": ["lost", "2"], "keep_n": 0}]
    with registry.closed():
        result = cleanup(registry, policies=policies)
    assert not result.get("failed"), result.get("msg")
    assert (store.tags("app"), store.tags("other")) == (["2", "lost"], ["2"])
    assert any(f"{index.digest} (tag lost)" in str(warning) for warning in result["warnings"])
    with registry.closed():
        store.write_blob(index.manifest)
    assert_pulls(registry, capture(registry, {"app": ["2", "lost", made["1"].digest], "other": ["2"]}))


def test_sparse_index(registry: RegistryProcess, store: Store) -> None:
    index = images.multi_platform("sparse")
    push(registry, "app", index, "sparse")
    with registry.closed():
        store.remove_manifest("app", index.children[1].digest)
    push_aged(registry, "app", {"old": 9.0})
    swept = sweep(registry, {"app": ["sparse"]}, exact=False, policies=KEEP_ONE)
    assert swept.expectation["app"].manifests == {index.digest, index.children[0].digest}


def test_tag_directory_without_current(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0, "halved": 7.0, "young": 6.0})
    for tag in ("halved", "young"):
        remove(store.current_link("app", tag).parent)
    store.age(store.tag("app", "halved"), 2 * 3600)
    store.age(store.tag("app", "young"), 60)
    swept = sweep(registry, {"app": ["2"]}, exact=False, policies=KEEP_ONE, grace_period="1h")
    assert swept.run["deleted"]["debris"] == 1
    assert store.tags("app") == ["2", "young"]


def test_temporary_files_of_an_interrupted_push(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0})
    stray = store.current_link("app", "1").with_name("link.2b6c3d5e.tmp")
    stray.write_text("sha256:")
    store.age(stray, 9 * DAY)
    swept = sweep(registry, {"app": ["1"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["debris"] == 1
    assert not stray.exists()


@pytest.mark.parametrize("missing", ["_manifests/revisions", "_manifests/tags", "_manifests", "_layers", "_uploads"])
def test_missing_directories(registry: RegistryProcess, store: Store, missing: str) -> None:
    push_aged(registry, "kept", {"1": 9.0, "2": 8.0})
    push_aged(registry, "odd", {"1": 9.0})
    remove(store.repository("odd") / missing)
    keeps = {"kept": ["2"], **({} if missing in ("_manifests", "_manifests/tags") else {"odd": ["1"]})}
    with registry.closed():
        result = cleanup(registry, policies=KEEP_ONE)
    assert not result.get("failed"), result.get("msg")
    assert_pulls(registry, capture(registry, {"kept": ["2"]}))
    assert {name: store.tags(name) for name in ("kept", "odd") if store.tags(name)} == keeps


def test_nothing_at_all(registry: RegistryProcess) -> None:
    swept = sweep(registry, {}, policies=KEEP_ONE)
    assert not swept.run["changed"]


def test_a_layer_of_another_size_than_its_manifest_says(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    hurt = store.blob_data(made["3"].layers[0].digest)
    hurt.write_bytes(hurt.read_bytes()[:-1])
    expectation = capture(registry, {"app": ["2"]})
    with registry.closed():
        # What the manifest says may be what is wrong, so it never goes because of that.
        options: dict[str, Any] = {"policies": KEEP_ONE, "broken_tags": "delete"}
        preview = successful(cleanup(registry, check=True, **options))
        result = successful(cleanup(registry, **options))
    assert preview["plan_id"] == result["plan_id"]
    assert store.tags("app") == ["2", "3"]
    (told,) = result["broken_tags"]
    assert (told["tag"], told["why"].startswith("its manifest speaks of")) == ("3", True)
    assert_pulls(registry, expectation)


def test_zero_size_blob(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    store.blob_data(made["2"].layers[0].digest).write_bytes(b"")
    orphan = store.write_blob(images.layer("orphan"))
    store.blob_data(orphan).write_bytes(b"")
    store.age(store.blob(orphan), 9 * DAY)
    with registry.closed():
        result = cleanup(registry, policies=KEEP_ONE)
    assert not result.get("failed"), result.get("msg")
    # Nobody can pull such an image, so it takes no other one's place.
    assert store.tags("app") == ["1", "2"]
    assert [one["tag"] for one in result["broken_tags"]] == ["2"]
    assert store.blob_data(made["2"].layers[0].digest).exists()
    assert not store.blob(orphan).exists()


# Unclear: kept, with everything it may refer to, and said.


@pytest.mark.parametrize("content", ["", "sha256:", "garbage", "sha256:" + "0" * 63])
def test_garbled_current_link_keeps_the_whole_repository(registry: RegistryProcess, store: Store, content: str) -> None:
    push_aged(registry, "garbled", {"1": 9.0, "2": 8.0, "3": 7.0})
    push_aged(registry, "fine", {"1": 9.0, "2": 8.0})
    orphan = images.layer("orphan")
    Repository(registry, "garbled").push_blob(orphan)
    store.current_link("garbled", "2").write_text(content)
    before = snapshot(store.repository("garbled"))
    expectation = capture(registry, {"garbled": ["1", "3"]})
    with registry.closed():
        result = cleanup(registry, policies=KEEP_ONE)
    assert not result.get("failed"), result.get("msg")
    assert_untouched(store.repository("garbled"), before)
    assert store.blob(orphan.digest).exists()
    assert store.tags("fine") == ["2"]
    assert any("garbled" in str(warning) for warning in result["warnings"])
    assert_pulls(registry, expectation)


@pytest.mark.parametrize("content", ["", "sha256:" + "0" * 63])
def test_a_manifests_link_cut_short_keeps_the_whole_repository(
    registry: RegistryProcess, store: Store, content: str
) -> None:
    """The registry answers 500 for what it links, so that the newest image does not pull, and must not take a place."""
    made = push_aged(registry, "cut", {"1": 9.0, "2": 8.0, "3": 7.0})
    push_aged(registry, "fine", {"1": 9.0, "2": 8.0})
    (store.revision("cut", made["3"].digest) / "link").write_text(content)
    before = snapshot(store.repository("cut"))
    expectation = capture(registry, {"cut": ["1", "2"]})
    with registry.closed():
        preview, run = (successful(cleanup(registry, check=check, policies=KEEP_ONE)) for check in (True, False))
    assert preview["tags_deleted"] == run["tags_deleted"]
    assert_untouched(store.repository("cut"), before)
    assert store.tags("fine") == ["2"]
    assert any("cut: the link" in str(warning) for warning in run["warnings"])
    assert_pulls(registry, expectation)


@pytest.mark.parametrize("content", ["", "sha256:" + "0" * 63])
def test_a_layers_link_cut_short_is_none(registry: RegistryProcess, store: Store, content: str) -> None:
    """What a full disk leaves of many layers: only those images do not pull that name one, and they take no place."""
    made = push_aged(registry, "cut", {"1": 9.0, "2": 8.0, "3": 7.0})
    store.layer_link("cut", made["3"].layers[0].digest).write_text(content)
    expectation = capture(registry, {"cut": ["2"]})
    with registry.closed():
        preview, run = (successful(cleanup(registry, check=check, policies=KEEP_ONE)) for check in (True, False))
    assert preview["tags_deleted"] == run["tags_deleted"]
    assert store.tags("cut") == ["2", "3"]
    assert [one["tag"] for one in run["broken_tags"]] == ["3"]
    assert made["3"].layers[0].digest in store.blobs()
    assert_pulls(registry, expectation)


def test_unknown_media_type_is_kept_with_all_it_may_refer_to(registry: RegistryProcess, store: Store) -> None:
    layer, child, cited = images.layer("referred"), images.image("child"), images.layer("cited in passing")
    push(registry, "app", child)
    repository = Repository(registry, "app")
    for blob in (layer, cited):
        repository.push_blob(blob)
    body = {
        "mediaType": "application/vnd.example.future.v9+json",
        "schemaVersion": 9,
        "parts": [{"of": layer.descriptor()}, {"of": child.manifest.descriptor()}],
        "annotations": {"note": f"see {cited.digest}"},
    }
    unknown = Content("", json.dumps(body).encode())
    store.write_manifest("app", unknown, "future")
    untagged = Content("", json.dumps({**body, "schemaVersion": 10}).encode())
    store.write_manifest("app", untagged)
    store.age_everything(99 * DAY)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    everything = {layer.digest, cited.digest, child.digest, unknown.digest, untagged.digest}
    with registry.closed():
        result = cleanup(
            registry, policies=[{"name": "test", "keep_n": 1, "expire_after": "10d"}], delete_untagged=True
        )
    assert not result.get("failed"), result.get("msg")
    assert store.tags("app") == ["2", "future"]
    assert everything <= set(store.blobs())
    assert {layer.digest, cited.digest} <= set(store.layer_links("app"))
    assert {child.digest, unknown.digest, untagged.digest} <= set(store.revisions("app"))
    assert result["warnings"]
    assert_pulls(registry, capture(registry, {"app": [child.digest, "2"]}))


def test_schema_1_from_a_migrated_store_is_kept(registry: RegistryProcess, store: Store) -> None:
    layer = images.layer("old layer")
    Repository(registry, "old").push_blob(layer)
    body = {"schemaVersion": 1, "name": "old", "tag": "1", "fsLayers": [{"blobSum": layer.digest}], "history": []}
    store.write_manifest("old", Content(images.SCHEMA1, json.dumps(body).encode()), "1")
    store.age_everything(99 * DAY)
    push_aged(registry, "old", {"2": 9.0, "3": 8.0})
    with registry.closed():
        result = cleanup(registry, policies=KEEP_ONE)
    assert not result.get("failed"), result.get("msg")
    assert store.tags("old") == ["1", "3"]
    assert store.blob(layer.digest).exists()
    assert layer.digest in store.layer_links("old")


# Unreadable: abort before the first deletion.


def test_a_store_without_any_blob_aborts(registry: RegistryProcess, store: Store) -> None:
    """Most likely a volume is not mounted: without this, its links would go as links to nothing."""
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        remove(store.v2 / "blobs")
        before = seen(registry)
        for check in (True, False):
            refused(cleanup(registry, policies=KEEP_ONE, check=check), "holds no blob", "mounted")
            assert_same(before, seen(registry))
