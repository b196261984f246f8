# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file and its overrides; tests/real/test_probe.py holds the same rules against real registries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import (
    RegistryConfig,
    load_registry_config,
    parse_config,
    without_others_secrets,
)

FILE = """
version: 0.1
storage:
  filesystem:
    rootdirectory: /srv/registry
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: :5000
"""


def config(text: str = FILE, **environment: str) -> RegistryConfig:
    return RegistryConfig("config.yml", parse_config(text.encode(), "config.yml"), environment)


def test_file_alone() -> None:
    found = config()
    assert found.rootdirectory == "/srv/registry"
    assert found.driver == "filesystem"
    assert found.url == "http://127.0.0.1:5000"
    assert not found.read_only
    assert not found.is_proxy
    assert not found.environment_overrides_read_only


def test_default_rootdirectory_is_the_registrys() -> None:
    assert config("storage: filesystem").rootdirectory == "/var/lib/registry"
    assert config("storage: {filesystem: {}}").rootdirectory == "/var/lib/registry"


@pytest.mark.parametrize(
    ("environment", "rootdirectory"),
    [
        ({"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "/data"}, "/data"),
        ({"REGISTRY_STORAGE_FILESYSTEM": "{rootdirectory: /data}"}, "/data"),
        ({"REGISTRY_STORAGE": "filesystem"}, "/var/lib/registry"),
        # The shorter name first: the longer one is laid over it.
        (
            {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "/last", "REGISTRY_STORAGE": '{"filesystem": {"x": 1}}'},
            "/last",
        ),
    ],
)
def test_rootdirectory_from_environment(environment: dict[str, str], rootdirectory: str) -> None:
    assert config(**environment).rootdirectory == rootdirectory


def test_names_match_without_regard_to_case() -> None:
    text = "storage: {filesystem: {rootdirectory: /srv, Nested: }}\nhttp: {Addr: ':1'}"
    found = config(text, REGISTRY_HTTP_ADDR=":2", REGISTRY_STORAGE_FILESYSTEM_NESTED_KEY="v")
    assert found.data["http"] == {"Addr": ":2"}
    assert found.storage["filesystem"]["Nested"] == {"key": "v"}


def test_read_only_from_environment_must_be_a_map() -> None:
    assert config(REGISTRY_STORAGE_MAINTENANCE_READONLY='{"enabled":true}').read_only
    assert not config(REGISTRY_STORAGE_MAINTENANCE_READONLY="true").read_only


def test_read_only_enabled_makes_the_registry_panic() -> None:
    with pytest.raises(InvalidOptionError, match=r"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED.*panics"):
        config(REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED="true")


def test_read_only_enabled_is_ignored_where_the_file_has_the_section() -> None:
    text = "storage: {filesystem: {}, maintenance: {readonly: {enabled: false}}}"
    assert not config(text, REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED="true").read_only


@pytest.mark.parametrize(
    ("name", "value", "overrides"),
    [
        ("REGISTRY_STORAGE_MAINTENANCE_READONLY", '{"enabled":true}', True),
        ("REGISTRY_STORAGE_MAINTENANCE_READONLY", '{"enabled":false}', True),
        ("REGISTRY_STORAGE_MAINTENANCE", "{uploadpurging: {enabled: false}}", True),
        ("REGISTRY_STORAGE", "{filesystem: {rootdirectory: /data}}", True),
        ("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/data", False),
        ("REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING", "{enabled: true}", False),
    ],
)
def test_what_keeps_the_files_key_from_counting(name: str, value: str, overrides: bool) -> None:
    assert config(**{name: value}).environment_overrides_read_only is overrides


@pytest.mark.parametrize(
    ("http", "url"),
    [
        ("{addr: ':5000'}", "http://127.0.0.1:5000"),
        ("{addr: '0.0.0.0:80'}", "http://127.0.0.1:80"),
        ("{addr: '[::]:80'}", "http://127.0.0.1:80"),
        ("{addr: '[::1]:80'}", "http://[::1]:80"),
        ("{addr: 'localhost:5001', prefix: /images/}", "http://localhost:5001/images"),
        ("{addr: ':443', tls: {certificate: /c, key: /k}}", "https://127.0.0.1:443"),
        ("{addr: ':443', tls: {letsencrypt: {cachefile: /c}}}", "https://127.0.0.1:443"),
        ("{addr: /run/registry.sock, net: unix}", None),
        ("{}", None),
    ],
)
def test_url(http: str, url: str | None) -> None:
    assert config(f"storage: filesystem\nhttp: {http}").url == url


@pytest.mark.parametrize(
    ("http", "is_private"),
    [
        ("{addr: '127.0.0.1:5000'}", True),
        ("{addr: '[::1]:5000'}", True),
        ("{addr: 'localhost:5000'}", True),
        ("{addr: /run/registry.sock, net: unix}", True),
        ("{addr: ':5000'}", False),
        ("{addr: '0.0.0.0:5000'}", False),
        ("{addr: 'registry:5000'}", False),
        ("{}", False),
    ],
)
def test_who_can_reach_it(http: str, is_private: bool) -> None:
    assert config(f"http: {http}").is_private is is_private


def test_ports_without_images() -> None:
    assert config("http: {debug: {addr: 'localhost:5001'}}").debug_ports == [5001]
    assert config("http: {addr: ':5000'}").debug_ports == []


def test_an_alias_is_a_copy() -> None:
    text = "x: &f {rootdirectory: /srv}\nstorage: {filesystem: *f}"
    found = config(text, REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="/data")
    assert (found.rootdirectory, found.data["x"]) == ("/data", {"rootdirectory": "/srv"})


def test_proxy() -> None:
    assert config(REGISTRY_PROXY_REMOTEURL="https://registry-1.docker.io").is_proxy


def test_list_items_by_index() -> None:
    text = "storage: filesystem\nnotifications: {endpoints: [{name: a}]}"
    found = config(text, REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL="http://a", REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME="b")
    assert found.data["notifications"]["endpoints"] == [{"name": "a", "url": "http://a"}, {"name": "b"}]


def test_load_turns_values_of_a_playbook_into_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(FILE)
    environment: dict[str, Any] = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": {"enabled": True}}
    assert load_registry_config(str(path), environment).read_only


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"just words", b"storage: [", b"\xff\xfe\x00", b"a: !!x y", b"a: &a [*a]"]
)
def test_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.yml"
    path.write_bytes(content)
    with pytest.raises(InvalidOptionError, match=r"registry_config: .*config\.yml"):
        load_registry_config(str(path), {})


