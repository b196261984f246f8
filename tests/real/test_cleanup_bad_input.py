# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: a clear error that names the thing, and nothing changed. Damaged stores are in test_cleanup_doubt.py."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import Any, Callable

import pytest
from real.conftest import require_registry

from support import images
from support.forked import run_forked
from support.playbook import Result
from support.registries import V3, NewRegistry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import cleanup, push_aged, refused

KEEP_ONE = [{"name": "test", "keep_n": 1}]


def filled(registry: RegistryProcess) -> RegistryProcess:
    """A stopped registry with something to delete."""
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    registry.stop()
    return registry


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> RegistryProcess:
    """One for all tests that leave it as it is, which they show."""
    require_registry(V3)
    with RegistryProcess(V3, tmp_path_factory.mktemp("bad_input") / "registry") as registry:
        return filled(registry)


def judged(**words: Any) -> dict[str, Any]:
    return {"policies": [{"name": "test", **words}]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (judged(tags=["~("], keep_n=1), ["policies[0].tags", "~("]),
        (judged(keep_tags=["~[a"], keep_n=1), ["policies[0].keep_tags", "~[a"]),
        (judged(repositories=[""], keep_n=1), ["policies[0].repositories"]),
        (judged(exclude_repositories=["~*"], keep_n=1), ["policies[0].exclude_repositories", "~*"]),
        (judged(group_by="*.*", keep_n=1), ["policies[0].group_by", "*.*"]),
        (judged(group_by=r"~\d+", keep_n=1), ["policies[0].group_by", "group"]),
        ({"repositories": ["~)"]}, ["repositories", "~)"]),
        ({"exclude_repositories": ["~)"]}, ["exclude_repositories", "~)"]),
        ({"repositories": ["prod-*/"]}, ["repositories", "prod-*/", "'prod-*/**'"]),
        ({"exclude_repositories": ["prod-[0-9]/**"]}, ["exclude_repositories", "prod-[0-9]/**", "'~prod-[0-9]/.+'"]),
        (judged(repositories=["Prod/**"], keep_n=1), ["policies[0].repositories", "'prod/**'"]),
        (judged(exclude_repositories=["a, b"], keep_n=1), ["policies[0].exclude_repositories", "'a', 'b'"]),
        (judged(tags=["{a,b}"], keep_n=1), ["policies[0].tags", "'a', 'b'"]),
        (judged(keep_tags=["app:v1"], keep_n=1), ["policies[0].keep_tags", "'v1'"]),
        (judged(older_than="30 fortnights"), ["policies[0].older_than", "30 fortnights"]),
        (judged(expire_after="1.5d"), ["policies[0].expire_after", "1.5d"]),
        ({"grace_period": "an hour"}, ["grace_period", "an hour"]),
        (judged(older_than="6M"), ["policies[0].older_than", "6M", "180d for months"]),
        (judged(expire_after="2W"), ["policies[0].expire_after", "such as 2w"]),
        ({"api_timeout": "30S"}, ["api_timeout", "such as 30s"]),
        (judged(tags=[3.10], keep_n=1), ["policies[0].tags", "3.1", "write it in quotes"]),
        (judged(keep_tags=[True], keep_n=1), ["policies[0].keep_tags", "True", "write it in quotes"]),
        ({"protect_images": [None]}, ["protect_images", "None", "write it in quotes"]),
        ({"repositories": 3.10}, ["repositories", "3.1", "write it in quotes"]),
        ({"untagged_older_than": "-1d"}, ["untagged_older_than", "-1d"]),
        ({"purge_uploads_older_than": "7"}, ["purge_uploads_older_than", "7"]),
        ({"api_timeout": "soon"}, ["api_timeout", "soon"]),
        (judged(tags=["*"]), ["policies[0]", "keep_n"]),
        (judged(keep_n=-1), ["policies[0].keep_n", "-1"]),
        (judged(keep_groups=2), ["policies[0].keep_groups", "group_by"]),
        (judged(keep_groups=-2, group_by=r"~(\d+)"), ["policies[0].keep_groups", "-2"]),
        (judged(older_than="30d", expire_after="7d"), ["policies[0].expire_after", "7d", "older_than"]),
        (judged(keep_n=1, sort_by="size"), ["sort_by", "size"]),
        (judged(keep_n="some"), ["keep_n", "some"]),
        (judged(keep_n=1, keeps=2), ["keeps"]),
        ({"max_delete": -1}, ["max_delete", "-1"]),
        ({"max_delete_percent": 101}, ["max_delete_percent", "101"]),
        ({"protect_images": ["app@sha256:abc"]}, ["protect_images", "app@sha256:abc"]),
        ({"protect_images": ["a1b2c3d4e5f6"]}, ["protect_images", "a1b2c3d4e5f6", "--no-trunc"]),
        ({"protect_images": ["sha256:a1b2c3d4e5f6"]}, ["protect_images", "sha256:a1b2c3d4e5f6", "--no-trunc"]),
        ({"protect_images": ["team/app"]}, ["protect_images", "'team/app:latest'", "'team/app:*'"]),
        ({"protect_images": ["team/app:<none>"]}, ["protect_images", "<none>"]),
        ({"quarantine": "burn"}, ["quarantine", "burn"]),
        ({"quarantine": "purge", "policies": KEEP_ONE}, ["policies", "purge"]),
        ({"registry_config": "/nonexistent/config.yml"}, ["/nonexistent/config.yml"]),
        ({"registry_config": None}, ["registry_config", "storage"]),
        ({"registry_config": None, "storage": {"filesystem": {"rootdirectory": "/nonexistent"}}}, ["/nonexistent"]),
        ({"registry_config": None, "storage": {"filesystem": {"rootdirectory": "relative"}}}, ["relative"]),
        ({"registry_config": None, "storage": {"swift": {"container": "x"}}}, ["swift"]),
        ({"registry_config": None, "storage": {"filesystem": {}, "s3": {}}}, ["filesystem", "s3"]),
        ({"registry_config": None, "storage": {}}, ["storage"]),
        ({"plan_dest": "/nonexistent/plan.json", "policies": KEEP_ONE}, ["plan_dest", "/nonexistent/plan.json"]),
        ({"registry_environment": {"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED": "true"}}, ["READONLY"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value)[:60],
)
def test_options(stopped: RegistryProcess, options: dict[str, Any], words: list[str]) -> None:
    before = snapshot(stopped.home)
    for check in (True, False):
        refused(cleanup(stopped, check=check, **{"policies": [], **options}), *words)
    assert_untouched(stopped.home, before)


@pytest.mark.parametrize(
    "text", ["", "[]", "storage: [", "storage: {}", "storage: {filesystem: no}", "just text", "\x00"]
)
def test_a_configuration_file_that_is_none(stopped: RegistryProcess, workspace: Path, text: str) -> None:
    config = workspace / "config.yml"
    config.write_text(text)
    before = snapshot(stopped.home)
    refused(cleanup(stopped, policies=KEEP_ONE, registry_config=str(config)))
    assert_untouched(stopped.home, before)


def test_a_directory_that_is_no_registry(stopped: RegistryProcess, workspace: Path) -> None:
    (workspace / "important.txt").write_text("not an image")
    storage = {"filesystem": {"rootdirectory": str(workspace)}}
    before = snapshot(workspace)
    refused(cleanup(stopped, policies=KEEP_ONE, registry_config=None, storage=storage), str(workspace))
    assert_untouched(workspace, before)


def failing(real: Callable[..., Any], path: Path, number: int) -> Callable[..., Any]:
    """A call that fails on this path (given as path or open file) as a broken disk or share does."""

    def call(where: Any, *arguments: Any, **options: Any) -> Any:
        named = f"/proc/self/fd/{where}" if isinstance(where, int) else where
        if os.path.realpath(named) == str(path):
            raise OSError(number, os.strerror(number), str(path))
        return real(where, *arguments, **options)

    return call


def broken(registry: RegistryProcess, call: str, path: Path, number: int, *, check: bool) -> Result:
    """A run during which this call fails on this path; no real disk fails at a chosen moment."""

    def break_disk() -> None:
        setattr(os, call, failing(getattr(os, call), path, number))

    options = {"registry_config": str(registry.config_path), "policies": KEEP_ONE, "grace_period": "0s"}
    return run_forked("cleanup", options, check=check, before=break_disk)[1]


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("manifest", errno.EIO),
        ("manifest", errno.EACCES),
        ("link", errno.ESTALE),
        ("blobs", errno.EIO),
        ("revisions", errno.EACCES),
        ("tags", errno.ESTALE),
        ("repositories", errno.EIO),
    ],
)
def test_a_disk_that_fails_while_reading(stopped: RegistryProcess, what: str, number: int) -> None:
    store = Store(stopped.storage)
    kept = store.current_link("app", "2").read_text()
    call, path = {
        "manifest": ("read", store.blob_data(kept)),
        "link": ("read", store.current_link("app", "2")),
        "blobs": ("scandir", store.v2 / "blobs/sha256"),
        "revisions": ("scandir", store.repository("app") / "_manifests/revisions/sha256"),
        "tags": ("scandir", store.repository("app") / "_manifests/tags"),
        "repositories": ("scandir", store.v2 / "repositories"),
    }[what]
    before = snapshot(stopped.home)
    for check in (True, False):
        refused(broken(stopped, call, path, number, check=check), str(path), os.strerror(number))
    assert_untouched(stopped.home, before)


