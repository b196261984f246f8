# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages whose truth lies elsewhere: in a database, in another directory, in a part that is not mounted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

from support import images
from support.absent import absent
from support.credentials import TokenAuth
from support.forked import run_forked
from support.pushing import Repository, push
from support.registries import V3, NewRegistry, RegistryProcess
from support.store import Store, assert_same, assert_untouched, remove, snapshot
from support.sweeping import cleanup, push_aged, refused, seen, successful, sweep
from support.sweeping_api import cleanup_over_api, date
from support.v1 import V1Registry
from support.v1 import image as v1_image
from support.v1 import push as v1_push
from support.verify import assert_pulls, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]
GITLAB_MARK = "docker/registry/lockfiles/database-in-use"
HARBOR = {
    "auth": {"htpasswd": {"realm": "harbor-registry-basic-realm", "path": "/etc/registry/passwd"}},
    "validation": {"disabled": True},
}


def refused_everywhere(registry: RegistryProcess, *words: str, **options: Any) -> None:
    """In preview and in a run, with nothing touched."""
    before = seen(registry)
    for check in (True, False):
        refused(cleanup(registry, check=check, policies=KEEP_ONE, **options), *words, "nothing was changed")
    assert_same(before, seen(registry))


def config_with(registry: RegistryProcess, directory: Path, more: dict[str, Any]) -> str:
    """The path of the registry's configuration with more in it, which no plain registry would start with."""
    path = directory / "foreign.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(registry.config_path.read_text()), **more}))
    return str(path)


def test_the_mark_of_gitlabs_database(everywhere: RegistryProcess) -> None:
    push_aged(everywhere, "app", {"1": 9.0, "2": 8.0})
    mark = everywhere.storage / GITLAB_MARK
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_bytes(b"")
    with everywhere.closed():
        refused_everywhere(everywhere, "GitLab", "lockfiles/database-in-use", "online garbage collection")
        remove(mark)
        assert successful(cleanup(everywhere, policies=KEEP_ONE))["deleted"]["tags"] == 1


@pytest.mark.parametrize("enabled", [True, "prefer", "true"])
def test_gitlabs_database_in_the_configuration(registry: RegistryProcess, tmp_path: Path, enabled: object) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    path = config_with(registry, tmp_path, {"database": {"enabled": enabled}})
    with registry.closed():
        refused_everywhere(registry, "GitLab", "database.enabled", path, registry_config=path)
        told = run_forked("registry_info", {"registry_config": path, "level": "tags"})[1]
        assert "GitLab" in str(told["warnings"])


