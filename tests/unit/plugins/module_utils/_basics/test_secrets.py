# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings of a registry are shown to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.drydock.registry.plugins.module_utils._basics import secrets
from ansible_collections.drydock.registry.plugins.module_utils._basics.secrets import secrets_in

SECRET = "correct horse"
HEADERS = "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_HEADERS"


def shown(environment: dict[str, Any]) -> Any:
    """What Ansible shows of it."""
    return remove_values(environment, set(secrets_in(environment)))


@pytest.mark.parametrize(
    "environment",
    [
        {"REGISTRY_HTTP_SECRET": SECRET},
        {"REGISTRY_STORAGE_S3_SECRETKEY": SECRET},
        {f"{HEADERS}_AUTHORIZATION": f"[Bearer {SECRET}]"},
        {f"{HEADERS}_AUTHORIZATION_0": f"Bearer {SECRET}"},
        {HEADERS: f"Authorization: [Bearer {SECRET}]"},
        {"REGISTRY_NOTIFICATIONS_ENDPOINTS": f"[{{name: it, headers: {{X-Api-Key: ['{SECRET}']}}}}]"},
        {"REGISTRY_STORAGE": f"s3: {{bucket: images, secretkey: {SECRET}}}"},
        {"REGISTRY_STORAGE": f'{{"s3": {{"secretkey": "{SECRET}"}}}}'},
        {"REGISTRY_STORAGE": f"{{s3: {{secretkey: {SECRET}"},
        {"REGISTRY_STORAGE": 's3: {secretkey: "correct\\x20horse"}'},
        {"REGISTRY_PROXY_REMOTEURL": "https://me:correct%20horse@registry.example.com"},
        {"s3": {"bucket": "images", "secretkey": SECRET}},
    ],
)
def test_a_secret_is_found(environment: dict[str, Any]) -> None:
    assert "horse" not in str(shown(environment))


@pytest.mark.parametrize(
    "environment",
    [
        {"REGISTRY_LOG_LEVEL": "info"},
        {"REGISTRY_PROXY_REMOTEURL": "https://registry.example.com:5000/"},
        {"REGISTRY_HTTP_ADDR": ":5000", "REGISTRY_AUTH": "htpasswd: {realm: basic, path: /etc/htpasswd}"},
        {"keep_tags": ["latest", "token"], "rootdirectory": "/srv/keys"},
        {"REGISTRY_HTTP_SECRET": ""},
    ],
)
def test_what_is_no_secret_is_shown(environment: dict[str, Any]) -> None:
    assert shown(environment) == environment


def test_a_section_that_holds_one_is_hidden_whole_where_yaml_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "HAS_YAML", False)
    assert "images" not in str(shown({"REGISTRY_STORAGE": f"s3: {{bucket: images, secretkey: {SECRET}}}"}))
