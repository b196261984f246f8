# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleanups over the API with faults on the way: all that is kept pulls, and results are true to the facts."""

from __future__ import annotations

import itertools
import threading
from typing import Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._client.http import ATTEMPTS
from support.playbook import Result
from support.pushing import Repository
from support.registries import V2, NewRegistry, RegistryProcess
from support.scripted import (
    BROKEN,
    BUSY,
    CUT,
    CUT_AFTERWARDS,
    HTML,
    Fault,
    NewScripted,
    Request,
    Script,
    Scripted,
    json_fault,
)
from support.store import Store
from support.sweeping import RESULT_KEYS, assert_same_plan, refused, successful
from support.sweeping_api import Seen, cleanup_over_api, deletes_tags, push_dated, tags_of
from support.verify import assert_pulls, blob_exists, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]
AGES = {str(number): 9.0 - number for number in range(1, 7)}


class Bed:
    """A registry with six tags in `app` of which a policy of `keep_n: 1` leaves `6`, and faults in front of it."""

    def __init__(self, registry: RegistryProcess, new_scripted: NewScripted) -> None:
        self.registry = registry
        self.made = push_dated(registry, "app", AGES)
        self.kept = capture(registry, {"app": ["6"]})
        self.new_scripted = new_scripted

    def faulty(self, script: Script) -> Scripted:
        proxy: Scripted = self.new_scripted(script, self.registry)
        return proxy

    def tags(self) -> list[str]:
        return tags_of(self.registry)["app"]

    def assert_true(self, run: Result) -> None:
        """What the result says was deleted is what is gone, and of the rest it names everything."""
        assert set(run) >= {*RESULT_KEYS, "diff"}
        gone = set(AGES) - set(self.tags())
        assert {one["tag"] for one in run["tags_deleted"]} == gone
        assert run["deleted"]["tags"] == len(gone)
        assert run["changed"] == bool(gone)
        left = {one["name"] for one in run["not_deleted"] if one["kind"] == "tag"}
        drift = {one["name"] for one in run["drift"] if one["kind"] == "tag"}
        assert gone | left | drift == set(AGES) - {"6"}
        assert all(one["why"] for one in run["not_deleted"])
        assert_pulls(self.registry, self.kept)

    def assert_finished_by_the_next_run(self) -> None:
        successful(cleanup_over_api(self.registry, policies=KEEP_ONE))
        assert self.tags() == ["6"]
        assert_pulls(self.registry, self.kept)


@pytest.fixture
def bed(version: str, new_registry: NewRegistry, scripted: NewScripted) -> Bed:
    return Bed(new_registry(version, delete_enabled=True), scripted)


def deletes(bed: Bed) -> Callable[[Request], bool]:
    """Meant is a DELETE of something that is there, not the look at what the server can delete."""
    known = {*AGES, *(image.digest for image in bed.made.values())}

    def is_meant(request: Request) -> bool:
        path, _slash, reference = request.path.rpartition("/")
        return request.method == "DELETE" and path == "/v2/app/manifests" and reference in known

    return is_meant


def from_the(number: int, fault: Fault, is_meant: Callable[[Request], bool]) -> Script:
    """Play the fault at the request of this number that is meant, and at all that follow."""
    counter, lock = itertools.count(1), threading.Lock()

    def script(request: Request) -> Fault | None:
        if not is_meant(request):
            return None
        with lock:
            return fault if next(counter) >= number else None

    return script


def once(fault: Fault, is_meant: Callable[[Request], bool]) -> Script:
    """Play the fault at the first request of a kind, and never again."""
    waiting, lock = [fault], threading.Lock()

    def script(request: Request) -> Fault | None:
        if not is_meant(request):
            return None
        with lock:
            return waiting.pop() if waiting else None

    return script


# While it reads.

PARTS = ("/_catalog", "/tags/list", "/manifests/3", "/blobs/")


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        *((part, BROKEN) for part in ("/_catalog", "/tags/list", "/blobs/")),
        *(
            (part, fault)
            for part in ("/_catalog", "/tags/list", "/manifests/3", "/blobs/")
            for fault in (HTML, Fault(403))
        ),
    ],
)
def test_what_cannot_be_read_ends_the_run_before_the_first_deletion(bed: Bed, part: str, fault: Fault) -> None:
    proxy = bed.faulty(lambda request: fault if part in request.path else None)
    before = Seen(bed.registry)
    result = cleanup_over_api(proxy, policies=KEEP_ONE)
    refused(result, part)
    assert not result["changed"]
    before.assert_same()
    assert proxy.count("DELETE") == 0


