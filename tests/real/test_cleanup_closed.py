# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep wants proof that its registry is closed, and that the URL is this storage's."""

from __future__ import annotations

import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Iterator

import pytest

from support import images
from support.credentials import TlsFiles, TokenAuth, make_ca
from support.pushing import push
from support.registries import V3, NewRegistry, RegistryProcess, free_port
from support.store import Store, assert_untouched, snapshot
from support.sweeping import assert_same_plan, cleanup, push_aged, refused, successful
from support.verify import assert_pulls, capture

KEEP_ONE = [{"name": "test", "keep_n": 1}]


def close(registry: RegistryProcess) -> None:
    registry.read_only = True
    registry.restart()


def test_an_open_registry_is_refused_and_reported_in_check_mode(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    before = snapshot(registry.home)
    preview = successful(cleanup(registry, check=True, policies=KEEP_ONE))
    assert preview["registry_mode"] == "writable"
    assert preview["deleted"]["tags"] == 1
    refused(cleanup(registry, policies=KEEP_ONE), registry.url, "accepts writes", "require_read_only")
    assert_untouched(registry.home, before)


def test_a_read_only_registry_is_swept_while_it_serves(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    expectation = capture(registry, {"app": ["2"]})
    close(registry)
    before = snapshot(registry.home)
    preview = successful(cleanup(registry, check=True, diff=True, policies=KEEP_ONE))
    assert_untouched(registry.home, before)
    run = successful(cleanup(registry, diff=True, policies=KEEP_ONE))
    assert_same_plan(preview, run)
    assert run["registry_mode"] == "read_only"
    assert_pulls(registry, expectation)
    assert not successful(cleanup(registry, policies=KEEP_ONE))["changed"]


def test_every_endpoint_has_to_be_closed(registry: RegistryProcess, new_registry: NewRegistry) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    other = new_registry(registry.version, "other", storage=registry.storage)
    close(registry)
    options: dict[str, Any] = {"policies": KEEP_ONE, "registry_endpoints": [other.url]}
    refused(cleanup(registry, **options), "the endpoints differ", f"{other.url} accepts writes")
    close(other)
    assert successful(cleanup(registry, **options))["deleted"]["tags"] == 1


def test_require_read_only_false_overrides_with_a_warning(registry: RegistryProcess, store: Store) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    run = successful(cleanup(registry, policies=KEEP_ONE, require_read_only=False, registry_url=registry.url))
    assert run["registry_mode"] == "writable"
    assert any("require_read_only" in str(warning) for warning in run["warnings"])
    assert store.tags("app") == ["2"]


def test_no_url_is_no_proof(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    options: dict[str, Any] = {
        "registry_config": None,
        "storage": {"filesystem": {"rootdirectory": str(registry.storage)}},
    }
    with registry.closed():
        before = snapshot(registry.home)
        refused(cleanup(registry, policies=KEEP_ONE, **options), "registry_url")
        assert_untouched(registry.home, before)
        run = successful(cleanup(registry, policies=KEEP_ONE, registry_url=registry.url, **options))
    assert run["registry_mode"] == "stopped"
    assert "not known whether the registry caches in Redis" in str(run["warnings"])


def test_a_pull_through_cache_only_when_stopped(version: str, new_registry: NewRegistry) -> None:
    upstream = new_registry(version, name="upstream")
    cache = new_registry(version, name="cache")
    push_aged(cache, "app", {"1": 9.0, "2": 8.0})
    cache.proxy = upstream.url
    close(cache)
    blobs = Store(cache.storage).blobs()
    refused(cleanup(cache, policies=KEEP_ONE), "pull-through cache")
    assert Store(cache.storage).blobs() == blobs
    assert Store(cache.storage).tags("app") == ["1", "2"]
    cache.stop()
    assert successful(cleanup(cache, policies=KEEP_ONE))["deleted"]["tags"] == 1


def test_another_registry_on_the_same_storage(registry: RegistryProcess, new_registry: NewRegistry) -> None:
    """Reached by an address that nobody told us of."""
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    close(registry)
    other = new_registry(V3, name="other")
    other.stop()
    other.settings = {
        "storage": {"filesystem": {"rootdirectory": str(registry.storage)}},
        "http": {"addr": f":{other.port}"},
    }
    other.start()
    assert other.process
    refused(cleanup(registry, policies=KEEP_ONE), f"process {other.process.pid} serves this storage too")
    assert Store(registry.storage).tags("app") == ["1", "2"]
    close(other)
    assert successful(cleanup(registry, policies=KEEP_ONE))["deleted"]["tags"] == 1


@pytest.mark.parametrize("how", ["other tags", "same tags", "a copy"])
def test_the_url_of_another_registry(registry: RegistryProcess, new_registry: NewRegistry, how: str) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    other = new_registry(V3, name="other")
    if how == "other tags":
        push(other, "app", images.image("other"), "1")
    elif how == "same tags":
        push_aged(other, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    else:
        other.stop()
        shutil.rmtree(other.storage)
        shutil.copytree(registry.storage, other.storage)
    close(other)
    blobs = Store(registry.storage).blobs()
    refused(cleanup(registry, policies=KEEP_ONE, registry_url=other.url), other.url, "does not serve this storage")
    assert Store(registry.storage).blobs() == blobs
    assert Store(registry.storage).tags("app") == ["1", "2"]


def credentials(registry: RegistryProcess, password: str) -> dict[str, Any]:
    assert registry.htpasswd or registry.token
    user = registry.htpasswd[0] if registry.htpasswd else "drydock"
    return {"registry_username": user, "registry_password": password}


@pytest.mark.parametrize("options", [{"htpasswd": ("drydock", "correct horse")}, {"token": TokenAuth()}])
def test_a_password_right_and_wrong(version: str, new_registry: NewRegistry, options: dict[str, Any]) -> None:
    registry = new_registry(version, **options)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    close(registry)
    before = snapshot(registry.home)
    wrong = cleanup(registry, policies=KEEP_ONE, **credentials(registry, "wrong horse"))
    refused(wrong, registry.host)
    assert "wrong horse" not in str({key: value for key, value in wrong.items() if key != "invocation"})
    refused(cleanup(registry, policies=KEEP_ONE))
    assert_untouched(registry.home, before)
    run = successful(cleanup(registry, policies=KEEP_ONE, **credentials(registry, "correct horse")))
    assert run["registry_mode"] == "read_only"
    assert run["deleted"]["tags"] == 1
    assert "correct horse" not in str(run)


def test_a_ca_right_and_wrong(version: str, new_registry: NewRegistry, tls: TlsFiles, workspace: Path) -> None:
    registry = new_registry(version, tls=tls, client_certificates=True)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    close(registry)
    before = snapshot(registry.home)
    client: dict[str, Any] = {"client_cert": str(tls.client_cert), "client_key": str(tls.client_key)}
    for ca in (None, str(make_ca(workspace)[0])):
        refused(cleanup(registry, policies=KEEP_ONE, **client, ca_path=ca), registry.url, "certificate")
    refused(cleanup(registry, policies=KEEP_ONE, ca_path=str(tls.ca)), registry.url)
    assert_untouched(registry.home, before)
    run = successful(cleanup(registry, policies=KEEP_ONE, **client, ca_path=str(tls.ca)))
    assert run["registry_mode"] == "read_only"
    assert run["deleted"]["tags"] == 1


class Html(BaseHTTPRequestHandler):
    """A login page or a proxy's error page, whatever is asked."""

    status = 200

    def answer(self) -> None:
        body = b"<html><body>Please log in</body></html>"
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output quiet."""


@pytest.fixture(params=[200, 401, 404, 405, 502])
def html_url(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Handler", (Html,), {"status": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_registry_that_answers_html(new_registry: NewRegistry, html_url: str) -> None:
    registry = new_registry(V3)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    with registry.closed():
        before = snapshot(registry.home)
        refused(cleanup(registry, policies=KEEP_ONE, registry_url=html_url, api_timeout="2s"), html_url)
        assert_untouched(registry.home, before)


def test_a_url_where_nobody_listens_is_no_proof_while_the_registry_runs(registry: RegistryProcess) -> None:
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    before = snapshot(registry.home)
    wrong = f"http://127.0.0.1:{free_port()}"
    assert registry.process
    refused(cleanup(registry, policies=KEEP_ONE, registry_url=wrong), wrong, f"process {registry.process.pid}")
    assert_untouched(registry.home, before)
