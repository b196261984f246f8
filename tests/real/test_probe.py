# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it closed, does the URL serve the storage: the proof, on real registries with every way to let clients in."""

from __future__ import annotations

import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import NotClosedError, RegistryError
from ansible_collections.drydock.registry.plugins.module_utils._client.client import RegistryClient
from ansible_collections.drydock.registry.plugins.module_utils._client.options import read_client_options
from ansible_collections.drydock.registry.plugins.module_utils._proof.probe import (
    Mode,
    Probe,
    check_same_contents,
    probe,
)
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import load_registry_config
from support import images
from support.credentials import TlsFiles, TokenAuth, make_ca
from support.pushing import push
from support.registries import NewRegistry, RegistryProcess, free_port
from support.scripted import Fault, NewScripted, in_turn
from support.store import Store, assert_untouched, snapshot

USER, PASSWORD = "cleaner", "correct horse"


def client(registry: RegistryProcess, **params: Any) -> RegistryClient:
    return RegistryClient(read_client_options(params)._replace(url=registry.url))


def ask(registry: RegistryProcess, repository: str = "drydock/probe", **params: Any) -> Probe:
    return probe(client(registry, **params), repository)


def test_writable_then_read_only_then_stopped(registry: RegistryProcess) -> None:
    assert ask(registry).mode == Mode.WRITABLE
    registry.read_only = True
    registry.restart()
    assert ask(registry).mode == Mode.READ_ONLY
    registry.stop()
    assert ask(registry).mode == Mode.STOPPED


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("repository", ["team/app", "never/pushed"])
def test_the_probe_leaves_no_trace(version: str, new_registry: NewRegistry, read_only: bool, repository: str) -> None:
    registry = new_registry(version)
    push(registry, "team/app", images.image("app"), "1")
    registry.read_only = read_only
    registry.restart()
    before = snapshot(registry.storage)

    found = ask(registry, repository)

    assert found.mode == (Mode.READ_ONLY if read_only else Mode.WRITABLE)
    assert_untouched(registry.storage, before)


@pytest.mark.parametrize("read_only", [False, True])
def test_basic(version: str, new_registry: NewRegistry, read_only: bool) -> None:
    registry = new_registry(version, htpasswd=(USER, PASSWORD), read_only=read_only)
    right = {"registry_username": USER, "registry_password": PASSWORD}

    assert ask(registry, **right).mode == (Mode.READ_ONLY if read_only else Mode.WRITABLE)
    client(registry, **right).check_api()
    for wrong in ({}, {**right, "registry_password": "wrong horse"}):
        refused = ask(registry, **wrong)
        assert refused.mode == Mode.UNKNOWN
        assert registry.url in refused.detail
        assert "right to push" in refused.detail
        assert "horse" not in refused.detail


@pytest.mark.parametrize("read_only", [False, True])
def test_bearer_asks_for_no_more_than_needed(version: str, new_registry: NewRegistry, read_only: bool) -> None:
    auth = TokenAuth(USER, PASSWORD)
    registry = new_registry(version, token=auth, read_only=read_only)
    speaker = client(registry, registry_username=USER, registry_password=PASSWORD)

    assert probe(speaker, "team/app").mode == (Mode.READ_ONLY if read_only else Mode.WRITABLE)
    assert speaker.manifest_digest("team/app", "1") is None
    speaker.check_api()
    probe(speaker, "team/app")

    assert registry.token_server.requests_seen == [
        ["repository:team/app:pull,push"],
        ["repository:team/app:pull"],
        [],
    ]


def test_bearer_without_the_right_to_push_proves_nothing(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, token=TokenAuth(USER, PASSWORD, denied_actions=("push",)))

    found = ask(registry, registry_username=USER, registry_password=PASSWORD)

    assert found.mode == Mode.UNKNOWN
    assert "needs the right to push to the repository drydock/probe" in found.detail


def test_wrong_password_at_the_token_server(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, token=TokenAuth(USER, PASSWORD))

    found = ask(registry, registry_username=USER, registry_password="wrong horse")

    assert found.mode == Mode.UNKNOWN
    assert registry.token_server.realm in found.detail
    assert "horse" not in found.detail


def test_docker_config(version: str, new_registry: NewRegistry, tmp_path: Path) -> None:
    registry = new_registry(version, htpasswd=(USER, PASSWORD))
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"auths": {registry.host: {"auth": auth}, "other": {"auth": "x"}}}))

    assert ask(registry, docker_config=str(path)).mode == Mode.WRITABLE