def test_a_ring_of_pages_ends_the_run(bed: Bed) -> None:
    ring = json_fault({"name": "app", "tags": ["1", "2"]}, Link='</v2/app/tags/list?n=2&last=2>; rel="next"')
    proxy = bed.faulty(lambda request: ring if "/tags/list" in request.path else None)
    refused(cleanup_over_api(proxy, policies=KEEP_ONE), "/v2/app/tags/list", "lead nowhere")
    assert bed.tags() == sorted(AGES)


def test_a_manifest_that_is_not_what_its_digest_says(bed: Bed) -> None:
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    lie = Fault(
        200,
        {"Content-Type": bed.made["1"].manifest.media_type, "Docker-Content-Digest": bed.made["1"].digest},
        bed.made["2"].manifest.data,
    )
    proxy = bed.faulty(lambda request: lie if request.path.endswith("app/manifests/1") else None)
    run = successful(cleanup_over_api(proxy, policies=KEEP_ONE))
    assert tags_of(bed.registry) == {"app": sorted(AGES), "web": ["2"]}
    assert all(part in str(run["warnings"]) for part in (bed.made["1"].digest, "damaged", "needed by tag 1)"))


# One thing that can't be read, and a server that can't be read from.


@pytest.mark.parametrize("status", [500, 503, 400])
def test_a_manifest_that_is_refused_keeps_its_repository_whole(bed: Bed, status: int) -> None:
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    fault = Fault(status, BROKEN.headers)
    proxy = bed.faulty(lambda request: fault if "/app/manifests/3" in request.path else None)
    preview = successful(cleanup_over_api(proxy, check=True, diff=True, policies=KEEP_ONE))
    run = successful(cleanup_over_api(proxy, diff=True, policies=KEEP_ONE))
    assert_same_plan(preview, run)
    assert tags_of(bed.registry) == {"app": sorted(AGES), "web": ["2"]}
    for one in (preview, run):
        said = next(text for text in map(str, one["warnings"]) if "app: a manifest can't be read" in text)
        assert all(part in said for part in (str(status), "needed by tag 3)", "the whole repository is kept"))


def test_an_excluded_repository_is_not_asked(bed: Bed) -> None:
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    proxy = bed.faulty(lambda request: BROKEN if "/app/" in request.path else None)
    run = successful(cleanup_over_api(proxy, policies=KEEP_ONE, exclude_repositories=["app"]))
    assert (run["deleted"]["tags"], run.get("warnings", [])) == (1, [])
    assert proxy.count("GET", "/app/") == 0


def test_after_the_first_refusal_a_repository_is_not_asked_with_patience(bed: Bed) -> None:
    """It is kept whole already: a hundred manifests of an old format must not cost a hundred times the waiting."""
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    proxy = bed.faulty(lambda request: BROKEN if "/app/manifests/" in request.path else None)
    successful(cleanup_over_api(proxy, check=True, policies=KEEP_ONE, api_concurrency=1))
    assert proxy.count("GET", "/app/manifests/") == ATTEMPTS + len(AGES) - 1


@pytest.mark.parametrize("first", [True, False])
def test_a_server_that_hands_over_no_manifest_is_busy(bed: Bed, first: bool) -> None:
    """From the beginning, or from the third manifest on: the listings are there, what they name is not."""
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    begin = 1 if first else 3
    proxy = bed.faulty(from_the(begin, BROKEN, lambda request: "/manifests/" in request.path))
    before = Seen(bed.registry)
    result = cleanup_over_api(proxy, policies=KEEP_ONE, api_concurrency=1)
    refused(result, "/manifests/", "busy or broken")
    before.assert_same()


def test_a_date_that_is_refused_is_unknown(bed: Bed) -> None:
    config = bed.made["2"].config.digest
    proxy = bed.faulty(lambda request: BROKEN if config in request.path else None)
    run = successful(cleanup_over_api(proxy, policies=[{"name": "test", "older_than": "1d", "keep_n": 1}]))
    assert "2" in bed.tags()
    assert run["deleted"]["tags"] == 4
    assert any("dates" in str(warning) and "app" in str(warning) for warning in run["warnings"])


