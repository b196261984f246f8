# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be doubtful on a file system only: links, rights, and directories where files should be."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

from support import images
from support.pushing import push
from support.registries import V2, NewRegistry, RegistryProcess
from support.schema1 import schema1_image
from support.store import Store, assert_untouched, snapshot
from support.sweeping import DAY, cleanup, push_aged, refused, sweep
from support.verify import exists

KEEP_ONE = [{"name": "test", "keep_n": 1}]


def test_empty_upload_directory(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0})
    upload = store.repository("app") / "_uploads/2b6c3d5e-0000-4000-8000-000000000000"
    upload.mkdir(parents=True)
    store.age(upload, 8 * DAY)
    sweep(registry, {"app": ["1"]}, policies=KEEP_ONE)
    assert store.uploads("app") == []


def test_symlinked_root(version: str, new_registry: NewRegistry, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    registry = new_registry(version, storage=link)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    sweep(registry, {"app": ["2"]}, policies=KEEP_ONE)


def test_schema_1_is_kept(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V2, settings={"compatibility": {"schema1": {"enabled": True}}})
    store = Store(registry.storage)
    push(registry, "old", schema1_image("old", "1", "old", workspace), "1")
    store.age_everything(99 * DAY)
    push_aged(registry, "old", {"2": 9.0, "3": 8.0})
    swept = sweep(registry, {"old": ["1", "3"]}, policies=[{"name": "test", "keep_n": 1, "expire_after": "10d"}])
    assert swept.run["warnings"]


@pytest.mark.parametrize("where", ["manifest", "revisions", "tag", "blobs", "repository"])
def test_permission_denied_aborts(registry: RegistryProcess, store: Store, where: str) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    push_aged(registry, "fine", {"1": 9.0, "2": 8.0})
    path = {
        "manifest": store.blob_data(made["2"].digest),
        "revisions": store.repository("app") / "_manifests/revisions/sha256",
        "tag": store.current_link("app", "2"),
        "blobs": store.blob(made["2"].digest).parent,
        "repository": store.repository("app"),
    }[where]
    with registry.closed():
        mode = path.stat().st_mode
        path.chmod(0)
        before = snapshot_names(registry.home)
        try:
            for check in (True, False):
                result = cleanup(registry, unprivileged=True, policies=KEEP_ONE, check=check)
                refused(result, str(path), "ermission denied")
                assert snapshot_names(registry.home) == before
        finally:
            path.chmod(mode)
    assert exists(registry, "app", "1")


def snapshot_names(root: Path) -> list[tuple[str, int, int]]:
    """Path, size and mtime of all that is there; content needs no reading."""
    paths = (Path(top) / name for top, dirs, files in os.walk(root) for name in [*dirs, *files])
    return sorted((str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths)


@pytest.mark.parametrize("where", ["blobs", "directory", "blob", "tags", "tag", "link", "repository"])
def test_a_symlink_inside_the_tree_aborts(registry: RegistryProcess, store: Store, tmp_path: Path, where: str) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    outside = tmp_path / "outside"
    path = {
        "blobs": store.v2 / "blobs",
        "directory": store.blob(made["1"].layers[0].digest).parent,
        "blob": store.blob_data(made["1"].layers[0].digest),
        "tags": store.tag("app", "1").parent,
        "tag": store.current_link("app", "1").parent,
        "link": store.current_link("app", "1"),
        "repository": store.repository("app"),
    }[where]
    path.rename(outside)
    path.symlink_to(outside)
    with registry.closed():
        before, there = snapshot(registry.home), snapshot(outside)
        for check in (True, False):
            refused(cleanup(registry, policies=KEEP_ONE, check=check), str(path), "symbolic link")
            assert_untouched(registry.home, before)
            assert_untouched(outside, there)


@pytest.mark.parametrize("tag", ["1", "2"])
def test_a_directory_in_place_of_a_manifest_aborts(registry: RegistryProcess, store: Store, tag: str) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    path = store.blob_data(made[tag].digest)
    path.unlink()
    path.mkdir()
    with registry.closed():
        before = snapshot(registry.home)
        for check in (True, False):
            refused(cleanup(registry, policies=KEEP_ONE, check=check), str(path.relative_to(store.v2)))
            assert_untouched(registry.home, before)


@pytest.mark.parametrize("where", ["manifest", "tag", "revision", "layer", "alias"])
def test_a_pipe_in_place_of_a_file_aborts(registry: RegistryProcess, store: Store, where: str) -> None:
    """Opened, it would wait for a writer for ever; here one has it open, so that a test that fails does not."""
    layers = (images.layer("by sha512", algorithm="sha512"),)
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0}, layers=layers)
    path = {
        "manifest": store.blob_data(made["2"].digest),
        "tag": store.current_link("app", "2"),
        "revision": store.revision("app", made["2"].digest) / "link",
        "layer": store.layer_link("app", made["2"].config.digest),
        "alias": store.layer_link("app", layers[0].digest),
    }[where]
    path.unlink()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        with registry.closed():
            before = snapshot_names(registry.home)
            for check in (True, False):
                refused(cleanup(registry, policies=KEEP_ONE, check=check), str(path), "not a regular file")
                assert snapshot_names(registry.home) == before
    finally:
        os.close(writer)


def test_a_socket_beside_a_link_is_never_opened(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    stray = store.current_link("app", "2").with_name("socket")
    with contextlib.chdir(stray.parent), socket.socket(socket.AF_UNIX) as bound:
        bound.bind(stray.name)
    store.age(stray, 9 * DAY)
    swept = sweep(registry, {"app": ["2"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["debris"] == 1
