# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registry_info tells of real registries, from storage and over the API, held against what was pushed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Iterable

import pytest
import yaml

from ansible_collections.drydock.registry.plugins.modules import registry_info
from support import images
from support.crane import CraneRegistry
from support.forked import run_forked
from support.images import ARM64, Content, Image
from support.playbook import Result, run_playbook
from support.pushing import Repository, push
from support.registries import V3, NewRegistry, Registry, RegistryProcess
from support.scripted import Fault, Request, Scripted, json_fault
from support.store import Store, assert_untouched, snapshot
from support.sweeping import cleanup

CREATED = "2026-01-02T03:04:05Z"
# What only storage tells, of images and of repositories.
ONLY_STORAGE = ("pushed", "orphan_manifests", "orphan_bytes")


def look(check: bool = False, **options: Any) -> Result:
    return successful(run_forked("registry_info", options, check=check)[1])


def successful(result: Result) -> Result:
    assert not result.get("failed"), result.get("msg")
    assert not result["changed"]
    return result


def from_api(registry: Registry, **options: Any) -> Result:
    result = look(registry_url=registry.url, **options)
    assert result["source"] == "api"
    return result


def from_storage(registry: RegistryProcess, **options: Any) -> Result:
    result = look(registry_config=str(registry.config_path), **options)
    assert result["source"] == "storage"
    return result


def from_both(registry: RegistryProcess, **options: Any) -> Result:
    """What the storage tells; the API must tell the same, and no more."""
    storage, api = from_storage(registry, **options), from_api(registry, **options)
    assert set(storage) - {"invocation"} == set(api) - {"invocation"}
    for table in ("repositories", "tags", "referrers"):
        assert api[f"{table}_total"] == storage[f"{table}_total"] == len(storage[table])
        assert api[table] == [{**row, **dict.fromkeys(row.keys() & ONLY_STORAGE)} for row in storage[table]]
    assert api["bytes"] == storage["bytes"]
    assert api["orphans"] is None
    return storage


def row(result: Result, repository: str, tag: str) -> dict[str, Any]:
    (found,) = [one for one in result["tags"] if (one["repository"], one["tag"]) == (repository, tag)]
    return dict(found)


def sizes(one: dict[str, Any]) -> tuple[int, int]:
    assert one["bytes"] == one["own_bytes"] + one["shared_bytes"]
    return one["own_bytes"], one["shared_bytes"]


def weight(contents: Iterable[Content]) -> int:
    return sum({content.digest: len(content.data) for content in contents}.values())


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in result["repositories"]}


def test_an_image(registry: RegistryProcess) -> None:
    image = images.image("one", docker=True, platform=ARM64)
    push(registry, "team/app", image, "1.10", "1.9")
    found = from_both(registry)
    assert [one["tag"] for one in found["tags"]] == ["1.9", "1.10"]
    assert row(found, "team/app", "1.9").pop("pushed").startswith("20")
    assert row(found, "team/app", "1.9") == {
        "repository": "team/app",
        "tag": "1.9",
        "digest": image.digest,
        "pushed": row(found, "team/app", "1.9")["pushed"],
        "created": CREATED,
        "media_type": images.DOCKER_MANIFEST,
        "artifact_type": None,
        "platforms": ["linux/arm64"],
        "bytes": image.bytes,
        "own_bytes": image.bytes,
        "shared_bytes": 0,
        "subject": None,
        "referrers": 0,
    }
    (repository,) = found["repositories"]
    assert (repository["tags"], repository["images"], repository["bytes"]) == (2, 1, image.bytes)
    assert found["bytes"] == image.bytes