@pytest.mark.usefixtures("no_waiting")
def test_a_configuration_that_breaks_off_tells_no_date(bed: Bed) -> None:
    """The registry remembers how long it was, and announces that; its file is shorter by now."""
    config, store = bed.made["2"].config.digest, Store(bed.registry.storage)
    assert blob_exists(bed.registry, "app", config)
    store.blob_data(config).write_bytes(store.blob_data(config).read_bytes()[:-50])
    run = successful(cleanup_over_api(bed.registry, policies=[{"name": "test", "older_than": "1d", "keep_n": 1}]))
    assert bed.tags() == ["2", "6"]
    assert any("the dates of some images can't be read" in str(warning) for warning in run["warnings"])


def test_a_configuration_without_end_tells_no_date(bed: Bed) -> None:
    config = bed.made["2"].config.digest
    long = Fault(200, {"Content-Type": "application/octet-stream"}, b" " * (17 * 1024 * 1024))
    proxy = bed.faulty(lambda request: long if config in request.path else None)
    successful(cleanup_over_api(proxy, policies=[{"name": "test", "older_than": "1d", "keep_n": 1}]))
    assert bed.tags() == ["2", "6"]


# While it deletes.


@pytest.mark.parametrize("fault", [BUSY, BROKEN], ids=["429", "500"])
def test_a_fault_that_passes_changes_nothing(bed: Bed, fault: Fault) -> None:
    proxy = bed.faulty(once(fault, deletes(bed)))
    run = successful(cleanup_over_api(proxy, policies=KEEP_ONE, diff=True))
    assert run["deleted"]["tags"] == 5
    bed.assert_true(run)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("fault", [CUT, CUT_AFTERWARDS, Fault(500, BROKEN.headers, passed_on=True)])
def test_a_lost_answer_to_a_deletion(bed: Bed, fault: Fault) -> None:
    """Whether it was carried out is not known; said again, it is done, and it was we who did it."""
    proxy = bed.faulty(once(fault, deletes(bed)))
    run = successful(cleanup_over_api(proxy, policies=KEEP_ONE, diff=True, api_concurrency=1))
    bed.assert_true(run)
    assert run["deleted"]["tags"] == 5


@pytest.mark.parametrize(
    "fault",
    [BROKEN, Fault(405, {"Allow": "GET, HEAD", "Content-Type": "text/plain"}), Fault(403), HTML],
    ids=["500", "read-only", "403", "HTML"],
)
def test_a_fault_in_the_middle_of_deleting(bed: Bed, fault: Fault) -> None:
    proxy = bed.faulty(from_the(3, fault, deletes(bed)))
    result = cleanup_over_api(proxy, policies=KEEP_ONE, diff=True, api_concurrency=1)
    message = refused(result, "DELETE", "Deleted: 2 tags", "the next run")
    bed.assert_true(result)
    assert result["changed"]
    assert len(bed.tags()) == 4
    assert result["not_deleted_total"] == (3 if deletes_tags(bed.registry) else 6)
    assert all(one["why"] in message for one in result["not_deleted"])
    bed.assert_finished_by_the_next_run()


def test_a_refusal_in_one_repository_spares_no_other(bed: Bed) -> None:
    push_dated(bed.registry, "web", {"1": 9, "2": 8})
    proxy = bed.faulty(from_the(1, Fault(403), deletes(bed)))
    result = cleanup_over_api(proxy, policies=KEEP_ONE)
    refused(result, "403")
    assert tags_of(bed.registry) == {"app": sorted(AGES), "web": ["2"]}
    assert result["changed"]
    assert {one["repository"] for one in result["not_deleted"]} == {"app"}


def test_a_tag_that_its_registry_leaves_dangling_is_named(new_registry: NewRegistry, scripted: NewScripted) -> None:
    """2.8 stops between manifest and tag where it meets a link that is being written; seen beside a push."""
    bed = Bed(new_registry(V2, delete_enabled=True), scripted)
    link = Store(bed.registry.storage).current_link("app", "6")
    content, is_meant, lock = link.read_bytes(), deletes(bed), threading.Lock()
    half_written = iter([b"", content])

    def script(request: Request) -> Fault | None:
        if is_meant(request):
            with lock:
                link.write_bytes(next(half_written, content))
        return None

    run = cleanup_over_api(bed.faulty(script), policies=KEEP_ONE, api_concurrency=1)
    dangling = set(Repository(bed.registry, "app").tags()) - {"6"}
    assert len(dangling) == 1
    refused(run, "dangle", *dangling)
    assert {one["name"] for one in run["not_deleted"]} == dangling
    assert {one["tag"] for one in run["tags_deleted"]} == set(AGES) - {"6"} - dangling
    assert run["changed"]
    assert_pulls(bed.registry, bed.kept)