def test_a_database_that_is_off_or_comes_from_the_environment(registry: RegistryProcess, tmp_path: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    path = config_with(registry, tmp_path, {"database": {"enabled": False}})
    with registry.closed():
        on = {"REGISTRY_DATABASE_ENABLED": "true"}
        refused_everywhere(registry, "GitLab", registry_config=path, registry_environment=on)
        assert successful(cleanup(registry, registry_config=path, policies=KEEP_ONE))["deleted"]["tags"] == 1


@pytest.mark.parametrize(
    "more",
    [
        HARBOR,
        {"auth": {"token": {"service": "harbor-registry", "realm": "https://core/service/token", "issuer": "x"}}},
        {"notifications": {"endpoints": [{"name": "harbor", "url": "http://core:8080/service/notifications"}]}},
    ],
)
def test_harbors_registry(registry: RegistryProcess, tmp_path: Path, more: dict[str, Any]) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    path = config_with(registry, tmp_path, more)
    with registry.closed():
        refused_everywhere(registry, "Harbor", path, "tag retention", "registry_url alone", registry_config=path)


def test_harbor_over_the_api_is_told_apart(new_registry: NewRegistry) -> None:
    auth = TokenAuth(service="harbor-registry")
    registry = new_registry(V3, token=auth, delete_enabled=True)
    push(registry, "app", images.image("1"), "1")
    who: dict[str, Any] = {"registry_username": auth.username, "registry_password": auth.password}
    result = successful(cleanup_over_api(registry, check=True, policies=KEEP_ONE, **who))
    assert any("Harbor" in note for note in result["notes"])


def test_a_tag_of_harbor_goes_only_with_its_artifact(new_registry: NewRegistry) -> None:
    """A registry that would delete a tag alone, and calls itself what Harbor does: 2.0.0 deleted all tags with one."""
    auth = TokenAuth(service="harbor-registry")
    registry = new_registry(V3, token=auth, delete_enabled=True)
    push(registry, "app", images.image("shared", created=date(3)), "1", "2")
    push(registry, "app", images.image("alone", created=date(9)), "3")
    expectation = capture(registry, {"app": ["1", "2"]})
    options: dict[str, Any] = {
        "registry_username": auth.username,
        "registry_password": auth.password,
        "policies": [{"name": "test", "keep_tags": ["2"], "keep_n": 0}],
    }
    preview, run = (successful(cleanup_over_api(registry, check=check, **options)) for check in (True, False))
    assert preview["tags_deleted"] == run["tags_deleted"]
    assert [one["tag"] for one in run["tags_deleted"]] == ["3"]
    assert run["deleted"]["manifests"] == 1
    assert_pulls(registry, expectation)
    who = {key: options[key] for key in ("registry_username", "registry_password")}
    result = absent("tag", registry, check=True, repository="app", name=["1"], **who)
    assert result.get("failed")
    assert "2" in result["msg"]


@pytest.mark.parametrize("has_password", [True, False])
def test_harbor_at_the_url_of_a_storage(new_registry: NewRegistry, has_password: bool) -> None:
    """Where the storage is given and not the configuration of Harbor's registry."""
    auth = TokenAuth(service="harbor-registry")
    registry = new_registry(V3, token=auth)
    push(registry, "app", images.image("1"), "1")
    who = {"registry_username": auth.username, "registry_password": auth.password} if has_password else {}
    storage = {"filesystem": {"rootdirectory": str(registry.storage)}}
    refused_everywhere(
        registry, "Harbor", registry.url, registry_config=None, storage=storage, registry_url=registry.url, **who
    )


def test_gitlabs_registry_that_does_not_say_whether_it_has_a_database(
    registry: RegistryProcess, tmp_path: Path
) -> None:
    push_aged(registry, "app", {"1": 9.0})
    token = {"service": "container_registry", "issuer": "omnibus-gitlab-issuer", "realm": "https://gitlab/jwt/auth"}
    path = config_with(registry, tmp_path, {"auth": {"token": token}})
    with registry.closed():
        result = successful(cleanup(registry, check=True, registry_config=path))
        assert any("GitLab" in (said := str(warning)) and "database.enabled" in said for warning in result["warnings"])
        assert "GitLab" in str(run_forked("registry_info", {"registry_config": path, "level": "tags"})[1]["warnings"])
        off = {"REGISTRY_DATABASE_ENABLED": "false"}
        result = successful(cleanup(registry, check=True, registry_config=path, registry_environment=off))
        assert "GitLab" not in str(result.get("warnings"))
        mark = registry.storage / "docker/registry/lockfiles/filesystem-in-use"
        mark.parent.mkdir()
        mark.write_bytes(b"")
        assert "GitLab" not in str(successful(cleanup(registry, check=True, registry_config=path)).get("warnings"))


def test_the_mark_beside_a_tree_that_is_a_link(registry: RegistryProcess, tmp_path: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    tree = registry.storage / "docker/registry/v2"
    mark = registry.storage / GITLAB_MARK
    with registry.closed():
        tree.rename(tmp_path / "elsewhere")
        tree.symlink_to(tmp_path / "elsewhere")
        mark.parent.mkdir()
        mark.write_bytes(b"")
        for check in (True, False):
            refused(cleanup(registry, check=check, policies=KEEP_ONE), "GitLab", "database-in-use")


def test_openshifts_registry(registry: RegistryProcess, tmp_path: Path) -> None:
    push_aged(registry, "app", {"1": 9.0})
    path = config_with(registry, tmp_path, {"openshift": {"version": 1.0}})
    with registry.closed():
        refused_everywhere(registry, "OpenShift", path, "oc adm prune images", registry_config=path)


def test_blobs_that_nothing_links(everywhere: RegistryProcess) -> None:
    push_aged(everywhere, "app", {"1": 9.0, "2": 8.0})
    remove(everywhere.storage / "docker/registry/v2/repositories")
    with everywhere.closed():
        refused_everywhere(everywhere, "6 blobs", "allow_empty", max_delete=0, max_delete_percent=0)
    swept = sweep(everywhere, {}, policies=KEEP_ONE, allow_empty=True, max_delete_store_percent=100)
    assert swept.run["deleted"]["blobs"] == 6
    assert not Store(everywhere.storage).blobs()


def test_images_of_v1_that_no_repository_has(v1: V1Registry) -> None:
    v1_push(v1, "library/app", v1_image("one"), "1")
    shutil.rmtree(v1.storage / "repositories")
    options = {
        "registry_config": str(v1.config_path),
        "registry_environment": v1.environment,
        "grace_period": "0s",
        "require_read_only": False,
    }
    before = snapshot(v1.storage)
    for check in (True, False):
        refused(run_forked("cleanup", options, check=check)[1], "1 blobs", "allow_empty", "nothing was changed")
    assert_untouched(v1.storage, before)


def test_a_storage_that_is_empty_where_the_registry_is_not(registry: RegistryProcess, tmp_path: Path) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    empty = tmp_path / "var-lib-registry"
    empty.mkdir()
    storage = {"filesystem": {"rootdirectory": str(empty)}}
    refused_everywhere(registry, str(empty), "app", registry.url, storage=storage, registry_url=registry.url)
    assert list(empty.iterdir()) == []
    left_over = empty / "docker/registry/v2/repositories/old/_uploads"
    left_over.mkdir(parents=True)
    refused_everywhere(registry, str(empty), "app", registry.url, storage=storage, registry_url=registry.url)


def test_an_approved_plan_and_a_storage_that_is_empty_by_then(
    registry: RegistryProcess, tmp_path: Path, workspace: Path
) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    plan = str(workspace / "plan.json")
    root = tmp_path / "root"
    root.symlink_to(registry.storage)
    storage = {"filesystem": {"rootdirectory": str(root)}}
    options: dict[str, Any] = {"storage": storage, "registry_url": registry.url}
    successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=plan, **options))
    root.unlink()
    root.mkdir()
    for check in (True, False):
        refused(cleanup(registry, check=check, plan=plan, **options), str(root), "app", "nothing was changed")


