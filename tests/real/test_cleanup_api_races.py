# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleanups over the API while others push and delete, at moments that a proxy in between chooses."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable

import pytest

from support import images
from support.images import AMD64, ARM64
from support.playbook import Result
from support.pushing import Repository
from support.registries import V2, NewRegistry, RegistryProcess
from support.scripted import CUT, Fault, NewScripted, Request, Scripted
from support.sweeping import assert_same_plan, refused, successful
from support.sweeping_api import cleanup_over_api, deletes_tags, push_dated, sweep_over_api, tags_of
from support.verify import assert_pulls, assert_whole, capture, exists

KEEP_ONE = [{"name": "test", "keep_n": 1}]
OVERWRITE: dict[str, Any] = {
    "policies": [{"name": "test", "tags": ["doomed"], "keep_n": 0, "sort_by": "name"}],
    "overwrite_shared_tags": True,
}


class Bed:
    """A registry with the tags 1, 2 and 3 in `app`, of which a policy of `keep_n: 1` leaves 3."""

    def __init__(self, registry: RegistryProcess, new_scripted: NewScripted) -> None:
        self.registry = registry
        self.made = push_dated(registry, "app", {"1": 9, "2": 8, "3": 7})
        self.app = Repository(registry, "app")
        self.new_scripted = new_scripted

    def meanwhile(self, moment: Callable[[Request], bool], act: Callable[[], object]) -> Scripted:
        """A proxy before which somebody does `act` once, right before the first request of that kind is passed on."""
        lock, waiting = threading.Lock(), [act]

        def script(request: Request) -> None:
            with lock:
                if waiting and moment(request):
                    waiting.pop()()

        proxy: Scripted = self.new_scripted(script, self.registry)
        return proxy

    def run(self, proxy: Scripted, **options: Any) -> Result:
        return successful(cleanup_over_api(proxy, **{"policies": KEEP_ONE, "api_concurrency": 1, **options}))

    def tags(self) -> list[str]:
        return tags_of(self.registry)["app"]

    def delete(self, tag: str) -> None:
        self.app.delete_manifest(tag if deletes_tags(self.registry) else self.made[tag].digest)


@pytest.fixture
def bed(version: str, new_registry: NewRegistry, scripted: NewScripted) -> Bed:
    return Bed(new_registry(version, delete_enabled=True), scripted)


@pytest.fixture
def bed_by_digest(new_registry: NewRegistry, scripted: NewScripted) -> Bed:
    """Where tags go together with their image alone."""
    return Bed(new_registry(V2, delete_enabled=True), scripted)


def planned(request: Request) -> bool:
    """The plan is made as far as tags go: it is looked what can be deleted."""
    return "drydock-probe" in request.path


def asks(method: str, end: str) -> Callable[[Request], bool]:
    return lambda request: request.method == method and request.path.endswith(end)


def marking_again() -> Callable[[Request], bool]:
    """The tags are listed for the second time."""
    lists: list[Request] = []

    def is_second(request: Request) -> bool:
        if "/tags/list" in request.path:
            lists.append(request)
        return len(lists) == 2

    return is_second


def drift_of(run: Result, kind: str = "tag") -> dict[str, str]:
    return {one["name"]: one["why"] for one in run["drift"] if one["kind"] == kind}


def test_a_tag_that_vanishes(bed: Bed) -> None:
    run = bed.run(bed.meanwhile(planned, lambda: bed.delete("2")))
    assert bed.tags() == ["3"]
    assert drift_of(run) == {"2": "is already gone"}
    assert [one["tag"] for one in run["tags_deleted"]] == ["1"]


@pytest.mark.parametrize(
    "moment", [planned, asks("HEAD", "/manifests/2")], ids=["after the plan", "at the last moment"]
)
def test_a_tag_that_moves_is_left_alone(bed: Bed, moment: Callable[[Request], bool]) -> None:
    other = images.image("somebody else's")
    run = bed.run(bed.meanwhile(moment, lambda: bed.app.push(other, "2")))
    assert bed.tags() == ["2", "3"]
    assert_whole(bed.registry, "app", ["2", "3"])
    assert drift_of(run) == {"2": f"now points to {other.digest}"}
    assert [one["tag"] for one in run["tags_deleted"]] == ["1"]
    assert run["repositories"][0]["tags_deleted"] == 1


def test_a_repository_that_vanishes(bed: Bed) -> None:
    def delete_all() -> None:
        for tag in bed.made:
            bed.delete(tag)

    run = bed.run(bed.meanwhile(planned, delete_all))
    assert not run["changed"]
    assert drift_of(run) == {"1": "is already gone", "2": "is already gone"}


