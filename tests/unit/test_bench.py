# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's store is one that a registry could have written, and its floor finds all of it. No times here."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.api import count_requests
from bench.store import tag_name
from support.store import Store, contents

ROOT = Path(__file__).resolve().parents[2]
REPOSITORIES, TAGS, UNTAGGED = 3, 20, 4
INDEXES = 2  # of the 20 tags in each repository
DAY = 86400


def run_bench(script: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"bench.{script}", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write_store(path: Path, *options: str) -> dict[str, Any]:
    return run_bench("store", str(path), f"{REPOSITORIES}x{TAGS}+{UNTAGGED}", *options)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "store"
    write_store(path)
    return path


@pytest.fixture(scope="module")
def store(written: Path) -> Store:
    return Store(written / "registry")


def read_manifest(store: Store, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.blob_data(digest).read_text())
    return found


@pytest.mark.parametrize("options", [[], ["--whole-tree"]])
def test_the_floor_finds_what_was_written(written: Path, options: list[str]) -> None:
    counts = json.loads((written / "counts.json").read_text())
    found = run_bench("floor", *options, str(written / "registry"))
    assert {"tags", "revisions", "layer_links", "blobs", "blob_bytes"} < found.keys()
    assert {kind: found[kind] for kind in found.keys() & counts.keys()} == {
        kind: counts[kind] for kind in found.keys() & counts.keys()
    }


def test_the_store_has_its_shape(store: Store) -> None:
    images_each = TAGS + INDEXES + UNTAGGED
    assert len(store.repositories()) == REPOSITORIES
    for name in store.repositories():
        assert len(store.tags(name)) == TAGS
        assert len(store.revisions(name)) == images_each + INDEXES


def test_every_blob_is_what_its_digest_says(store: Store) -> None:
    for digest in store.blobs():
        assert f"sha256:{hashlib.sha256(store.blob_data(digest).read_bytes()).hexdigest()}" == digest


def test_every_reference_leads_somewhere(store: Store) -> None:
    for name in store.repositories():
        revisions, layer_links = set(store.revisions(name)), set(store.layer_links(name))
        assert {store.current_link(name, tag).read_text() for tag in store.tags(name)} < revisions
        for manifest in (read_manifest(store, digest) for digest in revisions):
            assert {child["digest"] for child in manifest.get("manifests", ())} <= revisions
            named = [*manifest.get("layers", ()), *([manifest["config"]] if "config" in manifest else [])]
            assert {one["digest"] for one in named} <= layer_links
            assert all(store.blob_data(one["digest"]).stat().st_size == one["size"] for one in named)


def test_pushes_are_old_and_told_apart_by_their_times(store: Store) -> None:
    for name in store.repositories():
        times = [store.current_link(name, tag).stat().st_mtime_ns for tag in store.tags(name)]
        assert len(set(times)) == TAGS
        assert max(times) / 1e9 < time.time() - DAY
    youngest = max(path.stat().st_mtime for path in store.root.rglob("*") if path.is_file())
    assert youngest < time.time() - DAY


def image_date(store: Store, digest: str) -> str:
    manifest = read_manifest(store, digest)
    if "manifests" in manifest:
        return image_date(store, manifest["manifests"][0]["digest"])
    created: str = read_manifest(store, manifest["config"]["digest"])["created"]
    return created


def test_tags_are_numbered_in_the_order_of_their_images_dates(store: Store) -> None:
    for name in store.repositories():
        dates = [image_date(store, store.current_link(name, tag_name(n)).read_text()) for n in range(TAGS)]
        assert dates == sorted(dates)
        assert len(set(dates)) == TAGS


ACCESS_LOG = """\
127.0.0.1 - - [21/Nov/2026:22:50:12 +0000] "GET /v2/app/tags/list?n=1000 HTTP/1.1" 200 936 "" "a client/1.0"
time="2026-11-21T22:58:21Z" level=error msg="answered" http.request.method=DELETE http.request.uri="/v2/app"
::1 - - [21/Nov/2026:22:50:13 +0000] "DELETE /v2/app/manifests/v1 HTTP/1.1" 202 0 "" "\\"GET / HTTP/1.1\\""
127.0.0.1 - - [21/Nov/2026:22:50:14 +0000] "GET /v2/ HTTP/2.0" 200 2 "" "a client/1.0"
"""


def test_each_request_in_an_access_log_counts_once() -> None:
    assert count_requests(ACCESS_LOG) == {"GET": 2, "DELETE": 1}


def test_the_same_seed_writes_the_same_store(written: Path, tmp_path: Path) -> None:
    write_store(tmp_path / "again")
    write_store(tmp_path / "other", "--seed", "other")
    assert contents(tmp_path / "again") == contents(written)
    assert contents(tmp_path / "other") != contents(written)
