# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server that throttles, breaks off, refuses: what may pass is tried again, and nothing half-known is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError, StorageError
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3 import bucket as s3_bucket
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3 import client as s3_client
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.storage import S3Storage
from support import images
from support.registries import V3, NewRegistry, RegistryProcess
from support.s3_server import SECRET_KEY, new_place, s3_server, storage_through
from support.scripted import CUT, Fault, NewScripted, Request, Scripted
from support.store import Store, assert_same
from support.sweeping import cleanup, refused, seen, successful
from support.verify import assert_pulls, capture

KEEP_ONE = [{"keep_n": 1}]


def error(status: int, code: str) -> Fault:
    body = f"<Error><Code>{code}</Code><Message>no, says the test</Message></Error>"
    return Fault(status, {"Content-Type": "application/xml"}, body.encode())


SLOW_DOWN, EXPIRED, DENIED = error(503, "SlowDown"), error(400, "ExpiredToken"), error(403, "AccessDenied")
CUT_PAGE = Fault(200, {"Content-Type": "application/xml", "Content-Length": "5000"}, b"<ListBucketResult>")
HALF_A_PAGE = Fault(200, {"Content-Type": "application/xml"}, b"<ListBucketResult><Contents><Key>a")
CUT_BODY = Fault(200, {"Content-Length": "5000", "Last-Modified": "Thu, 26 Nov 2026 03:27:20 GMT", "ETag": '"x"'}, b"{")


def listing(request: Request) -> bool:
    return "list-type=2" in request.path and "repositories" in request.path


def manifest(request: Request) -> bool:
    return request.method == "GET" and "/blobs/sha256/" in request.path