def test_a_tag_pushed_onto_a_doomed_image_saves_it(bed_by_digest: Bed) -> None:
    """As somebody promotes a build, or rolls back to it."""
    bed = bed_by_digest
    proxy = bed.meanwhile(marking_again(), lambda: bed.app.push_manifest(bed.made["2"].manifest, "promoted"))
    run = bed.run(proxy)
    assert bed.tags() == ["2", "3", "promoted"]
    assert_whole(bed.registry, "app", ["2", "3", "promoted"])
    assert drift_of(run).keys() == {"2"}
    assert drift_of(run, "manifest") == {bed.made["2"].digest: "is in use again"}


def test_an_index_pushed_onto_a_doomed_platform_saves_it(bed_by_digest: Bed) -> None:
    bed = bed_by_digest
    doomed = images.multi_platform("doomed", created="2020-01-01T00:00:00Z")
    bed.app.push(doomed, "index")
    beside = images.image("beside", platform=AMD64)
    bed.app.push(beside)
    new = images.index([doomed.children[0], beside])
    run = bed.run(bed.meanwhile(marking_again(), lambda: bed.app.push_manifest(new.manifest, "new")))
    assert bed.tags() == ["3", "new"]
    assert_whole(bed.registry, "app", ["3", "new"])
    assert not exists(bed.registry, "app", doomed.children[1].digest)
    assert drift_of(run, "manifest") == {doomed.children[0].digest: "is in use again"}


def test_a_tag_lost_at_the_very_moment_of_its_deletion_is_named(bed_by_digest: Bed) -> None:
    """DELETE by digest takes it along, and nobody can prevent that. Whoever pushed it must be told."""
    bed = bed_by_digest
    digest = bed.made["2"].digest
    proxy = bed.meanwhile(asks("DELETE", digest), lambda: bed.app.push_manifest(bed.made["2"].manifest, "promoted"))
    policies = [{"name": "test", "keep_n": 0, "keep_tags": ["3", "promoted"]}]
    bed.app.push(images.image("first promoted"), "promoted")
    result = cleanup_over_api(proxy, policies=policies, api_concurrency=1)
    refused(result, "lost tags of app that had to stay: promoted", "Push them again")
    assert result["changed"]
    assert bed.tags() == ["3"]


def test_a_tag_pushed_again_while_its_image_goes_is_not_called_deleted(bed_by_digest: Bed) -> None:
    bed = bed_by_digest
    other = images.image("pushed again")
    proxy = bed.meanwhile(asks("DELETE", bed.made["2"].digest), lambda: bed.app.push(other, "2"))
    run = bed.run(proxy)
    assert bed.tags() == ["2", "3"]
    assert_whole(bed.registry, "app", ["2", "3"])
    assert [one["tag"] for one in run["tags_deleted"]] == ["1"]
    assert drift_of(run).keys() == {"2"}


def test_a_signature_stays_where_its_image_is_tagged_again(bed: Bed) -> None:
    signature = images.fallback_tag(bed.made["1"], ".sig")
    bed.app.push(images.signature(bed.made["1"]), signature)
    run = bed.run(bed.meanwhile(marking_again(), lambda: bed.app.push_manifest(bed.made["1"].manifest, "promoted")))
    left = {signature, "3", "promoted"} | ({"1"} if not deletes_tags(bed.registry) else set())
    assert set(bed.tags()) == left
    assert signature in drift_of(run)


# Overwriting shared tags, where a tag can't be deleted alone.


class SharedBed(Bed):
    """And a doomed tag on the image of tag 3, which stays."""

    def __init__(self, registry: RegistryProcess, new_scripted: NewScripted) -> None:
        super().__init__(registry, new_scripted)
        self.app.push_manifest(self.made["3"].manifest, "doomed")
        self.kept = capture(registry, {"app": ["1", "2", "3"]})

    def assert_others_stay(self, *more: str) -> None:
        assert self.tags() == sorted(["1", "2", "3", *more])
        assert_pulls(self.registry, self.kept)


@pytest.fixture
def shared(new_registry: NewRegistry, scripted: NewScripted) -> SharedBed:
    return SharedBed(new_registry(V2, delete_enabled=True), scripted)


def test_a_shared_tag_is_overwritten_and_deleted(shared: SharedBed) -> None:
    preview = successful(cleanup_over_api(shared.registry, check=True, diff=True, **OVERWRITE))
    shared.assert_others_stay("doomed")
    run = successful(cleanup_over_api(shared.registry, diff=True, **OVERWRITE))
    assert_same_plan(preview, run)
    assert run["deleted"]["tags"] == 1
    shared.assert_others_stay()
    assert not successful(cleanup_over_api(shared.registry, **OVERWRITE))["changed"]


