# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 servers that do not delete several objects at once as Amazon's does, found out while the registry is open."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._storage.s3 import client as s3_client
from support import images
from support.registries import V3, NewRegistry, RegistryProcess
from support.s3_server import ObjectPath, keys_of, new_place, s3_server, storage_through
from support.scripted import CUT, Fault, NewScripted, Request, Script, Scripted
from support.store import Store, assert_same
from support.sweeping import COUNTS, cleanup, refused, seen, successful
from support.verify import assert_pulls, capture

KEEP_ONE = [{"keep_n": 1}]


def answer(status: int, code: str, text: str) -> Fault:
    body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    return Fault(status, {"Content-Type": "application/xml"}, body.encode())


NO_MD5 = answer(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
NOT_KNOWN = answer(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
NOT_ALLOWED = answer(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
DENIED = answer(403, "AccessDenied", "no, says the test")


def is_multiple(request: Request) -> bool:
    return request.method == "POST" and "?delete" in request.path


def is_deletion(request: Request) -> bool:
    return request.method == "DELETE" or is_multiple(request)


def wants_md5(request: Request) -> Fault | None:
    """As MinIO, Ceph and appliances did before they learned of other checksums."""
    if not is_multiple(request):
        return None
    digest = base64.b64encode(hashlib.md5(request.body).digest()).decode()  # noqa: S324
    return None if request.headers.get("content-md5") == digest else NO_MD5


@pytest.fixture
def registry(new_registry: NewRegistry) -> RegistryProcess:
    """Read-only, without a cache, with one image too many."""
    registry = new_registry(V3, storage=new_place("some/where"), cache=False, read_only=True)
    store = Store(registry.storage)
    for age, tag in ((9, "old"), (8, "new")):
        store.write_image("app", images.image(tag), tag)
        store.age_tag("app", tag, age * 86400.0)
    store.age(store.v2 / "blobs", 10 * 86400.0)
    return registry


class Through:
    """Runs against a server that answers as a script says; `requests` are those of all runs."""

    def __init__(self, registry: RegistryProcess, scripted: NewScripted) -> None:
        self.registry = registry
        self.scripted = scripted
        self.proxies: list[Scripted] = []

    def __call__(self, script: Script, **options: Any) -> dict[str, Any]:
        self.proxies.append(self.scripted(script, s3_server()))
        storage = storage_through(self.registry.storage, self.proxies[-1].url)
        return cleanup(self.registry, storage=storage, policies=KEEP_ONE, **options)

    @property
    def requests(self) -> list[Request]:
        return [request for proxy in self.proxies for request in proxy.requests]


@pytest.fixture
def through(registry: RegistryProcess, scripted: NewScripted) -> Through:
    return Through(registry, scripted)


def test_a_server_that_demands_an_md5_gets_it(registry: RegistryProcess, through: Through) -> None:
    expectation = capture(registry, {"app": ["new"]})
    preview = successful(through(wants_md5, check=True))
    run = successful(through(wants_md5))
    assert run["deleted"] == preview["deleted"] == run["plan"]
    assert run["deleted"]["tags"] == 1
    assert "one request" not in str(run.get("warnings"))
    assert_pulls(registry, expectation)
    assert Store(registry.storage).tags("app") == ["new"]


@pytest.mark.parametrize("refusal", [NO_MD5, NOT_KNOWN, NOT_ALLOWED])
def test_a_server_that_deletes_one_by_one_only_is_asked_to_do_that(
    registry: RegistryProcess, through: Through, monkeypatch: pytest.MonkeyPatch, refusal: Fault
) -> None:
    # A host under FIPS has no MD5 for who does not say what it is for.
    monkeypatch.setattr(s3_client, "md5_of", lambda _content: None)
    expectation = capture(registry, {"app": ["new"]})

    def script(request: Request) -> Fault | None:
        return refusal if is_multiple(request) else None

    preview = successful(through(script, check=True))
    run = successful(through(script))
    assert {name: run["deleted"][name] for name in COUNTS} == {name: preview["deleted"][name] for name in COUNTS}
    assert "does not delete several objects with one request" in str(run["warnings"])
    assert_pulls(registry, expectation)
    assert isinstance(registry.storage, ObjectPath)
    assert [key for key in keys_of(registry.storage.parts[1]) if "drydock" in key] == [
        "some/where/docker/registry/drydock.id"
    ]
    assert Store(registry.storage).tags("app") == ["new"]
    assert not successful(through(script))["changed"]


def test_each_single_deletion_is_held_against_its_answer(registry: RegistryProcess, through: Through) -> None:
    """And one that was cut off is no word on the others."""
    store = Store(registry.storage)
    blobs = store.blobs()
    doomed = sorted(
        set(blobs) - {content.digest for content in (images.image("new").manifest, *images.image("new").blobs)}
    )

    def script(fault: Fault) -> Script:
        def answered(request: Request) -> Fault | None:
            if is_multiple(request):
                return NOT_KNOWN
            is_last = request.method == "DELETE" and request.path.endswith(f"/{doomed[-1][7:]}/data")
            return fault if is_last else None

        return answered

    result = through(script(DENIED))
    refused(result, "1 objects could not be deleted", doomed[-1][7:], "AccessDenied")
    assert result["deleted"]["blobs"] == len(doomed) - 1
    assert [digest for digest in doomed if digest in store.blobs()] == doomed[-1:]
    again = successful(through(script(DENIED), check=True))
    assert again["deleted"]["blobs"] == 1
    cut = through(script(CUT))
    refused(cut, "could not be deleted")
    assert cut["deleted"]["blobs"] == 0
    assert successful(through(lambda _request: None))["deleted"]["blobs"] == 1


def test_that_nothing_can_be_deleted_is_found_out_before_anything_is_closed(
    registry: RegistryProcess, through: Through
) -> None:
    """A preview only reads, so it can't tell; the plan of a run that follows does, and leaves nothing."""
    before = seen(registry)

    def script(request: Request) -> Fault | None:
        return DENIED if is_deletion(request) else None

    successful(through(script, check=True))
    assert {request.method for request in through.requests} <= {"GET", "HEAD"}
    result = through(script, check=True, _run_follows=True)
    refused(result, "could not be deleted", "AccessDenied", "drydock/")
    successful(through(wants_md5, check=True, _run_follows=True))
    assert_same(before, seen(registry))