def test_missing_file_is_named() -> None:
    with pytest.raises(InvalidOptionError, match=r"/nowhere/config\.yml.*No such file"):
        load_registry_config("/nowhere/config.yml", {})


def test_error_quotes_nothing_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("http: {secret: hunter2\nstorage: x: y\n")
    with pytest.raises(InvalidOptionError) as caught:
        load_registry_config(str(path), {})
    assert "hunter2" not in str(caught.value)
    assert "line 2" in str(caught.value)


def test_what_is_kept_of_the_variables_tells_the_same() -> None:
    """And no secret that nobody needs to put a registry back."""
    needed = {
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "/data",
        "REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled": true}',
        "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis",
        "REGISTRY_REDIS_PASSWORD": "needed",
        "REGISTRY_http_addr": "127.0.0.1:5001",
        "REGISTRY_HTTP_DEBUG_ADDR": ":5002",
        "REGISTRY_HTTP_TLS_CERTIFICATE": "/cert",
        "REGISTRY_PROXY_REMOTEURL": "https://registry-1.docker.io",
        "REGISTRY_STORAGE_S3_SECRETKEY": "needed, for there lies the lock",
    }
    others = ["HTTP_SECRET", "PROXY_PASSWORD", "AUTH_TOKEN_REALM", "STORAGE_GCS_KEYFILE", "NOTIFICATIONS", "LOG_LEVEL"]
    everything = {**needed, **{f"REGISTRY_{name}": "secret" for name in others}}

    assert without_others_secrets(everything) == needed

    told = ("rootdirectory", "read_only", "is_proxy", "url", "is_private", "debug_ports")
    found, wanted = config(FILE, **needed), config(FILE, **everything)
    assert [getattr(found, name) for name in told] == [getattr(wanted, name) for name in told]
    assert (found.data["redis"], found.storage["cache"]) == (wanted.data["redis"], wanted.storage["cache"])


def test_foreign_variable_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(FILE)
    with pytest.raises(InvalidOptionError, match="PATH"):
        load_registry_config(str(path), {"PATH": "/bin"})
