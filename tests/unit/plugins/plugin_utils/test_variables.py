# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables: which are the role's, which were meant to be, which may be somebody's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.drydock.registry.plugins.plugin_utils._variables import (
    BESIDE_OPTIONS,
    PREFIX,
    unknown_variables,
    variables_by_option,
)

ROOT = Path(__file__).resolve().parents[4]
SPECS: dict[str, Any] = yaml.safe_load((ROOT / "roles/registry_cleanup/meta/argument_specs.yml").read_text())[
    "argument_specs"
]


def meant(name: str) -> str | None:
    """What a name, without the prefix, is taken for, without the prefix; the name itself where the role knows it."""
    unknown = {one.name: one.meant for one in unknown_variables([PREFIX + name], SPECS)}
    found = unknown.get(PREFIX + name, PREFIX + name)
    return found and found[len(PREFIX) :]


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("maxdelete", "max_delete"),
        ("maxDelete", "max_delete"),
        ("max_delet", "max_delete"),
        ("max_deletes", "max_delete"),
        ("delete_max", "max_delete"),
        ("max_delete_percentage", "max_delete_percent"),
        ("max_delete_blob", "max_delete_blobs"),
        ("max_fail_percent", "max_fail_percentage"),
        ("host", "hosts"),
        ("seriel", "serial"),
        ("policy", "policies"),
        ("polices", "policies"),
        ("repository", "repositories"),
        ("exclude_repository", "exclude_repositories"),
        ("protected_images", "protect_images"),
        ("protect_image", "protect_images"),
        ("grace_periode", "grace_period"),
        ("gracee_periode", "grace_period"),
        ("maintenence", "maintenance"),
        ("quarantaine", "quarantine"),
        ("on_unmached", "on_unmatched"),
        ("shared_storages", "shared_storage"),
        ("restore_sate", "restore_state"),
        ("registry_uri", "registry_url"),
    ],
)
def test_a_misspelling_is_known_for_what_was_meant(name: str, real: str) -> None:
    assert meant(name) == real


@pytest.mark.parametrize(
    "name",
    ["policies_extra", "policies_2", "hosts2", "max_delete_default", "schedule", "service", "url", "keep_n", "owner"],
)
def test_what_may_be_somebodys_own_is_no_misspelling(name: str) -> None:
    assert meant(name) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("method", "; method is a key of registry_cleanup_maintenance"),
        ("keep_n", "; keep_n is a key of registry_cleanup_policies"),
        ("url", "; there is registry_cleanup_registry_url"),
        ("owner", ""),
    ],
)
def test_it_is_said_where_else_a_name_stands(name: str, hint: str) -> None:
    (unknown,) = unknown_variables([PREFIX + name], SPECS)
    assert unknown.describe().endswith(f"which does not read it{hint}")


@pytest.mark.parametrize(
    "name", ["registy_cleanup_max_delete", "registry_clean_up_max_delete", "REGISTRY_CLEANUP_MAX_DELETE"]
)
def test_the_beginning_can_be_misspelt_too(name: str) -> None:
    (unknown,) = unknown_variables([name], SPECS)
    assert unknown.describe() == f"{name} is no variable of this role, did you mean registry_cleanup_max_delete?"


def test_names_of_others_are_none_of_our_business() -> None:
    names = ["registry_max_delete", "cleanup_policies", "registry_cleanup", "__registry_cleanup_plan", "registry_url"]
    assert not list(unknown_variables(names, SPECS))


def test_all_that_role_and_playbooks_read_or_set_is_known() -> None:
    files = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/**/*.yml")]
    text = "".join(path.read_text() for path in files)
    used = set(re.findall(r"(?<![\w.])registry_cleanup_\w+", text))
    assert used > BESIDE_OPTIONS
    assert not list(unknown_variables(used, SPECS))


def test_a_name_made_from_one_of_ours_is_no_misspelling() -> None:
    options = {name for entry in SPECS.values() for name in entry["options"]}
    assert {one.meant for one in unknown_variables([f"{name}_x" for name in options], SPECS)} == {None}


def test_each_option_has_its_variable() -> None:
    variables = variables_by_option()
    assert variables["max_delete"] == "registry_cleanup_max_delete"
    assert variables["lease"] == "registry_cleanup_maintenance.lease"
    assert set(variables.values()) >= {name for entry in SPECS.values() for name in entry["options"]}