def test_an_empty_storage_of_v1_where_the_registry_is_not(new_v1: Callable[..., V1Registry], tmp_path: Path) -> None:
    registry = new_v1()
    with registry.closed():
        registry.with_search()
    v1_push(registry, "library/app", v1_image("one"), "1")
    (tmp_path / "empty").mkdir()
    options = {
        "registry_url": registry.url,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "empty")}},
        "api_version": "v1",
    }
    refused(run_forked("cleanup", options, check=True)[1], str(tmp_path / "empty"), "library/app")
    # Its index goes on naming what has gone from the storage.
    shutil.rmtree(registry.storage / "repositories/library")
    assert not run_forked("cleanup", options, check=True)[1].get("failed")


def test_an_empty_registry_is_none_of_these(registry: RegistryProcess) -> None:
    result = successful(cleanup(registry, policies=KEEP_ONE, registry_url=registry.url))
    assert not result["changed"]


def push_orphans(registry: RegistryProcess, number: int) -> None:
    """Blobs that no image has, in a registry that has one of three blobs."""
    push_aged(registry, "app", {"1": 9.0})
    for index in range(number):
        Repository(registry, "app").push_blob(images.layer(f"orphan {index}"))


def test_a_plan_without_a_tag_that_takes_nearly_all(everywhere: RegistryProcess) -> None:
    push_orphans(everywhere, 28)
    with everywhere.closed():
        refused_everywhere(everywhere, "28 of all 31 blobs", "max_delete_store_percent: 100")
    sweep(everywhere, {"app": ["1"]}, max_delete_store_percent=100)


def test_a_plan_without_a_tag_that_takes_less(registry: RegistryProcess) -> None:
    push_orphans(registry, 27)
    assert sweep(registry, {"app": ["1"]}).run["deleted"]["blobs"] == 27


@pytest.mark.parametrize(
    ("within", "beyond", "words"),
    [
        ({"max_delete_blobs": 3}, {"max_delete_blobs": 2}, ["3 blobs", "max_delete_blobs"]),
        ({"max_delete_bytes": "1MB"}, {"max_delete_bytes": "0.1kB"}, ["bytes", "max_delete_bytes", "100"]),
        (
            {"max_delete_store_percent": 60},
            {"max_delete_store_percent": 49},
            ["3 of 6 blobs", "max_delete_store_percent", "49 %"],
        ),
    ],
)
def test_limits_on_blobs_and_bytes(
    registry: RegistryProcess, workspace: Path, within: dict[str, Any], beyond: dict[str, Any], words: list[str]
) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    plan = str(workspace / "plan.json")
    with registry.closed():
        refused_everywhere(registry, *words, **beyond)
        successful(cleanup(registry, check=True, policies=KEEP_ONE, plan_dest=plan))
        refused(cleanup(registry, plan=plan, **beyond), *words)
    sweep(registry, {"app": ["2"]}, policies=KEEP_ONE, **within)
