# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/registry_facts.md says of Distribution and no other test holds, asked of both versions."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
import requests

from support import images
from support.images import DOCKER_MANIFEST, MANIFEST_TYPES, OCI_MANIFEST
from support.pushing import TIMEOUT, Repository, push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.s3_server import new_place
from support.store import Store, remove

EVERY_TYPE = ", ".join(MANIFEST_TYPES)


def get(registry: RegistryProcess, path: str, accept: str = EVERY_TYPE) -> requests.Response:
    return registry.session().get(f"{registry.url}/v2/{path}", headers={"Accept": accept}, timeout=TIMEOUT)


def is_a_name(registry: RegistryProcess, name: str) -> bool:
    """Whether a repository could be called so: of one that is not there the registry says so with 404."""
    return get(registry, f"{name}/tags/list").status_code == 404


def test_a_manifest_is_served_only_to_who_accepts_its_type(registry: RegistryProcess, version: str) -> None:
    image, index, of_docker = images.image("app"), images.multi_platform("oci"), images.multi_platform("d", docker=True)
    for tag, pushed in {"image": image, "index": index, "docker": of_docker}.items():
        push(registry, "app", pushed, tag)

    def answers(tag: str) -> dict[str, str]:
        found = {}
        for name, accept in {
            "itself": EVERY_TYPE,
            "any": "*/*",
            "oci": OCI_MANIFEST,
            "docker": DOCKER_MANIFEST,
        }.items():
            answer = get(registry, f"app/manifests/{tag}", accept)
            found[name] = answer.headers.get("Docker-Content-Digest") or str(answer.status_code)
        return found

    assert answers("image") == {"itself": image.digest, "any": "404", "oci": image.digest, "docker": "404"}
    refused = "404" if version == V2 else index.digest
    assert answers("index") == {"itself": index.digest, "any": refused, "oci": refused, "docker": refused}
    amd64 = of_docker.children[0].digest
    assert answers("docker") == {"itself": of_docker.digest, "any": "400", "oci": "400", "docker": amd64}


def test_what_is_left_of_a_manifest(registry: RegistryProcess, store: Store) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    content = store.blob_data(image.digest)

    content.write_bytes(image.manifest.data + b"\n")
    longer = get(registry, "app/manifests/1")
    assert (longer.status_code, longer.headers["Docker-Content-Digest"]) == (200, image.digest)
    for left in (image.manifest.data[:50], b""):
        content.write_bytes(left)
        assert get(registry, "app/manifests/1").status_code == 500
    content.unlink()
    assert get(registry, "app/manifests/1").status_code == 404
    store.current_link("app", "1").write_bytes(b"")
    assert get(registry, "app/manifests/1").status_code == 500


def test_what_a_repository_lists(registry: RegistryProcess, store: Store, version: str) -> None:
    push(registry, "app", images.image("app"), "1", "2")
    store.tag("app", "file").write_bytes(b"")
    assert sorted(get(registry, "app/tags/list").json()["tags"]) == ["1", "2", "file"]
    assert get(registry, "app/manifests/file").status_code == 500
    store.tag("app", "file").unlink()

    pages = {n: get(registry, f"app/tags/list?n={n}") for n in (1, 2, 3)}
    shown = {n: (len(page.json()["tags"]), "next" in page.links) for n, page in pages.items()}
    all_at_once = dict.fromkeys((1, 2, 3), (2, False))
    # A page of exactly n has a Link, to an empty one.
    assert shown == (all_at_once if version == V2 else {1: (1, True), 2: (2, True), 3: (2, False)})
    assert get(registry, "_catalog?n=1001").status_code == 400

    for tag in ("1", "2"):
        remove(store.tag("app", tag))
    assert get(registry, "app/tags/list").json()["tags"] is None

    remove(store.tag("app", "1").parent)
    assert get(registry, "_catalog").json()["repositories"] == ["app"]
    assert get(registry, "app/tags/list").status_code == 404


def test_a_manifest_without_its_link_is_served_as_long_as_it_is_remembered(
    registry: RegistryProcess, store: Store, version: str
) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    assert get(registry, f"app/manifests/{image.digest}").status_code == 200
    remove(store.revision("app", image.digest))
    assert get(registry, f"app/manifests/{image.digest}").status_code == (404 if version == V2 else 200)
    registry.restart()
    assert get(registry, f"app/manifests/{image.digest}").status_code == 404