@pytest.mark.parametrize("docker", [False, True])
def test_an_index_has_the_platforms_and_the_weight_of_all_its_parts(registry: RegistryProcess, docker: bool) -> None:
    index = images.multi_platform("index", docker=docker)
    push(registry, "app", index, "multi")
    push(registry, "app", index.children[1], "arm64")
    found = from_both(registry)
    multi, part = row(found, "app", "multi"), row(found, "app", "arm64")
    assert (multi["platforms"], multi["created"]) == (["linux/amd64", "linux/arm64"], CREATED)
    assert sizes(multi) == (index.bytes - index.children[1].bytes, index.children[1].bytes)
    assert part["platforms"] == ["linux/arm64"]
    assert sizes(part) == (0, index.children[1].bytes)
    assert found["bytes"] == index.bytes


def test_an_index_in_an_index_and_a_part_that_is_not_there(registry: RegistryProcess, store: Store) -> None:
    inner, gone = images.multi_platform("inner"), images.image("gone")
    push(registry, "app", images.index([inner, gone]), "nested")
    with registry.closed():
        store.remove_manifest("app", gone.digest)
    nested = row(from_both(registry), "app", "nested")
    assert nested["platforms"] == ["linux/amd64", "linux/arm64"]
    assert nested["bytes"] == images.index([inner, gone]).bytes - gone.bytes


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


def test_a_layer_pushed_by_sha512(registry: RegistryProcess) -> None:
    image = images.image("sha512", [images.layer("big", algorithm="sha512")])
    push(registry, "app", image, "1")
    assert row(from_both(registry), "app", "1")["bytes"] == image.bytes


def test_a_layer_that_lies_elsewhere_weighs_nothing(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, settings={"validation": {"manifests": {"urls": {"allow": ["^https://"]}}}})
    here = images.image("here", docker=True)
    manifest = json.loads(here.manifest.data)
    windows = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    elsewhere = {"mediaType": windows, "size": 10**9, "digest": images.digest_of(b"windows")}
    manifest["layers"].append({**elsewhere, "urls": ["https://example.com/windows"]})
    image = Image(Content(here.manifest.media_type, json.dumps(manifest).encode()), here.blobs)
    push(registry, "app", image, "1")
    assert row(from_both(registry), "app", "1")["bytes"] == image.bytes


@pytest.mark.parametrize(("created", "platform"), [(None, {}), ("1970-01-01T00:00:00Z", {"os": "linux"})])
def test_what_a_configuration_does_not_tell(
    registry: RegistryProcess, created: str | None, platform: dict[str, str]
) -> None:
    image = images.image("reproducible", created=created, platform=platform or {"os": "", "architecture": ""})
    push(registry, "app", image, "1")
    one = row(from_both(registry), "app", "1")
    assert (one["created"], one["platforms"]) == (None, [])


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


def test_names_cost_a_page_of_the_catalogue(registry: RegistryProcess) -> None:
    for name in ("a", "a/b", "c"):
        push(registry, name, images.image(name), "1", "2")
    with Scripted(registry=registry) as watched:
        found = from_api(watched, level="repositories")
        assert watched.seen == ["GET /v2/", "GET /v2/_catalog?n=1000"]
    assert [one["name"] for one in found["repositories"]] == ["a", "a/b", "c"]
    assert set(found["repositories"][0].values()) == {"a", None}
    assert (found["tags"], found["tags_total"], found["orphans"]) == ([], None, None)
    storage = from_storage(registry, level="repositories")
    assert {**storage, "source": "api", "invocation": None} == {**found, "invocation": None}


def test_tags_cost_one_listing_a_repository(registry: RegistryProcess) -> None:
    image = images.image("a")
    push(registry, "a", image, "2", "10")
    push(registry, "b", images.signature(image), images.fallback_tag(image, ".sig"))
    with Scripted(registry=registry) as watched:
        api = from_api(watched, level="tags", repositories=["a", "b", "not/there"])
        assert sorted(request.partition("?")[0] for request in watched.seen) == [
            "GET /v2/",
            "GET /v2/a/tags/list",
            "GET /v2/b/tags/list",
            "GET /v2/not/there/tags/list",
        ]
    storage = from_storage(registry, level="tags", repositories=["a", "b", "not/there"])
    for found in (api, storage):
        assert [(one["repository"], one["tag"]) for one in found["tags"][:2]] == [("a", "2"), ("a", "10")]
        assert found["tags"][2]["subject"] == image.digest
        assert [one["tags"] for one in found["repositories"]] == [2, 1]
        assert (found["bytes"], found["dangling_tags_total"], found["orphans"]) == (None, None, None)
    assert (storage["tags"][0]["digest"], api["tags"][0]["digest"]) == (image.digest, None)


