# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content that is damaged or not understood: kept with all it may refer to, and no other repository with it."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from support import images
from support.forked import run_forked
from support.images import Content, Image
from support.pushing import PushError, Repository, push
from support.registries import NewRegistry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import DAY, cleanup, push_aged, successful
from support.sweeping_api import cleanup_over_api
from support.verify import assert_pulls, blob_exists, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]


@pytest.fixture
def registry(everywhere: RegistryProcess) -> RegistryProcess:
    """One on each storage: what is doubtful does not depend on it."""
    return everywhere


def cut(store: Store, digest: str) -> str:
    path = store.blob_data(digest)
    path.write_bytes(path.read_bytes()[:-20])
    return "is damaged"


def longer(store: Store, digest: str) -> str:
    """As after a crash of a file system that gives back a whole block."""
    path = store.blob_data(digest)
    path.write_bytes(path.read_bytes() + b"\0" * 100)
    return "is damaged"


def emptied(store: Store, digest: str) -> str:
    store.blob_data(digest).write_bytes(b"")
    return "has no content"


def other(store: Store, digest: str) -> str:
    store.blob_data(digest).write_bytes(b"this is no manifest" * 10)
    return "is damaged"


@pytest.mark.parametrize("damage", [cut, longer, emptied, other])
@pytest.mark.parametrize("where", ["tag", "untagged", "child"])
def test_a_damaged_manifest_keeps_its_repositories_whole(
    registry: RegistryProcess, store: Store, damage: Callable[[Store, str], str], where: str
) -> None:
    """Whatever it may refer to stays: there, what the policy would take, and in another repository that has it."""
    index = images.multi_platform("index")
    push(registry, "app", index, "index")
    push(registry, "other/app", index, "index")
    lost = {"tag": index, "child": index.children[0], "untagged": images.image("untagged")}[where]
    push(registry, "app", lost)
    push(registry, "other/app", lost)
    orphan = images.layer("orphan")
    Repository(registry, "app").push_blob(orphan)
    store.age_everything(99 * DAY)
    for name in ("app", "other/app", "fine"):
        push_aged(registry, name, {"1": 9.0, "2": 8.0})
    expectation = capture(registry, {"app": ["1", "2", index.children[1].digest], "other/app": ["1", "2"]})
    why = damage(store, lost.digest)
    options: dict[str, Any] = {"policies": KEEP_ONE, "delete_untagged": True}
    with registry.closed():
        before = {name: snapshot(store.repository(name)) for name in ("app", "other")}
        preview = successful(cleanup(registry, check=True, **options))
        run = successful(cleanup(registry, **options))
        again = successful(cleanup(registry, **options))
        for name, seen_before in before.items():
            assert_untouched(store.repository(name), seen_before)
    assert preview["plan"] == run["deleted"]
    assert (run["deleted"]["tags"], again["changed"]) == (1, False)
    assert store.tags("fine") == ["2"]
    assert store.blob(orphan.digest).exists()
    needed = "needed by no tag" if where == "untagged" else "needed by tag index"
    for name in ("app", "other/app"):
        warning = next(text for text in map(str, run["warnings"]) if f"'{name}: manifest" in text)
        assert all(part in warning for part in (lost.digest, why, needed, "the whole repository is kept"))
    assert_pulls(registry, expectation)


def test_damage_in_a_repository_that_is_not_touched_stops_nobody(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "excluded", {"1": 9.0, "2": 8.0})
    push_aged(registry, "fine", {"1": 9.0, "2": 8.0})
    cut(store, made["1"].digest)
    with registry.closed():
        before = snapshot(store.repository("excluded"))
        run = successful(cleanup(registry, policies=KEEP_ONE, exclude_repositories=["excluded"]))
        assert_untouched(store.repository("excluded"), before)
    assert run["deleted"]["tags"] == 1
    assert store.tags("fine") == ["2"]


@pytest.mark.parametrize("tagged", [True, False])
def test_a_layer_linked_as_a_manifest_is_kept(registry: RegistryProcess, store: Store, tagged: bool) -> None:
    """Its digest is right and it is no JSON: nobody can say what it refers to."""
    layer = images.layer("layer")
    Repository(registry, "app").push_blob(layer)
    store.write_manifest("app", layer, "layer" if tagged else None)
    store.age_everything(99 * DAY)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        run = successful(cleanup(registry, policies=KEEP_ONE, delete_untagged=True))
    assert store.tags("app") == ["2", *(["layer"] if tagged else [])]
    assert store.blob(layer.digest).exists()
    assert layer.digest in store.revisions("app")
    assert any("not UTF-8" in str(warning) for warning in run["warnings"])


