# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry client where something goes wrong on the way, and where many requests are under way at once."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import RegistryError
from ansible_collections.drydock.registry.plugins.module_utils._client import http
from ansible_collections.drydock.registry.plugins.module_utils._client.client import RegistryClient
from ansible_collections.drydock.registry.plugins.module_utils._client.options import read_client_options
from support import images
from support.pushing import push
from support.registries import V3, NewRegistry, Registry, RegistryProcess, wait_for
from support.scripted import BROKEN, BUSY, CUT, CUT_AFTERWARDS, HTML, Fault, NewScripted, Request, in_turn
from support.verify import exists

Pushed = tuple[RegistryProcess, images.Image]
ABSENT = "sha256:" + "0" * 64
LIMIT = 1 << 20


def client(registry: Registry, **params: Any) -> RegistryClient:
    return RegistryClient(read_client_options(params)._replace(url=registry.url))


@pytest.fixture
def pushed(new_registry: NewRegistry) -> Pushed:
    """A registry with team/app:1."""
    registry = new_registry(V3, delete_enabled=True)
    image = images.image("app")
    push(registry, "team/app", image, "1")
    return registry, image


@pytest.mark.parametrize("fault", [BUSY, BROKEN, Fault(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})])
def test_a_fault_that_passes(pushed: Pushed, scripted: NewScripted, fault: Fault) -> None:
    registry, image = pushed
    proxy = scripted(in_turn(fault, fault, None), registry)
    speaker = client(proxy)

    assert speaker.tags("team/app") == ["1"]
    assert len(proxy.seen) == 3
    proxy.script = in_turn(fault, None)
    assert speaker.delete_manifest("team/app", image.digest).status == 202
    assert not exists(registry, "team/app", "1")


@pytest.mark.parametrize("fault", [BUSY, BROKEN])
def test_a_fault_that_stays_is_named(pushed: Pushed, scripted: NewScripted, fault: Fault) -> None:
    proxy = scripted(in_turn(fault), pushed[0])
    speaker = client(proxy)
    with pytest.raises(RegistryError, match=rf"GET {proxy.url}/v2/team/app/tags/list\?n=1000 answered {fault.status}"):
        speaker.tags("team/app")
    assert len(proxy.seen) == 5
    assert speaker.delete_manifest("team/app", "1").status == fault.status
    assert exists(pushed[0], "team/app", "1")


HALF = Fault(200, {"Content-Type": "application/json", "Content-Length": "100"}, b'{"tags": ["1", "2"')


@pytest.mark.parametrize("fault", [CUT, HALF])
def test_a_cut_connection(pushed: Pushed, scripted: NewScripted, fault: Fault, no_waiting: list[float]) -> None:
    proxy = scripted(in_turn(fault, None), pushed[0])
    assert client(proxy).tags("team/app") == ["1"]

    proxy.script = in_turn(fault)
    with pytest.raises(RegistryError, match=f"GET {proxy.url}/v2/team/app/tags/list.* can't be reached"):
        client(proxy).tags("team/app")
    assert len(proxy.seen) == 2 + 5
    assert no_waiting == [1.0, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    "ask",
    [
        lambda speaker: list(speaker.repositories()),
        lambda speaker: speaker.tags("team/app"),
        lambda speaker: speaker.manifest("team/app", "1"),
        lambda speaker: speaker.manifest_digest("team/app", "1"),
        lambda speaker: speaker.blob("team/app", ABSENT, LIMIT),
        lambda speaker: speaker.referrers("team/app", ABSENT),
    ],
)
@pytest.mark.parametrize("status", [200, 404, 502])
def test_html(
    scripted: NewScripted, ask: Callable[[RegistryClient], Any], status: int, no_waiting: list[float]
) -> None:
    server = scripted(in_turn(Fault(status, HTML.headers, HTML.body)))
    with pytest.raises(RegistryError, match=f"{server.url}/v2/.* answered {status} "):
        ask(client(server))
    assert len(no_waiting) == (4 if status == 502 else 0)


def test_a_body_without_end(scripted: NewScripted) -> None:
    server = scripted(lambda _request: Fault(200, {}, itertools.repeat(b"x" * 65536)))
    with pytest.raises(RegistryError, match="sends more than 67108864 bytes"):
        client(server).tags("team/app")
    with pytest.raises(RegistryError, match="sends more than 1000 bytes"):
        client(server).blob("team/app", ABSENT, 1000)


