# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clean-up of S3 costs in requests, counted on their way to a real server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import images
from support.registries import V2, V3, NewRegistry, RegistryProcess, registry_binary
from support.s3_server import ObjectPath, new_place, s3_server, storage_through
from support.scripted import NewScripted, Scripted
from support.store import Store
from support.sweeping import cleanup, successful

IMAGES = 25
KEEP_ONE = [{"keep_n": 1}]
# The plans of earlier runs, the unfinished uploads, the lock, the bucket's versions, what drydock left there.
CONSTANT = 8
PAGES = 2


@pytest.fixture
def counted(scripted: NewScripted) -> Scripted:
    return scripted(registry=s3_server())


@pytest.fixture
def registry(new_registry: NewRegistry) -> RegistryProcess:
    """Stopped, with images of one layer each; one tag can't be settled by a listing, for its revision is not linked."""
    registry = new_registry(V2, storage=new_place("registry"))
    registry.stop()
    store = Store(registry.storage)
    for number in range(IMAGES):
        store.write_image("app", images.image(f"{number}"), f"{number}")
    store.write_image("odd", images.image("unlinked"), "1")
    (store.revision("odd", images.image("unlinked").digest) / "link").unlink()
    store.age_everything(86400.0)
    for number in range(IMAGES):
        store.age_tag("app", f"{number}", 86400.0 * (number + 1))
    return registry


def through(registry: RegistryProcess, counted: Scripted, **options: Any) -> dict[str, Any]:
    storage = storage_through(registry.storage, counted.url)
    counted.requests.clear()
    return successful(cleanup(registry, storage=storage, require_read_only=False, policies=KEEP_ONE, **options))


def test_a_plan_is_the_listing_and_one_read_for_each_manifest(registry: RegistryProcess, counted: Scripted) -> None:
    plan = through(registry, counted, check=True)
    assert plan["deleted"]["tags"] == IMAGES - 1
    ours = len(counted.requests)
    assert ours <= PAGES + IMAGES + 1 + 1 + CONSTANT
    assert counted.count("GET", "/current/link") == 1
    assert counted.count("GET", "/_layers/") == 0
    counted.requests.clear()
    collect(registry, counted)
    assert len(counted.requests) >= 20 * ours


def collect(registry: RegistryProcess, counted: Scripted) -> None:
    """The dry run of 3.1.1's own collector, on the same bucket."""
    assert isinstance(registry.storage, ObjectPath)
    config = {"version": 0.1, "storage": {"s3": registry.storage.parameters_through(counted.url)}}
    path = registry.home / "collect.yml"
    path.write_text(yaml.safe_dump(config))
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    command = [str(registry_binary(V3)), "garbage-collect", "--dry-run", "-m", str(path)]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_a_sweep_deletes_in_batches_and_reads_no_manifest_again(registry: RegistryProcess, counted: Scripted) -> None:
    run = through(registry, counted)
    assert run["deleted"]["tags"] == IMAGES - 1
    # Tags, revisions, layer links, blobs, and the plan itself.
    assert counted.count("POST", "?delete") == 5
    assert counted.count("GET", "/blobs/") == IMAGES + 1


def test_an_approved_plan_is_applied_without_reading_what_it_was_made_from(
    registry: RegistryProcess, counted: Scripted, workspace: Path
) -> None:
    plan = str(workspace / "plan.json")
    made = through(registry, counted, check=True, plan_dest=plan)
    counted.requests.clear()
    storage = storage_through(registry.storage, counted.url)
    run = successful(cleanup(registry, storage=storage, require_read_only=False, plan=plan))
    assert run["deleted"] == made["deleted"]
    assert counted.count("GET", "/blobs/") == 0
    (workspace / "plan.json.manifests").write_text("cut")
    again = successful(cleanup(registry, storage=storage, require_read_only=False, plan=plan))
    assert not again["changed"]


def test_a_preview_of_an_approved_plan_leaves_nothing_beside_it(
    registry: RegistryProcess, counted: Scripted, workspace: Path
) -> None:
    plan = workspace / "plan.json"
    through(registry, counted, check=True, plan_dest=str(plan))
    (workspace / "plan.json.manifests").unlink()
    storage = storage_through(registry.storage, counted.url)
    successful(cleanup(registry, storage=storage, require_read_only=False, plan=str(plan), check=True))
    assert list(workspace.glob("plan.json*")) == [plan]


def test_a_tag_whose_etag_is_no_md5_is_read(registry: RegistryProcess, counted: Scripted) -> None:
    """As with SSE-KMS, and with objects that came in parts."""
    before = through(registry, counted, check=True)
    for number in range(IMAGES):
        link = Store(registry.storage).current_link("app", str(number))
        assert isinstance(link, ObjectPath)
        link.object()._etag = '"0123456789abcdef0123456789abcdef-1"'
    after = through(registry, counted, check=True)
    assert after["plan_id"] == before["plan_id"]
    assert counted.count("GET", "/current/link") == IMAGES + 1
