# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every endpoint of a registry is shown to be closed, and to serve the same storage."""

from __future__ import annotations

import threading

import pytest

from support import images
from support.pushing import push
from support.registries import NewRegistry, RegistryProcess
from support.restarting import ONE_VERSION, Service, file_state
from support.scripted import Fault, NewScripted, Request, json_fault
from support.store import assert_untouched, snapshot


@pytest.fixture
def mirror(service: Service, new_registry: NewRegistry) -> RegistryProcess:
    """Another registry with the same image."""
    registry = new_registry(service.registry.version, "mirror")
    for one in (service.registry, registry):
        push(one, "team/app", images.image("app"), "1")
    return registry


@ONE_VERSION
def test_endpoints_that_differ_prove_nothing(service: Service, new_registry: NewRegistry) -> None:
    other = new_registry(service.registry.version, "other", read_only=True)
    before = snapshot(service.registry.home)

    message = service.fail("read_only", registry_endpoints=[other.url])

    assert f"the endpoints differ: {service.registry.url} accepts writes, but {other.url} refuses writes" in message
    assert_untouched(service.registry.home, before)


@ONE_VERSION
def test_an_endpoint_that_stays_writable(service: Service, new_registry: NewRegistry) -> None:
    found = file_state(service.config)
    other = new_registry(service.registry.version, "other", storage=service.registry.storage)

    result = service.refused("read_only", registry_endpoints=[other.url], timeout="1s")

    assert f"{other.url} accepts writes" in result["msg"]
    assert "put back and is writable again" in result["msg"]
    assert (result["changed"], result["restarted"]) == (False, True)
    assert file_state(service.config) == found
    assert service.has_left_nothing()


@ONE_VERSION
def test_an_endpoint_that_serves_another_storage(service: Service, mirror: RegistryProcess) -> None:
    """Both are closed, with the same tags."""
    for one in (service.registry, mirror):
        one.read_only = True
        one.write_config()
    service.start()
    mirror.restart()

    message = service.fail("read_only", registry_endpoints=[mirror.url])

    assert f"{mirror.url} does not serve this storage" in message
    assert service.has_left_nothing()
    assert not service.succeed("read_only")["changed"]


@ONE_VERSION
def test_the_proof_leaves_no_directory_in_a_storage_that_has_hardly_any(service: Service) -> None:
    """Root's directories would keep a registry that runs as another user from writing there."""
    tree = service.registry.storage / "docker/registry/v2"
    (tree / "repositories/team/app/_uploads").mkdir(parents=True)
    service.succeed("read_only")
    assert {path.name for path in tree.rglob("*")} == {"repositories", "team", "app", "_uploads"}
    assert service.succeed("restored")["mode_after"] == "writable"


@ONE_VERSION
def test_an_image_that_cannot_be_read_any_more(service: Service, scripted: NewScripted) -> None:
    """The registry opens, but serves nothing: the record stays, and the next call sees to it."""
    push(service.registry, "team/app", images.image("app"), "1")
    is_broken = threading.Event()

    def script(request: Request) -> Fault | None:
        unknown = json_fault({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
        return unknown if is_broken.is_set() and request.method == "GET" and "/manifests/" in request.path else None

    url = scripted(script, service.registry).url
    service.succeed("read_only", registry_url=url)
    is_broken.set()

    result = service.refused("restored", registry_url=url, timeout="1s")

    assert f"not readable within 1 s: {url} does not have team/app:1" in result["msg"]
    assert (result["changed"], len(service.records())) == (True, 1)
    is_broken.clear()
    assert service.succeed("restored", registry_url=url)["mode_after"] == "writable"
    assert service.has_left_nothing()