def test_each_image_is_read_once(registry: RegistryProcess) -> None:
    base = images.image("base")
    push(registry, "a", base, "1")
    push(registry, "a", images.multi_platform("multi"), "2")
    with Scripted(registry=registry) as watched:
        from_api(watched, repositories=["a"])
        assert (watched.count("GET", "/tags/"), watched.count("GET", "/manifests/")) == (1, 4)
        assert (watched.count("GET", "/blobs/"), watched.count("GET", "/referrers/")) == (3, 1)
        assert len(watched.requests) == 10  # and which API it speaks


def test_a_repository_without_tags_is_shown(registry: RegistryProcess) -> None:
    push(registry, "empty", images.image("untagged"))
    found = from_both(registry)
    assert (by_name(found)["empty"]["tags"], by_name(found)["empty"]["bytes"]) == (0, 0)


def test_another_registry_than_distribution(crane: CraneRegistry) -> None:
    base, index = images.layer("base"), images.multi_platform("index")
    image = images.image("image", [base])
    push(crane, "b", images.image("other", [base]), "1")
    push(crane, "a", image, "1", "latest")
    push(crane, "a", index, "multi")
    found = from_api(crane)
    assert [(one["repository"], one["tag"], one["digest"]) for one in found["tags"][:3]] == [
        ("a", "1", image.digest),
        ("a", "latest", image.digest),
        ("a", "multi", index.digest),
    ]
    assert sizes(row(found, "a", "latest")) == (image.bytes - len(base.data), len(base.data))
    assert row(found, "a", "multi")["platforms"] == ["linux/amd64", "linux/arm64"]


def test_an_empty_registry(registry: RegistryProcess) -> None:
    found = from_both(registry)
    assert (found["repositories"], found["tags_total"], found["bytes"]) == ([], 0, 0)


def test_nothing_is_changed_and_check_mode_tells_the_same(registry: RegistryProcess) -> None:
    push(registry, "app", images.multi_platform("image"), "1")
    before = snapshot(registry.storage)
    assert from_api(registry) == from_api(registry, check=True)
    assert from_storage(registry) == from_storage(registry, check=True)
    assert_untouched(registry.storage, before)


def test_the_result_stays_small_and_the_file_is_whole(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V3)
    store, image = Store(registry.storage), images.image("many")
    push(registry, "app", image, "1")
    for number in range(2, 1201):
        store.write_manifest("app", image.manifest, str(number))
    dest = workspace / "registry.json"
    found = from_storage(registry, dest=str(dest))
    assert (len(found["tags"]), found["tags_total"]) == (1000, 1200)
    whole = json.loads(dest.read_text())
    assert [one["tag"] for one in whole["tags"]] == [str(number) for number in range(1, 1201)]
    assert whole["tags"][:1000] == found["tags"]
    assert set(whole) == set(found) - {"changed", "invocation"}


def test_a_file_that_cannot_be_written(registry: RegistryProcess, workspace: Path) -> None:
    options = {"registry_config": str(registry.config_path), "dest": str(workspace / "missing/registry.json")}
    result = run_forked("registry_info", options)[1]
    assert result["failed"]
    assert "dest:" in result["msg"]