class CutShort:
    """A listing that ends with an error after its first entry."""

    def __init__(self, entries: Any) -> None:
        self.entries = entries

    def __iter__(self) -> Any:
        yield from itertools.islice(self.entries, 1)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def __enter__(self) -> CutShort:
        return self

    def __exit__(self, *_error: object) -> None:
        self.entries.close()


@pytest.mark.parametrize("what", ["tags", "revisions", "layers", "blobs"])
def test_a_listing_cut_short(stopped: RegistryProcess, what: str) -> None:
    store = Store(stopped.storage)
    path = {
        "tags": store.repository("app") / "_manifests/tags",
        "revisions": store.repository("app") / "_manifests/revisions/sha256",
        "layers": store.repository("app") / "_layers/sha256",
        "blobs": store.v2 / "blobs/sha256",
    }[what]

    def cut_listing() -> None:
        real = os.scandir

        def scandir(where: Any = ".") -> Any:
            found = real(where)
            name = f"/proc/self/fd/{where}" if isinstance(where, int) else where
            return CutShort(found) if os.path.realpath(name) == str(path) else found

        os.scandir = scandir  # type: ignore[assignment]

    before = snapshot(stopped.home)
    options = {"registry_config": str(stopped.config_path), "policies": KEEP_ONE, "grace_period": "0s"}
    refused(run_forked("cleanup", options, before=cut_listing)[1], str(path))
    assert_untouched(stopped.home, before)


@pytest.mark.parametrize(
    ("what", "number"),
    [("tag", errno.EIO), ("revision", errno.ENOSPC), ("layer", errno.EROFS), ("blob", errno.EACCES)],
)
def test_a_disk_that_fails_while_removing(new_registry: NewRegistry, what: str, number: int) -> None:
    """Told truly how far it came, and finished by the next run."""
    stopped = filled(new_registry(V3))
    store = Store(stopped.storage)
    doomed = images.image("app:1")
    path = {
        "tag": store.tag("app", "1"),
        "revision": store.revision("app", doomed.digest),
        "layer": store.layer_link("app", doomed.layers[0].digest).parent,
        "blob": store.blob(doomed.digest),
    }[what]
    result = broken(stopped, "rename", path, number, check=False)
    refused(result, str(path), os.strerror(number))
    assert result["changed"] == (what != "tag")
    assert result["deleted"]["tags"] == (0 if what == "tag" else 1)
    finished = cleanup(stopped, policies=KEEP_ONE)
    assert not finished.get("failed"), finished.get("msg")
    assert store.tags("app") == ["2"]
    assert len(store.blobs()) == 3
    assert not cleanup(stopped, policies=KEEP_ONE)["changed"]