def test_no_manifest_is_taken_by_sha512(registry: RegistryProcess) -> None:
    image = images.image("app")
    push(registry, "app", image)
    answer = registry.session().put(
        f"{registry.url}/v2/app/manifests/sha512:{hashlib.sha512(image.manifest.data).hexdigest()}",
        data=image.manifest.data,
        headers={"Content-Type": image.manifest.media_type},
        timeout=TIMEOUT,
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_a_cancelled_upload_leaves_directories(registry: RegistryProcess, store: Store) -> None:
    """So that beginning an upload is no way to ask whether a registry takes writes."""
    started = Repository(registry, "app").start_upload()
    assert registry.session().delete(started, timeout=TIMEOUT).status_code == 204
    [upload] = store.uploads("app")
    assert [path.name for path in (store.repository("app") / "_uploads" / upload).iterdir()] == ["hashstates"]


@pytest.mark.parametrize(("version", "cache", "longest"), [(V2, True, 245), (V2, False, 255), (V3, True, 255)])
def test_a_cache_shortens_names(new_registry: NewRegistry, version: str, cache: bool, longest: int) -> None:
    """Of 255 characters `docker.io/` takes ten on 2.8.2, which takes no capitals then either."""
    registry = new_registry(version, cache=cache)
    assert is_a_name(registry, f"team/{'a' * (longest - 5)}")
    assert not is_a_name(registry, f"team/{'a' * (longest - 4)}")
    assert is_a_name(registry, "Prod/app") is not (cache and version == V2)


def test_on_s3_pages_of_a_catalogue_hide_names(new_registry: NewRegistry, version: str) -> None:
    """What begins another name, as a tag does that no listing shows (test_tag.py)."""
    registry = new_registry(version, storage=new_place())
    for name in ("app", "app-x", "app/y", "b"):
        push(registry, name, images.image("app"), "1")
    path, found = "_catalog?n=1", list[str]()
    while path:
        page = get(registry, path)
        found += page.json()["repositories"]
        path = page.links.get("next", {}).get("url", "").rpartition("/v2/")[2]
    assert sorted(found) == (["app", "app-x", "app/y", "b"] if version == V2 else ["app-x", "b"])


def times(root: Path) -> dict[str, int]:
    """Return when each file below was written, in nanoseconds."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def delete(registry: RegistryProcess, path: str) -> int:
    return registry.session().delete(f"{registry.url}/v2/{path}", timeout=TIMEOUT).status_code


def test_a_push_of_what_is_there_writes_links_anew_and_no_content(registry: RegistryProcess, store: Store) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    before = times(store.v2)
    push(registry, "app", image, "1")

    after = times(store.v2)
    assert after.keys() == before.keys()
    anew = {path for path in before if after[path] != before[path]}
    assert anew == {path for path in before if path.endswith("/link")}


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_what_a_deletion_leaves(new_registry: NewRegistry, version: str, by: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    store, image = Store(registry.storage), images.image("app")
    push(registry, "app", image, "1", "2")
    push(registry, "app", images.image("other"), "3")
    push(registry, "app", image, "3")
    push(registry, "app", images.image("other"), "3")
    blobs, links = store.blobs(), store.layer_links("app")

    status = delete(registry, f"app/manifests/{'1' if by == 'tag' else image.digest}")

    if by == "tag" and version == V2:
        assert (status, store.tags("app")) == (400, ["1", "2", "3"])
    else:
        assert (status, store.tags("app")) == (202, ["2", "3"] if by == "tag" else ["3"])
    assert (image.digest in store.revisions("app")) == (by == "tag")
    assert (store.blobs(), store.layer_links("app")) == (blobs, links)
    assert (store.tag("app", "3") / "index" / image.digest.replace(":", "/") / "link").exists()


def test_what_a_collection_leaves(new_registry: NewRegistry, version: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    store, image, kept = Store(registry.storage), images.image("app"), images.image("kept")
    push(registry, "app", image, "1")
    push(registry, "app", kept, "kept")
    assert delete(registry, f"app/manifests/{image.digest}") == 202
    with registry.closed():
        collect = [str(registry.binary), "garbage-collect", str(registry.config_path)]
        subprocess.run(collect, check=True, capture_output=True, env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})

    assert set(store.blobs()) == {kept.digest, *(blob.digest for blob in kept.blobs)}
    gone = store.blob(image.digest)
    assert gone.parent.is_dir()
    assert not gone.exists()
    # 3.x takes the link of a layer and leaves its directory, 2.8 leaves both.
    layer = store.layer_link("app", image.layers[0].digest)
    assert (layer.parent.is_dir(), layer.exists()) == (True, version == V2)


def test_a_part_of_an_index_is_deleted_like_any_manifest(new_registry: NewRegistry, version: str) -> None:
    registry, index = new_registry(version, delete_enabled=True), images.multi_platform("app")
    push(registry, "app", index, "1")
    assert delete(registry, f"app/manifests/{index.children[0].digest}") == 202
    statuses = [get(registry, f"app/manifests/{one}").status_code for one in ("1", index.children[0].digest)]
    assert statuses == [200, 404]


def test_nothing_can_be_deleted_by_default(registry: RegistryProcess) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    assert {delete(registry, f"app/manifests/{one}") for one in ("1", image.digest)} == {405}


def test_a_read_only_registry_has_no_method_that_writes(new_registry: NewRegistry, version: str) -> None:
    registry = new_registry(version, delete_enabled=True, settings={"http": {"secret": "known after a restart"}})
    upload = Repository(registry, "app").start_upload()
    registry.read_only = True
    registry.restart()

    def ask(method: str, url: str) -> tuple[int, str | None]:
        answer = registry.session().request(method, url, timeout=TIMEOUT)
        return answer.status_code, answer.headers.get("Allow")

    answers = {ask(method, f"{registry.url}/v2/app/manifests/1") for method in ("PUT", "DELETE")}
    answers |= {ask(method, upload) for method in ("PUT", "PATCH", "DELETE")}
    answers.add(ask("POST", f"{registry.url}/v2/app/blobs/uploads/"))
    assert answers == {(405, "GET, HEAD")}


def test_a_blob_that_has_gone_is_remembered(registry: RegistryProcess, store: Store) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    path = f"{registry.url}/v2/app/blobs/{image.layers[0].digest}"
    remove(store.blob(image.layers[0].digest))
    assert registry.session().head(path, timeout=TIMEOUT).status_code == 200
    registry.restart()
    assert registry.session().head(path, timeout=TIMEOUT).status_code == 404
