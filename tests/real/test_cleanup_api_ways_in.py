# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a cleanup over the API must be and what it must be allowed, and what is said where it is not."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from support import images
from support.credentials import TlsFiles, TokenAuth
from support.images import Image
from support.pushing import push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.scripted import Fault, NewScripted, Request
from support.store import assert_untouched, snapshot
from support.sweeping import refused, successful
from support.sweeping_api import cleanup_over_api, push_dated, sweep_over_api, tags_of

USER, PASSWORD = "drydock", "correct horse battery"
LOGIN: dict[str, Any] = {"registry_username": USER, "registry_password": PASSWORD}
KEEP_ONE = [{"name": "test", "keep_n": 1}]


def pushed(registry: RegistryProcess, *repositories: str) -> dict[str, dict[str, Image]]:
    """Three tags in each; a policy of `keep_n: 1` leaves 3."""
    return {name: push_dated(registry, name, {"1": 9, "2": 8, "3": 7}) for name in repositories}


def assert_refused(registry: RegistryProcess, *words: str, **options: Any) -> None:
    """Both a preview and a run fail with these words, and nothing is touched."""
    before = snapshot(registry.home)
    for check in (True, False):
        result = cleanup_over_api(registry, check=check, **{"policies": KEEP_ONE, **options})
        message = refused(result, *words)
        assert not result["changed"]
        assert PASSWORD not in f"{message} {result}"
    assert_untouched(registry.home, before)


# What the registry allows.


def test_deletion_is_disabled(registry: RegistryProcess) -> None:
    pushed(registry, "app")
    assert_refused(registry, "has deletion disabled", "storage.delete.enabled: true", "restart", "registry_config")
    nothing_to_do = successful(cleanup_over_api(registry, policies=[{"name": "test", "keep_n": 3}]))
    assert not nothing_to_do["changed"]


def test_the_registry_is_read_only(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, delete_enabled=True)
    pushed(registry, "app")
    registry.read_only = True
    registry.restart()
    assert_refused(registry, "is read-only", "Make it writable again")


# Who we are.


def test_htpasswd(version: str, new_registry: NewRegistry, tmp_path: Path) -> None:
    registry = new_registry(version, htpasswd=(USER, PASSWORD), delete_enabled=True)
    pushed(registry, "app")
    sweep_over_api(registry, {"app": ["3"]}, policies=KEEP_ONE, **LOGIN)
    config = tmp_path / "config.json"
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    pushed(registry, "web")
    sweep_over_api(registry, {"app": ["3"], "web": ["3"]}, exact=False, policies=KEEP_ONE, docker_config=str(config))
    assert_refused(registry, "user somebody", "not accepted", registry_username="somebody", registry_password=PASSWORD)
    assert_refused(registry, "without credentials")


def test_tls_with_a_private_ca_and_a_client_certificate(version: str, new_registry: NewRegistry, tls: TlsFiles) -> None:
    registry = new_registry(version, tls=tls, client_certificates=True, delete_enabled=True)
    pushed(registry, "app")
    ours: dict[str, Any] = {
        "ca_path": str(tls.ca),
        "client_cert": str(tls.client_cert),
        "client_key": str(tls.client_key),
    }
    assert_refused(registry, "client_cert", ca_path=str(tls.ca))
    assert_refused(registry, "certificate", client_cert=str(tls.client_cert), client_key=str(tls.client_key))
    sweep_over_api(registry, {"app": ["3"]}, policies=KEEP_ONE, **ours)


def token_registry(version: str, new_registry: NewRegistry, *denied: str) -> RegistryProcess:
    """Behind a token server, with tags to delete in `app` and `web`; from now on these actions are `denied`."""
    auth = TokenAuth(USER, PASSWORD)
    registry = new_registry(version, token=auth, delete_enabled=True)
    pushed(registry, "app", "web")
    auth.denied_actions = denied
    registry.token_server.requests_seen.clear()
    return registry


def test_no_scope_is_wider_than_needed(version: str, new_registry: NewRegistry) -> None:
    registry = token_registry(version, new_registry)
    asked = registry.token_server.requests_seen
    run = successful(cleanup_over_api(registry, policies=KEEP_ONE, **LOGIN))
    assert run["deleted"]["tags"] == 4
    reading = ["registry:catalog:*", "repository:app:pull", "repository:web:pull"]
    deleting = ["repository:app:pull,delete", "repository:web:pull,delete"]
    assert sorted(asked) == sorted([scope] for scope in reading + deleting)
    asked.clear()
    again = successful(cleanup_over_api(registry, policies=KEEP_ONE, repositories=["app", "web"], **LOGIN))
    assert not again["changed"]
    assert sorted(asked) == [["repository:app:pull"], ["repository:web:pull"]]


def test_pushing_is_asked_for_where_shared_tags_are_overwritten(new_registry: NewRegistry) -> None:
    registry = token_registry(V2, new_registry)
    push(registry, "app", images.image("shared"), "kept", "doomed")
    asked = registry.token_server.requests_seen
    asked.clear()
    policies = [{"name": "test", "tags": ["doomed"], "keep_n": 0, "sort_by": "name"}]
    sweep_over_api(
        registry,
        {"app": ["1", "2", "3", "kept"], "web": ["1", "2", "3"]},
        exact=False,
        policies=policies,
        overwrite_shared_tags=True,
        **LOGIN,
    )
    pushing = [scopes for scopes in asked if "push" in scopes[0]]
    assert pushing[-1] == ["repository:app:pull,push"]


def test_an_account_without_the_right_to_delete(version: str, new_registry: NewRegistry) -> None:
    registry = token_registry(version, new_registry, "delete")
    assert_refused(registry, "DELETE", "answered 401", f"user {USER} may not do this", **LOGIN)


def test_an_account_without_the_catalogue(version: str, new_registry: NewRegistry) -> None:
    registry = token_registry(version, new_registry, "*")
    assert_refused(registry, "may not see the catalogue", "name the repositories", **LOGIN)
    run = successful(cleanup_over_api(registry, policies=KEEP_ONE, repositories=["app"], **LOGIN))
    assert [(one["repository"], one["tag"]) for one in run["tags_deleted"]] == [("app", "1"), ("app", "2")]
    registry.token_server.auth.denied_actions = ()
    assert tags_of(registry) == {"app": ["3"], "web": ["1", "2", "3"]}


@pytest.mark.parametrize("version", [V2, V3])
def test_a_token_that_expires_while_deleting(version: str, new_registry: NewRegistry, scripted: NewScripted) -> None:
    registry = token_registry(version, new_registry)
    challenge = f'Bearer realm="{registry.token_server.realm}",service="{registry.token_server.auth.service}"'
    expired = Fault(401, {"WWW-Authenticate": challenge, "Docker-Distribution-Api-Version": "registry/2.0"})
    refusals = 0

    def script(request: Request) -> Fault | None:
        """Each token is good for two deletions, be they only tried to see what can be deleted."""
        nonlocal refusals
        if request.method != "DELETE":
            return None
        token = request.headers.get("authorization", "")
        uses = sum(one.headers.get("authorization") == token for one in proxy.requests if one.method == "DELETE")
        refusals += uses > 2
        return expired if uses > 2 else None

    proxy = scripted(script, registry)
    run = successful(cleanup_over_api(proxy, policies=KEEP_ONE, repositories=["app"], api_concurrency=1, **LOGIN))
    assert refusals > 0
    assert run["deleted"]["tags"] == 2
    assert tags_of(registry)["app"] == ["3"]
