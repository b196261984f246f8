# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same store and options give the same plan id in every release: who approved a plan yesterday can apply it.

The ids were recorded at ea0b62d, before the wings. Where one changes here, plans have a new format, and users are told.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._plan.file import load_plan
from support import images
from support.forked import run_forked
from support.images import Content, Image
from support.store import Store

FIRST_PUSH = 1_740_000_000  # 2025-02-19
DAY = 86_400
KEEP_ONE = [{"name": "newest", "keep_n": 1, "older_than": "2d"}]
BY_VERSION = [
    {"name": "minor", "repositories": ["team/**"], "sort_by": "version", "keep_n": 1, "group_by": r"~v(\d+)\..*"}
]


def made(seed: str) -> Image:
    """An image of plain bytes: what gzip makes of them depends on its version."""
    layer = Content(images.OCI_LAYER, f"layer of {seed}".encode())
    config = Content(images.OCI_CONFIG, _json({"architecture": "amd64", "created": "2025-02-01T03:04:05Z", "os": seed}))
    body = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    }
    return Image(Content(images.OCI_MANIFEST, _json(body)), (config, layer))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with versions, an index, a signature, an untagged image, an orphan and a stale upload."""
    root = tmp_path_factory.mktemp("recorded")
    store = Store(root)
    for number, name in enumerate(("v1.0", "v1.1", "v2.0", "latest")):
        store.write_image("team/app", made(name), name)
        set_times(root, FIRST_PUSH + number * DAY)
    signature = images.signature(made("v1.0"))
    store.write_image("team/app", signature, images.fallback_tag(made("v1.0"), ".sig"))
    children = [made("amd64"), made("arm64")]
    for child in children:
        store.write_image("multi", child, "child")
    store.write_image("multi", images.index(children), "1")
    store.write_image("multi", made("newer"), "2")
    store.write_manifest("multi", made("untagged").manifest)
    store.write_blob(Content(images.OCI_LAYER, b"orphan"))
    upload = store.repository("multi") / "_uploads/0b9bd9f7-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
    upload.mkdir(parents=True)
    (upload / "data").write_bytes(b"half")
    (upload / "startedat").write_text("2025-02-20T00:00:00Z")
    set_times(root, FIRST_PUSH + 9 * DAY)
    return root


def set_times(root: Path, seconds: float) -> None:
    """Set the times of all that was written since this was last called."""
    for path in [*sorted(root.rglob("*"), reverse=True), root]:
        if path.stat().st_mtime > FIRST_PUSH + 10 * DAY or path.is_dir():
            os.utime(path, (seconds, seconds))


@pytest.mark.parametrize(
    ("options", "recorded"),
    [
        ({"policies": KEEP_ONE}, "d8f4226a4a3630defefff14707f17d5b006922b2509d53334ef5fa4a50d27636"),
        (
            {"policies": KEEP_ONE, "delete_untagged": True, "grace_period": "0s"},
            "f092cb62c0636d91264bde99e9d14a466145a5140e4f998a05c6d4d74abe191f",
        ),
        (
            {"policies": BY_VERSION, "protect_images": ["team/app:v1.0"]},
            "8a89d5a81485aaacb24d7e9906fc9d0112584a78173de84b50fb3cc96cb14585",
        ),
        (
            {"policies": KEEP_ONE, "repositories": ["multi"], "purge_uploads_older_than": "1d"},
            "4d1427cefdf24a260e00d778e69c4ce2b8aee03eed7c83c6c015049165ab9f27",
        ),
    ],
)
def test_a_recorded_store_has_its_recorded_plan(
    root: Path, tmp_path: Path, options: dict[str, Any], recorded: str
) -> None:
    path, where = tmp_path / "plan.json", {"filesystem": {"rootdirectory": str(root)}}
    settled = {"storage": where, "plan_dest": str(path), "require_read_only": False, **options}
    result = run_forked("cleanup", settled, check=True)[1]
    assert not result.get("failed"), result["msg"]

    plan = load_plan(path.read_text(), str(path))

    assert plan.id == result["plan_id"]
    # The path of the store is another one each time.
    assert dataclasses.replace(plan, source={"storage": "recorded"}).id == f"sha256:{recorded}"
