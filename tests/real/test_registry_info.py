# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registry_info tells of real registries, from storage and over the API, held against what was pushed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.drydock.registry.plugins.modules import registry_info
from support import images
from support.crane import CraneRegistry
from support.forked import run_forked
from support.images import ARM64, Content, Image
from support.looking import CREATED, by_name, from_api, from_both, from_storage, look, row, sizes
from support.playbook import WITHOUT_OVERRIDE, run_module, run_playbook
from support.pushing import push
from support.registries import V3, NewRegistry, RegistryProcess
from support.scripted import Scripted
from support.store import Store, assert_untouched, snapshot


def test_a_storage_that_may_not_be_looked_at_is_no_empty_one(new_registry: NewRegistry) -> None:
    registry = new_registry(V3)
    push(registry, "app", images.image("one"), "1")
    tree = registry.storage / "docker"
    tree.chmod(0)
    try:
        result = run_module("registry_info", {"registry_config": str(registry.config_path)}, prefix=WITHOUT_OVERRIDE)
    finally:
        tree.chmod(0o755)
    assert result.get("failed")
    assert f"{tree}/registry/v2 could not be read: Permission denied" in result["msg"]


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
