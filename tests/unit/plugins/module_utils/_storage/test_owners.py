# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose storage it is, as the configuration of its registry tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._registry.config import RegistryConfig
from ansible_collections.drydock.registry.plugins.module_utils._storage.base import Storage
from ansible_collections.drydock.registry.plugins.module_utils._storage.owners import (
    doubt_of_owner,
    find_owner,
    owner_by_config,
)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"database": {"enabled": False}},
        {"database": None, "auth": None, "notifications": None},
        {"auth": {"htpasswd": {"realm": "mine"}, "token": {"service": "mine"}}},
        {"notifications": {"endpoints": [{"url": "https://hooks.example.com/registry"}, None]}},
    ],
)
def test_a_plain_registry_has_no_other_owner(data: dict[str, object]) -> None:
    assert owner_by_config(data, "config.yml") is None


@pytest.mark.parametrize(
    ("data", "name", "seen"),
    [
        ({"database": {"enabled": True}}, "a GitLab", "database.enabled is True in config.yml"),
        ({"database": {"enabled": "prefer"}}, "a GitLab", "database.enabled is prefer in config.yml"),
        ({"auth": {"htpasswd": {"realm": "harbor-registry-basic-realm"}}}, "Harbor", "auth.htpasswd.realm"),
        ({"auth": {"token": {"service": "harbor-registry"}}}, "Harbor", "auth.token.service is harbor-registry"),
        ({"notifications": {"endpoints": [{"url": "http://core/service/notifications"}]}}, "Harbor", "Harbor's core"),
        ({"openshift": None}, "OpenShift", "an openshift section"),
        ({"auth": {"openshift": {}}}, "OpenShift", "an openshift section"),
    ],
)
def test_who_has_a_database(data: dict[str, object], name: str, seen: str) -> None:
    owner = owner_by_config(data, "config.yml")
    assert owner is not None
    assert owner.name.startswith(name)
    assert seen in owner.seen
    assert owner.way


@pytest.mark.parametrize("enabled", [None, False, "false", "False", ""])
def test_a_clear_no_is_no_database(enabled: object) -> None:
    assert owner_by_config({"database": {"enabled": enabled}}, "config.yml") is None


GITLAB = {"auth": {"token": {"service": "container_registry", "issuer": "omnibus-gitlab-issuer"}}}


class Marked:
    """A storage beside whose tree these files lie."""

    def __init__(self, *marks: str) -> None:
        self.marks = marks

    def has_beside(self, path: str) -> bool:
        return path in self.marks


def config_of(data: dict[str, Any]) -> RegistryConfig:
    return cast("RegistryConfig", SimpleNamespace(data=data, path="config.yml"))


def beside(*marks: str) -> Storage:
    return cast("Storage", Marked(*marks))


def test_gitlabs_mark_beside_the_tree_tells_where_the_configuration_does_not() -> None:
    for config in (None, config_of(GITLAB)):
        owner = find_owner(config, beside("lockfiles/database-in-use"))
        assert owner is not None
        assert "database-in-use lies in it" in owner.seen
        assert find_owner(config, beside("lockfiles/filesystem-in-use")) is None


@pytest.mark.parametrize(
    ("data", "marks", "is_doubt"),
    [
        (GITLAB, (), True),
        (GITLAB, ("lockfiles/filesystem-in-use",), False),
        ({**GITLAB, "database": {"enabled": False}}, (), False),
        ({"auth": {"token": {"service": "container_registry", "issuer": "mine"}}}, (), False),
        ({}, (), False),
    ],
)
def test_a_gitlab_registry_that_does_not_say_is_doubt(
    data: dict[str, Any], marks: tuple[str, ...], is_doubt: bool
) -> None:
    said = doubt_of_owner(config_of(data), beside(*marks))
    assert (said is not None) == is_doubt
    assert said is None or "database.enabled: false" in said
