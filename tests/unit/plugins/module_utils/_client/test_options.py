# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of a registry to its client: what can't be used is named, and no password is shown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._client.client import RegistryClient
from ansible_collections.drydock.registry.plugins.module_utils._client.options import read_client_options


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://registry.example.com/", "https://registry.example.com"),
        ("https://registry.example.com/v2/", "https://registry.example.com"),
        ("https://example.com/images/v2", "https://example.com/images"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_url(url: str, used: str) -> None:
    assert RegistryClient(read_client_options({})._replace(url=url)).url == used


@pytest.mark.parametrize(
    "url", ["", "registry.example.com", "ftp://registry", "http://", "http://h:port", "http://h:99999", "http://h/?q"]
)
def test_url_that_is_none(url: str) -> None:
    with pytest.raises(InvalidOptionError, match="registry_url"):
        RegistryClient(read_client_options({})._replace(url=url))


def test_password_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidOptionError, match="registry_password") as caught:
        RegistryClient(read_client_options({})._replace(url="https://user:hunter2@registry.example.com"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ca_path", "/nowhere"),
        ("client_cert", "/nowhere"),
        ("client_key", "/nowhere"),
        ("api_timeout", "0s"),
        ("api_concurrency", 0),
        ("api_concurrency", 65),
    ],
)
def test_options_that_cannot_be_used(option: str, value: Any) -> None:
    with pytest.raises(InvalidOptionError, match=option):
        RegistryClient(read_client_options({option: value})._replace(url="https://registry.example.com"))