def deletion(request: Request) -> bool:
    return request.method == "POST" and "?delete" in request.path


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forked module waits less than on a real server."""
    monkeypatch.setattr(s3_client, "_ATTEMPTS", 2)
    monkeypatch.setattr(s3_bucket, "_PAUSE", 0.0)


@pytest.fixture
def registry(new_registry: NewRegistry) -> RegistryProcess:
    """Read-only, without a cache, so that it shows the bucket as it is; one image too many, and an old upload."""
    registry = new_registry(V3, storage=new_place(), cache=False, read_only=True)
    store = Store(registry.storage)
    store.write_image("app", images.multi_platform("new").children[0], "child")
    for age, tag in ((9, "old"), (8, "new")):
        store.write_image("app", images.image(tag), tag)
        store.age_tag("app", tag, age * 86400.0)
    store.age(store.tag("app", "child"), 10 * 86400.0)
    store.age(store.v2 / "blobs", 10 * 86400.0)
    return registry


Attempt = Callable[..., dict[str, Any]]


@pytest.fixture
def attempt(registry: RegistryProcess, scripted: NewScripted) -> Attempt:
    def run(when: Callable[[Request], bool], fault: Fault, first: int = 1, last: int = 10**9) -> dict[str, Any]:
        """One run against a server that answers the first to the last of such requests like this."""

        def script(request: Request) -> Fault | None:
            if not when(request):
                return None
            with proxy.lock:
                count[0] += 1
                return fault if first <= count[0] <= last else None

        count = [0]
        proxy: Scripted = scripted(script, s3_server())
        storage = storage_through(registry.storage, proxy.url)
        result = cleanup(registry, storage=storage, policies=KEEP_ONE)
        assert SECRET_KEY not in str(result)
        return result

    return run


@pytest.mark.parametrize(
    ("when", "fault"),
    [(listing, SLOW_DOWN), (listing, CUT), (listing, CUT_PAGE), (manifest, CUT_BODY), (deletion, SLOW_DOWN)],
)
def test_what_passes_is_tried_again(
    registry: RegistryProcess, attempt: Attempt, when: Callable[[Request], bool], fault: Fault
) -> None:
    expectation = capture(registry, {"app": ["new"]})
    result = successful(attempt(when, fault, last=1))
    assert result["deleted"]["tags"] == 2
    assert_pulls(registry, expectation)


@pytest.mark.parametrize(
    ("when", "fault", "words"),
    [
        (listing, SLOW_DOWN, ["SlowDown", "throttles"]),
        (listing, CUT, ["could not be listed"]),
        (listing, HALF_A_PAGE, ["could not be listed"]),
        (listing, EXPIRED, ["ExpiredToken", "expired"]),
        (manifest, EXPIRED, ["ExpiredToken", "expired"]),
        (manifest, DENIED, ["AccessDenied", "right"]),
        (manifest, CUT_BODY, ["could not be read"]),
    ],
)
def test_what_stays_ends_the_run_before_the_first_deletion(
    registry: RegistryProcess, attempt: Attempt, when: Callable[[Request], bool], fault: Fault, words: list[str]
) -> None:
    before = seen(registry)
    refused(attempt(when, fault), *words)
    assert_same(before, seen(registry))


def per_key(request: Request) -> bool:
    return deletion(request) and b"/blobs/" in request.body


def test_a_key_that_may_not_be_deleted_is_told(registry: RegistryProcess, attempt: Attempt) -> None:
    store = Store(registry.storage)
    blobs = store.blobs()
    body = "".join(
        f"<Error><Key>docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data</Key>"
        "<Code>AccessDenied</Code><Message>no</Message></Error>"
        for digest in blobs
    )
    answer = Fault(200, {"Content-Type": "application/xml"}, f"<DeleteResult>{body}</DeleteResult>".encode())
    result = attempt(lambda request: per_key(request) and request.body.count(b"<Key>") > 1, answer)
    refused(result, "could not be deleted", "AccessDenied")
    assert result["deleted"]["tags"] == 2
    assert result["deleted"]["blobs"] == 0
    assert store.blobs() == blobs
    again = successful(cleanup(registry, policies=KEEP_ONE))
    assert again["deleted"]["blobs"] > 0
    assert len(again["interrupted_plans"]) == 1


def test_a_run_that_ends_at_any_deletion_loses_nothing_and_is_finished(
    registry: RegistryProcess, attempt: Attempt
) -> None:
    """The first deletion is that of the planted blob, by which it is shown that the registry serves this bucket."""
    expectation, store = capture(registry, {"app": ["new"]}), Store(registry.storage)
    for deletions in range(1, 9):
        result = attempt(deletion, DENIED, first=deletions)
        assert_pulls(registry, expectation)
        if not result.get("failed"):
            break
    assert not result.get("failed"), "eight deletions are not enough"
    assert deletions >= 6
    assert store.tags("app") == ["new"]
    assert set(store.blobs()) == {*expectation["app"].manifests, *expectation["app"].blobs}
    assert not store.quarantine.exists()


BLOB = "blobs/sha256/00/00/data"
TAGS = "repositories/app/_manifests/tags"
GARBLED, NO_BUCKET = Fault(200, {"Content-Type": "application/xml"}, b"hello"), error(404, "NoSuchBucket")
# Whatever was asked, something of it can't be understood.
BARE = Fault(
    200, {"Content-Type": "application/xml"}, b"<Any><Contents/><Upload><Key>docker/registry/v2/x</Key></Upload></Any>"
)
#: Each with the truth.
METHODS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "entries": (lambda one: one.entries(TAGS).directories, ["1"]),
    "leaves": (lambda one: [name for name, _found in one.leaves(TAGS, "current/link")], ["1"]),
    "read_leaves": (lambda one: [leaf.content for leaf in one.read_leaves(TAGS, "current/link", 99)], [b"sha256:1"]),
    "weigh_tree": (lambda one: one.weigh_tree("blobs").size, 5),
    "read": (lambda one: one.read(BLOB, 99)[0], b"layer"),
    "read_each": (lambda one: list(one.read_each([BLOB, "blobs/none"], 99)), [b"layer", None]),
    "unfinished": (lambda one: one.unfinished(), []),
    "remove": (lambda one: list(one.remove(["blobs/sha256/00/00"], "plan", lambda: None)), [True]),
    "rewrite": (lambda one: one.rewrite(BLOB, b"new", "plan"), True),
    "prune": (lambda one: one.prune("repositories/app/none", "repositories"), None),
    "discard": (lambda one: one.discard(BLOB, "blobs"), None),
    "has_beside": (lambda one: one.has_beside("lockfiles/database-in-use"), True),
    "try_removing": (lambda one: one.try_removing(), None),
    "read_name": (lambda one: one.read_name(), b"name"),
    "write_name": (lambda one: one.write_name("name"), None),
    "own names": (lambda one: one.own_files().names(), ["plan"]),
    "own has": (lambda one: one.own_files().has("plan", "plan.json"), True),
    "own read": (lambda one: one.own_files().read("plan", "plan.json"), "{}"),
    "own write": (lambda one: one.own_files().write("other", "plan.json", lambda: ["{}"]), None),
    "own rename": (lambda one: one.own_files().rename("plan", "plan.json", "applied.json"), None),
    "own remove": (lambda one: bool(one.own_files().remove("plan").left), False),
    "lock": (lambda one: one.lock_files().read(), {"holder": {"run": "1"}}),
    "lock write": (lambda one: one.lock_files().write("sweep", {}), None),
}


FAULTS = {"denied": DENIED, "no bucket": NO_BUCKET, "garbled": GARBLED, "bare": BARE}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_tells_the_truth_or_raises_what_it_says(scripted: NewScripted, name: str) -> None:
    """Each request that it makes is answered in turn with what says nothing of what is there."""
    method, truth = METHODS[name]
    place = new_place()
    proxy: Scripted = scripted(None, s3_server())
    storage = S3Storage(storage_through(place, proxy.url)["s3"])

    def told(at: int, fault: Fault) -> tuple[int, Any]:
        fill(place)
        storage.look_anew()
        proxy.requests.clear()
        proxy.script = lambda request: fault if proxy.requests.index(request) == at else None
        try:
            found = method(storage)
        except (StorageError, MaintenanceError):
            found = truth
        return len(proxy.requests), found

    calls, found = told(-1, DENIED)
    assert calls
    assert found == truth
    told_of = {f"{what} {at}": told(at, fault)[1] for what, fault in FAULTS.items() for at in range(calls)}
    assert not {at: found for at, found in told_of.items() if found != truth}


def fill(place: Path) -> None:
    for path, content in {
        f"v2/{TAGS}/1/current/link": "sha256:1",
        f"v2/{BLOB}": "layer",
        "lockfiles/database-in-use": "x",
        "drydock/plan/plan.json": "{}",
        "drydock.id": "name",
        "drydock.lock": '{"files": {"holder": {"run": "1"}}}',
    }.items():
        (place / "docker/registry" / path).write_text(content)
