# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old registry's configuration in the words of Distribution's: one flavor of it, with its environment."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._registry.config_v1 import as_distribution, is_v1_config

LOCAL = {"storage": "local", "storage_path": "/srv/registry"}


def said(data: dict[str, Any], **environment: str) -> dict[str, Any]:
    return as_distribution(data, environment, yaml.safe_load)


@pytest.mark.parametrize(
    ("data", "is_v1"),
    [
        ({"common": {}, "dev": LOCAL}, True),
        ({"version": 0.1, "storage": {"filesystem": {}}}, False),
        ({"version": 0.1, "x": {"storage": "local"}}, False),
        ({"storage": {"filesystem": {}}}, False),
        ({}, False),
    ],
)
def test_which_registry_a_file_is_for(data: dict[str, Any], is_v1: bool) -> None:
    assert is_v1_config(data) == is_v1


def test_the_storage_has_distributions_name() -> None:
    assert said({"dev": LOCAL})["storage"] == {"filesystem": {"rootdirectory": "/srv/registry"}}
    assert list(said({"dev": {"storage": "swift"}})["storage"]) == ["swift"]


def test_the_variable_chooses_the_flavor() -> None:
    data = {"dev": LOCAL, "prod": {**LOCAL, "storage_path": "/prod"}}
    assert said(data)["storage"]["filesystem"]["rootdirectory"] == "/srv/registry"
    assert said(data, SETTINGS_FLAVOR="prod")["storage"]["filesystem"]["rootdirectory"] == "/prod"


def test_one_flavor_alone_is_what_is_meant_and_of_several_none_is_guessed() -> None:
    prod = {"prod": {**LOCAL, "storage_path": "/prod"}}
    assert said(prod)["storage"]["filesystem"]["rootdirectory"] == "/prod"
    with pytest.raises(InvalidOptionError, match=r"SETTINGS_FLAVOR.*: other, prod$"):
        said({**prod, "other": LOCAL})
    with pytest.raises(InvalidOptionError, match="SETTINGS_FLAVOR: 'stage' cannot be used"):
        said({"dev": LOCAL}, SETTINGS_FLAVOR="stage")


@pytest.mark.parametrize(
    ("environment", "path"), [({}, "/srv/default"), ({"STORAGE_PATH": "/env"}, "/env"), ({"STORAGE_PATH": "7"}, 7)]
)
def test_a_value_comes_from_the_environment_or_is_its_default(environment: dict[str, str], path: object) -> None:
    data = {"dev": {"storage": "local", "storage_path": "_env:STORAGE_PATH:/srv/default"}}
    assert said(data, **environment)["storage"]["filesystem"]["rootdirectory"] == path


def test_a_variable_without_a_default_is_nothing() -> None:
    assert said({"dev": {"storage": "local", "storage_path": "_env:NOT_SET"}})["storage"] == {
        "filesystem": {"rootdirectory": None}
    }


def test_cache_mirror_and_address() -> None:
    data = {"dev": {**LOCAL, "cache_lru": {"host": "127.0.0.1", "db": 3}, "mirroring": {"source": "https://up"}}}
    found = said(data, REGISTRY_PORT="5001")
    assert found["redis"] == {"addr": "127.0.0.1:6379", "db": 3, "password": None}
    assert found["storage"]["cache"] == {"blobdescriptor": "redis"}
    assert found["proxy"] == {"remoteurl": "https://up"}
    assert found["http"] == {"addr": ":5001"}
    plain = said({"dev": LOCAL})
    assert "redis" not in plain
    assert "cache" not in plain["storage"]
    assert (plain["proxy"], plain["http"]) == ({"remoteurl": None}, {})