@pytest.mark.parametrize("fault", [CUT_AFTERWARDS, Fault(500, BROKEN.headers, passed_on=True)])
@pytest.mark.usefixtures("no_waiting")
def test_a_deletion_whose_answer_is_lost_is_repeated(pushed: Pushed, scripted: NewScripted, fault: Fault) -> None:
    registry, image = pushed
    proxy = scripted(in_turn(fault, None), registry)
    assert client(proxy).delete_manifest("team/app", "1", image.digest).status == 404
    assert proxy.count("DELETE") == 2
    assert not exists(registry, "team/app", "1")


@pytest.mark.parametrize("fault", [CUT, CUT_AFTERWARDS, BROKEN, BUSY])
@pytest.mark.usefixtures("no_waiting")
def test_a_tag_that_moves_meanwhile_is_not_deleted_again(pushed: Pushed, scripted: NewScripted, fault: Fault) -> None:
    registry, image = pushed
    new = images.image("new")

    def script(request: Request) -> Fault | None:
        if request.method != "DELETE":
            return None
        if fault.passed_on:
            proxy.pass_on(request)
        push(registry, "team/app", new, "1")
        return Fault(fault.status, fault.headers)

    proxy = scripted(script, registry)
    if fault.status:
        assert client(proxy).delete_manifest("team/app", "1", image.digest).status == fault.status
    else:
        with pytest.raises(RegistryError, match=f"DELETE {proxy.url}/v2/team/app/manifests/1"):
            client(proxy).delete_manifest("team/app", "1", image.digest)
    assert proxy.count("DELETE") == 1
    assert client(registry).manifest_digest("team/app", "1") == new.digest


def test_a_tag_is_pushed_once_only(pushed: Pushed, scripted: NewScripted) -> None:
    registry, image = pushed
    proxy = scripted(lambda request: BROKEN if request.method == "PUT" else None, registry)
    with pytest.raises(RegistryError, match=r"PUT .*/manifests/2 answered 500"):
        client(proxy).put_manifest("team/app", "2", image.manifest.media_type, image.manifest.data)
    assert proxy.count("PUT") == 1


def test_so_many_requests_at_once_and_no_more(pushed: Pushed, scripted: NewScripted) -> None:
    registry, image = pushed

    def script(_request: Request) -> None:
        wait_for(lambda: proxy.most_at_once >= 4, "four requests at once")

    proxy = scripted(script, registry)
    speaker = client(proxy, api_concurrency=4)

    def digest(_number: int) -> str | None:
        return speaker.manifest_digest("team/app", "1")

    assert set(speaker.map(digest, range(40))) == {image.digest}
    assert proxy.most_at_once == 4
    # Work that is done in threads of the caller's own shares the connections.
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(digest, range(40))) == {image.digest}
    assert proxy.most_at_once == 4


def test_connections_are_kept(pushed: Pushed, scripted: NewScripted) -> None:
    proxy = scripted(registry=pushed[0])
    speaker = client(proxy, api_concurrency=3)
    for _round in range(3):
        list(speaker.map(lambda _number: speaker.tags("team/app"), range(20)))
    assert proxy.connections <= 3


def test_one_thread_is_told_to_wait_and_all_do(
    pushed: Pushed, scripted: NewScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = scripted(in_turn(Fault(429, {"Retry-After": "30"}), None), pushed[0])
    speaker = client(proxy)
    clock = Clock()
    monkeypatch.setattr(http, "time", clock)
    other = threading.Thread(target=lambda: speaker.tags("team/app"))

    def told() -> None:
        other.start()
        wait_for(lambda: len(clock.waiting) == 2, "the other thread to wait too")
        assert len(proxy.seen) == 1
        clock.now += 30

    clock.when_first = told
    assert speaker.tags("team/app") == ["1"]
    other.join()
    assert [round(seconds) for seconds in clock.waiting] == [30, 30]
    assert len(proxy.seen) == 3


class Clock:
    """Stands in for the module `time`: passes only where the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waiting: list[float] = []
        self.when_first: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self.waiting.append(seconds)
        if len(self.waiting) == 1:
            self.when_first()
        wait_for(lambda: self.now >= until, "the clock")