def ambiguous(kind: str, first: Image, second: Image) -> str:
    """The text of a manifest that means the second image to a registry, and to a reader by the letter the first."""

    def listed(image: Image) -> str:
        return json.dumps([one.descriptor() for one in image.layers])

    def config(image: Image) -> str:
        return json.dumps(image.config.descriptor())

    both = {"digest": first.layers[0].digest, "Digest": second.layers[0].digest}
    layer = json.dumps([{**first.layers[0].descriptor(), **both, "size": len(second.layers[0].data)}])
    own = f'"config": {config(first)}, "layers": {listed(first)}'
    members = {
        "another case": f'{own}, "Layers": {listed(second)}',
        "Unicode's case": f'{own}, "layer\u017f": {listed(second)}',
        "twice": f'"config": {config(second)}, "layers": {listed(first)}, {own}, "layers": {listed(second)}',
        "an escape": f'{own}, "l\\u0061yers": {listed(second)}',
        "digests": f'"config": {config(first)}, "layers": {layer}',
    }[kind]
    return f'{{"schemaVersion": 2, "mediaType": "{images.OCI_MANIFEST}", {members}}}'


@pytest.mark.parametrize("kind", ["another case", "Unicode's case", "twice", "an escape", "digests"])
def test_what_a_registry_reads_in_a_key_that_stands_twice_stays(
    version: str, new_registry: NewRegistry, kind: str
) -> None:
    """It verifies and serves the last of two, whatever its case; which one a client asks for nobody knows."""
    registry = new_registry(version)
    store = Store(registry.storage)
    first, second = images.image("first"), images.image("second")
    repository = Repository(registry, "app")
    for blob in (*first.blobs, *second.blobs):
        repository.push_blob(blob)
    odd = Content(images.OCI_MANIFEST, ambiguous(kind, first, second).encode())
    repository.push_manifest(odd, "odd")
    missing = Content(images.OCI_MANIFEST, odd.data.replace(second.layers[0].digest.encode(), b"sha256:" + b"0" * 64))
    with pytest.raises(PushError, match="BLOB_UNKNOWN"):
        repository.push_manifest(missing, "missing")
    store.age_everything(99 * DAY)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        run = successful(cleanup(registry, policies=KEEP_ONE, delete_untagged=True))
        assert not successful(cleanup(registry, policies=KEEP_ONE, delete_untagged=True))["changed"]
    assert store.tags("app") == ["2", "odd"]
    assert any("odd" in text or odd.digest in text for text in map(str, run["warnings"]))
    assert serves(registry, odd)
    for blob in (*first.blobs, *second.blobs):
        assert blob_exists(registry, "app", blob.digest) == (blob.digest.encode() in odd.data)


def serves(registry: RegistryProcess, manifest: Content) -> bool:
    """Whether it is there under its tag, byte by byte: not every reader can make JSON of it."""
    headers = {"Accept": manifest.media_type}
    answer = registry.session().get(f"{registry.url}/v2/app/manifests/odd", headers=headers, timeout=30)
    return (answer.status_code, answer.content) == (200, manifest.data)


def odd_images() -> dict[str, tuple[bytes, bytes]]:
    """Members of a manifest and of a configuration that no registry minds, by what is odd about them."""
    deep = b'{"a":' * 2000 + b"1" + b"}" * 2000
    return {
        "deep": (b'"x": ' + deep, b'"x": ' + deep),
        "number": (b'"x": ' + b"9" * 5000, b'"x": ' + b"9" * 5000),
        "bytes": (b'"annotations": {"a": "\xff"}', b'"author": "\xff"'),
        "date": (b'"x": 0', b'"created": "9999-12-31T23:59:59-01:00"'),
        "types": (b'"x": [[], {}]', b'"created": ["2020"], "os": {}, "architecture": 1'),
    }


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("kind", odd_images())
def test_content_that_a_registry_takes_ends_no_run(version: str, new_registry: NewRegistry, kind: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    store, image = Store(registry.storage), images.image("odd")
    in_manifest, in_config = odd_images()[kind]
    odd_config = Content(images.OCI_CONFIG, image.config.data[:-1] + b"," + in_config + b"}")
    body = {**json.loads(image.manifest.data), "config": odd_config.descriptor()}
    odd = Content(images.OCI_MANIFEST, json.dumps(body).encode()[:-1] + b"," + in_manifest + b"}")
    repository = Repository(registry, "app")
    for blob in (odd_config, *image.layers):
        repository.push_blob(blob)
    repository.push_manifest(odd, "odd")
    store.age_everything(99 * DAY)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    by_date = [{"name": "test", "keep_tags": ["2", "odd"], "older_than": "1d", "sort_by": "created"}]
    pulls = {digest: blob_exists(registry, "app", digest) for digest in (odd_config.digest, image.layers[0].digest)}
    successful(cleanup_over_api(registry, check=True, policies=by_date))
    for options in ({"registry_config": str(registry.config_path)}, {"registry_url": registry.url}):
        assert run_forked("registry_info", options)[1]["tags_total"] == 3
    with registry.closed():
        successful(cleanup(registry, policies=by_date, delete_untagged=True))
    assert store.tags("app") == ["2", "odd"]
    assert serves(registry, odd)
    assert pulls == {digest: blob_exists(registry, "app", digest) for digest in pulls}
    assert all(pulls.values())