def test_credential_helper(new_registry: NewRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = new_registry(htpasswd=(USER, PASSWORD))
    helper = tmp_path / "bin/docker-credential-drydocktest"
    helper.parent.mkdir()
    answer = json.dumps({"ServerURL": registry.host, "Username": USER, "Secret": PASSWORD})
    helper.write_text(f'#!/bin/sh\nread server\n[ "$server" = "{registry.host}" ] && echo \'{answer}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}{os.pathsep}{os.environ['PATH']}")
    path = tmp_path / "config.json"

    path.write_text(json.dumps({"credHelpers": {registry.host: "drydocktest"}}))
    assert ask(registry, docker_config=str(path)).mode == Mode.WRITABLE
    path.write_text(json.dumps({"credsStore": "drydocktest", "auths": {registry.host: {}}}))
    assert ask(registry, docker_config=str(path)).mode == Mode.WRITABLE


def test_tls_with_private_ca_and_client_certificate(
    version: str, new_registry: NewRegistry, tls: TlsFiles, tmp_path: Path
) -> None:
    registry = new_registry(version, tls=tls, client_certificates=True)
    ours = {"client_cert": str(tls.client_cert), "client_key": str(tls.client_key)}

    assert ask(registry, ca_path=str(tls.ca), **ours).mode == Mode.WRITABLE
    assert ask(registry, validate_certs=False, **ours).mode == Mode.WRITABLE
    for wrong in (ours, {"ca_path": str(make_ca(tmp_path / "other")[0]), **ours}):
        refused = ask(registry, **wrong)
        assert refused.mode == Mode.UNKNOWN
        assert "ca_path" in refused.detail
    without = ask(registry, ca_path=str(tls.ca))
    assert without.mode == Mode.UNKNOWN
    assert "client_cert" in without.detail


def test_a_stopped_tls_registry_is_stopped(new_registry: NewRegistry, tls: TlsFiles) -> None:
    registry = new_registry(tls=tls)
    registry.stop()
    assert ask(registry, ca_path=str(tls.ca)).mode == Mode.STOPPED


def test_same_contents(version: str, new_registry: NewRegistry) -> None:
    registry, other = new_registry(version, "one"), new_registry(version, "two")
    ours, theirs = images.image("ours"), images.image("theirs")
    index = images.multi_platform("index", docker=True)
    for one in (registry, other):
        push(one, "team/app", ours, "same")
        push(one, "team/app", index, "index")
    push(registry, "team/app", ours, "moved")
    push(other, "team/app", theirs, "moved")
    push(registry, "team/app", ours, "only-here")
    same = [("team/app", "same", ours.digest), ("team/app", "index", index.digest)]

    check_same_contents(client(registry), same)
    check_same_contents(client(other), same)
    with pytest.raises(NotClosedError, match=f"team/app:moved is {ours.digest}.*shows {theirs.digest}"):
        check_same_contents(client(other), [*same, ("team/app", "moved", ours.digest)])
    with pytest.raises(NotClosedError, match=r"team/app:only-here .* does not have it"):
        check_same_contents(client(other), [*same, ("team/app", "only-here", ours.digest)])


def test_has_blob(registry: RegistryProcess) -> None:
    image = images.image("app")
    push(registry, "team/app", image, "1")
    speaker = client(registry)
    assert speaker.has_blob("team/app", image.layers[0].digest)
    assert not speaker.has_blob("team/app", "sha256:" + "0" * 64)
    assert not speaker.has_blob("team/other", image.layers[0].digest)


# The registry's own reading of file and environment is the measure of ours.
OVERRIDES = [
    ({}, {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":true}'}),
    ({}, {"REGISTRY_STORAGE_MAINTENANCE_READONLY": "enabled: true"}),
    ({}, {"REGISTRY_STORAGE_MAINTENANCE": "{readonly: {enabled: true}}"}),
    ({"readonly": {"enabled": True}}, {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":false}'}),
    ({"readonly": {"enabled": False}}, {"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED": "true"}),
    ({"readonly": {"enabled": True}}, {"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED": "false"}),
    ({"readonly": {"enabled": True}}, {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "inmemory"}),
    (
        {"readonly": {"enabled": True}},
        {"REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING": '{"enabled":false,"age":"1h","interval":"1h","dryrun":false}'},
    ),
]


@pytest.mark.parametrize(("maintenance", "environment"), OVERRIDES)
def test_configuration_is_read_as_the_registry_reads_it(
    version: str, new_registry: NewRegistry, maintenance: dict[str, Any], environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    environment = {**environment, "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(elsewhere)}
    registry = new_registry(
        version, settings={"storage": {"maintenance": maintenance} if maintenance else {}}, environment=environment
    )
    config = load_registry_config(str(registry.config_path), environment)

    assert config.url == registry.url
    assert ask(registry).mode == (Mode.READ_ONLY if config.read_only else Mode.WRITABLE)
    if not config.read_only:
        image = images.image("app")
        push(registry, "team/app", image, "1")
        assert Store(Path(config.rootdirectory)).current_link("team/app", "1").read_text() == image.digest
    assert Path(config.rootdirectory) == elsewhere


# What a real registry can't be made to answer.


HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
READ_ONLY = Fault(405, {"Allow": "GET, HEAD", "Content-Type": "text/plain"}, b"Method not allowed\n")


def test_a_proxy_that_lets_no_write_pass(scripted: NewScripted) -> None:
    server = scripted(in_turn(Fault(503, {"Drydock-Maintenance": "closed", "Retry-After": "30"})))
    assert (
        probe(RegistryClient(read_client_options({})._replace(url=server.url)), "drydock/probe").mode == Mode.READ_ONLY
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Fault(200, HTML, b"<html>log in</html>"), "no registry's answer"),
        (Fault(404, HTML, b"<html>no such page</html>"), "no registry's answer"),
        (Fault(405, HTML, b"<html>nginx</html>"), "no registry's answer"),
        (Fault(405, {**HTML, "Allow": "GET, HEAD, PUT"}, b""), "no registry's answer"),
        (Fault(405, JSON, b'{"errors":[{"code":"UNSUPPORTED"}]}'), "UNSUPPORTED"),
        (Fault(405, {**JSON, "Allow": "GET, HEAD"}, b'{"errors":[{"code":"UNSUPPORTED"}]}'), "UNSUPPORTED"),
        (Fault(400, HTML, b"<html>bad request</html>"), "no registry's answer"),
        (Fault(400, JSON, b'{"errors":[{"code":"NAME_INVALID"}]}'), "NAME_INVALID"),
        (Fault(403, HTML, b"<html>go away</html>"), "right to push"),
        (Fault(302, {"Location": "https://login.example.com/"}, b""), "registry_url"),
        (Fault(503, {"Retry-After": "3600"}), "busy or broken"),
        (Fault(503, {"Drydock-Maintenance": "open"}), "busy or broken"),
        (Fault(403, {"Drydock-Maintenance": "closed"}), "right to push"),
        (Fault(201, JSON, b""), "neither open nor closed"),
    ],
)
def test_everything_else_proves_nothing(scripted: NewScripted, answer: Fault, said: str) -> None:
    server = scripted(in_turn(answer))

    found = probe(RegistryClient(read_client_options({})._replace(url=server.url)), "drydock/probe")

    assert found.mode == Mode.UNKNOWN
    assert server.url in found.detail
    assert said in found.detail
    assert len(server.seen) == 1


def test_a_registrys_own_405_is_the_proof(scripted: NewScripted) -> None:
    assert (
        probe(
            RegistryClient(read_client_options({})._replace(url=scripted(in_turn(READ_ONLY)).url)), "drydock/probe"
        ).mode
        == Mode.READ_ONLY
    )


def test_html_is_no_api(scripted: NewScripted) -> None:
    server = scripted(in_turn(Fault(200, HTML, b"<html>welcome</html>")))
    speaker = RegistryClient(read_client_options({})._replace(url=server.url))
    with pytest.raises(RegistryError, match=f"GET {server.url}/v2/ answered 200 .*registry_url"):
        speaker.check_api()
    with pytest.raises(RegistryError, match="registry_url"):
        speaker.manifest_digest("team/app", "1")


def test_html_404_is_not_an_absent_manifest(scripted: NewScripted) -> None:
    server = scripted(in_turn(Fault(404, HTML, b"<html>no such page</html>")))
    with pytest.raises(RegistryError, match="no registry's answer"):
        RegistryClient(read_client_options({})._replace(url=server.url)).manifest_digest("team/app", "1")


def test_busy_server_is_asked_again(scripted: NewScripted) -> None:
    found = Fault(200, {**JSON, "Docker-Content-Digest": "sha256:1"}, b"")
    server = scripted(in_turn(Fault(429, {"Retry-After": "0"}), Fault(500, {"Retry-After": "0"}), found))
    assert (
        RegistryClient(read_client_options({})._replace(url=server.url)).manifest_digest("team/app", "1") == "sha256:1"
    )
    assert len(server.seen) == 3


def test_server_that_stays_busy_is_named(scripted: NewScripted) -> None:
    server = scripted(in_turn(Fault(503, {"Retry-After": "0"})))
    with pytest.raises(RegistryError, match=f"HEAD {server.url}/v2/team/app/manifests/1 answered 503"):
        RegistryClient(read_client_options({})._replace(url=server.url)).manifest_digest("team/app", "1")
    assert len(server.seen) == 5


def test_digest_without_the_header_is_that_of_the_content(scripted: NewScripted) -> None:
    server = scripted(in_turn(Fault(200, JSON, b"{}")))
    digest = RegistryClient(read_client_options({})._replace(url=server.url)).manifest_digest("team/app", "1")
    assert digest == images.digest_of(b"{}")


def test_credentials_do_not_go_to_an_unencrypted_token_server(new_registry: NewRegistry, tls: TlsFiles) -> None:
    registry = new_registry(tls=tls, token=TokenAuth(USER, PASSWORD))
    found = ask(registry, ca_path=str(tls.ca), registry_username=USER, registry_password=PASSWORD)
    assert found.mode == Mode.UNKNOWN
    assert "expected a https URL" in found.detail
    assert registry.token_server.requests_seen == []


def test_a_port_that_only_takes_connections_is_not_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        found = probe(RegistryClient(read_client_options({"api_timeout": "1s"})._replace(url=url)), "drydock/probe")
    assert found.mode == Mode.UNKNOWN
    assert url in found.detail


def test_a_refusing_proxy_is_not_a_stopped_registry(registry: RegistryProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    found = ask(registry)
    assert found.mode == Mode.UNKNOWN
    assert "proxy of the environment" in found.detail