@pytest.mark.parametrize("doomed", ["platform", "index and platform"])
def test_a_shared_platform_is_overwritten_and_stays_in_its_index(shared: SharedBed, doomed: str) -> None:
    platform = images.image("platform", platform=AMD64)
    for name in ("kept", "doomed-index"):
        shared.app.push(images.index([platform, images.image(f"beside {name}", platform=ARM64)]), name)
    shared.app.push_manifest(platform.manifest, "doomed-platform")
    tags = {"platform": ["doomed-platform"], "index and platform": ["doomed-platform", "doomed-index"]}[doomed]
    policies = [{"name": "test", "tags": tags, "keep_n": 0, "sort_by": "name"}]
    keeps = {"1", "2", "3", "doomed", "doomed-index", "kept"} - set(tags)
    sweep_over_api(shared.registry, {"app": keeps}, exact=False, policies=policies, overwrite_shared_tags=True)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("fault", [CUT, Fault(405, {"Allow": "GET, HEAD", "Content-Type": "text/plain"})])
def test_an_overwritten_tag_that_could_not_be_deleted_goes_with_the_next_run(
    shared: SharedBed, scripted: NewScripted, fault: Fault
) -> None:
    def script(request: Request) -> Fault | None:
        return fault if request.method == "DELETE" and proxy.count("PUT", "/manifests/") else None

    proxy = scripted(script, shared.registry)
    result = cleanup_over_api(proxy, **OVERWRITE)
    refused(result, "DELETE", "Deleted: 0 tags")
    assert result["changed"]
    assert [one["name"] for one in result["not_deleted"]] == ["doomed"]
    shared.assert_others_stay("doomed")
    run = successful(cleanup_over_api(shared.registry, **OVERWRITE))
    assert [one["tag"] for one in run["tags_deleted"]] == ["doomed"]
    shared.assert_others_stay()


def test_an_approved_plan_finishes_what_its_first_run_began(
    shared: SharedBed, scripted: NewScripted, workspace: Path
) -> None:
    refusal = iter([Fault(405, {"Allow": "GET, HEAD", "Content-Type": "text/plain"})])

    def script(request: Request) -> Fault | None:
        return next(refusal, None) if request.method == "DELETE" and proxy.count("PUT", "/manifests/") else None

    proxy, plan = scripted(script, shared.registry), str(workspace / "plan.json")
    successful(cleanup_over_api(proxy, check=True, plan_dest=plan, **OVERWRITE))
    refused(cleanup_over_api(proxy, plan=plan, overwrite_shared_tags=True), "DELETE", "Deleted: 0 tags")
    run = successful(cleanup_over_api(proxy, plan=plan, overwrite_shared_tags=True))
    assert [one["tag"] for one in run["tags_deleted"]] == ["doomed"]
    shared.assert_others_stay()


def test_a_shared_tag_that_moves_is_left_alone(shared: SharedBed) -> None:
    other = images.image("somebody else's")
    proxy = shared.meanwhile(asks("POST", "/blobs/uploads/"), lambda: shared.app.push(other, "doomed"))
    run = shared.run(proxy, **OVERWRITE)
    shared.assert_others_stay("doomed")
    assert_whole(shared.registry, "app", ["doomed"])
    assert not run["changed"]
    assert drift_of(run) == {"doomed": f"now points to {other.digest}"}


def test_a_tag_pushed_while_it_is_overwritten_is_not_called_deleted(shared: SharedBed) -> None:
    other = images.image("somebody else's")

    def is_last_step(request: Request) -> bool:
        return request.method == "DELETE" and proxy.count("PUT", "/manifests/") == 1

    proxy = shared.meanwhile(is_last_step, lambda: shared.app.push(other, "doomed"))
    run = shared.run(proxy, **OVERWRITE)
    shared.assert_others_stay("doomed")
    assert_whole(shared.registry, "app", ["doomed"])
    assert run["deleted"]["tags"] == 0
    assert drift_of(run).keys() == {"doomed"}


def test_without_the_right_to_push_nothing_is_overwritten(shared: SharedBed, scripted: NewScripted) -> None:
    proxy = scripted(lambda request: Fault(403) if request.method in ("POST", "PUT") else None, shared.registry)
    result = cleanup_over_api(proxy, **OVERWRITE)
    refused(result, "POST", "403")
    assert not result["changed"]
    shared.assert_others_stay("doomed")