@pytest.mark.usefixtures("no_waiting")
def test_a_damaged_manifest_is_named_and_hides_nothing(registry: RegistryProcess, store: Store) -> None:
    image, sound = images.image("damaged"), images.image("sound")
    push(registry, "app", image, "1")
    push(registry, "app", sound, "2")
    store.blob_data(image.digest).write_bytes(b"{")
    for found in (from_storage(registry), from_api(registry)):
        assert [one["tag"] for one in found["tags"]] == ["2"]
        assert [one["tag"] for one in found["dangling_tags"]] == ["1"]
        assert any("app: " in text and "needed by tag 1)" in text for text in map(str, found["warnings"]))


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00", "12" * 3000])
def test_a_date_that_no_calendar_has_is_unknown(registry: RegistryProcess, created: str) -> None:
    push(registry, "app", images.image("odd", created=created), "1")
    assert row(from_both(registry), "app", "1")["created"] is None


def test_a_pattern_that_no_name_can_match_is_refused(registry: RegistryProcess) -> None:
    for place in ({"registry_config": str(registry.config_path)}, {"registry_url": registry.url}):
        for option in ("repositories", "exclude_repositories"):
            result = run_forked("registry_info", {**place, option: ["a", "team-[0-9]/**"]})[1]
            assert result["failed"]
            assert result["msg"].startswith(f"{option}: 'team-[0-9]/**' cannot be used")
            assert "write '~team-[0-9]/.+'" in result["msg"]


@pytest.mark.parametrize("level", ["repositories", "tags", "images"])
def test_a_pattern_that_matches_nothing_is_told(registry: RegistryProcess, level: str) -> None:
    for name in ("team/app", "team/web"):
        push(registry, name, images.image(name), "1")
    places: list[dict[str, Any]] = [{"registry_config": str(registry.config_path)}, {"registry_url": registry.url}]
    for place in places:
        told = look(**place, level=level, repositories=["team/*", "other"], exclude_repositories=["team", "team/app"])
        assert [one["name"] for one in told["repositories"]] == ["team/web"]
        said = " ".join(map(str, told["warnings"]))
        assert "exclude_repositories: 'team' matches no repository; 'team/**' would match 2, such as team/app" in said
        assert "repositories: 'other' matches no repository" in said
        fine = look(**place, level=level, repositories=["team/*"], exclude_repositories=["team/app"])
        assert not fine.get("warnings")


def test_where_to_look_must_be_said() -> None:
    result = run_forked("registry_info", {})[1]
    assert "one of the following is required: registry_url, registry_config, storage" in result["msg"]


def test_the_examples_run(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V3)
    index, old = images.multi_platform("index"), images.image("old")
    push(registry, "team/app", index, "latest", "1.2")
    push(registry, "team/old", old, "1.1")
    push(registry, "team/old", images.signature(old), images.fallback_tag(old, ".sig"))
    push(registry, "team/old", images.image("untagged", [images.layer("large", 20_000)]))
    tasks = yaml.safe_load(registry_info.EXAMPLES)
    run = run_playbook([{"hosts": "localhost", "gather_facts": False, "tasks": _here(tasks, registry, workspace)}])
    run.check()
    shown = {task["name"]: run.of(task["name"])[0] for task in tasks}
    most = shown["Show the ten repositories whose removal would free most"]["results"]
    assert [one["item"]["name"] for one in most] == ["team/app", "team/old"]
    assert shown["Show the images that nobody signed"]["msg"] == [index.digest]
    pinned = shown["Pin a deployment to the very image behind a tag"]["ansible_facts"]["app_image"]
    assert pinned.endswith(f"team/app@{index.digest}")
    assert "could be freed" in shown["Warn when a clean-up is worth its while"]["msg"]
    assert json.loads((workspace / "registry.json").read_text())["tags_total"] == 4


def _here(tasks: list[dict[str, Any]], registry: RegistryProcess, workspace: Path) -> list[dict[str, Any]]:
    """The tasks on this registry and this machine's paths, and else as they are."""
    for task in tasks:
        options = task.get("drydock.registry.registry_info", {})
        here = {
            "registry_url": registry.url,
            "registry_config": str(registry.config_path),
            "dest": str(workspace / "registry.json"),
            "registry_password": "secret",
        }
        options.update({name: value for name, value in here.items() if name in options})
    return tasks
