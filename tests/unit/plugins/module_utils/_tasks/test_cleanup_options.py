# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What contradicts itself, or can't be done, is named."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._tasks.cleanup_options import (
    CleanupOptions,
    read_cleanup_options,
)
from ansible_collections.drydock.registry.plugins.modules import cleanup
from support.parameters import given

URL = "https://registry.example.com"
STORAGE = {"filesystem": {"rootdirectory": "/srv/registry"}}
KEEP_ONE = [{"keep_n": 1}]


def read(_task_context: object = None, **options: Any) -> CleanupOptions:
    """The context is no option: the module takes it out before, and puts it back."""
    parameters = given(cleanup.cleanup_argument_spec(), **options)
    return read_cleanup_options({**parameters, "_task_context": _task_context})


def test_what_is_given_decides_the_way() -> None:
    assert read(registry_url=URL).storage is None
    there = read(storage=STORAGE).storage
    assert there is not None
    assert (there.driver, there.config, there.section) == ("filesystem", None, STORAGE)


def test_no_secret_is_shown_where_the_values_are() -> None:
    """In a debugger, or in an error of Python's."""
    bucket = {"s3": {"bucket": "images", "region": "eu", "secretkey": "hidden-key"}}
    options = read(registry_url=URL, registry_username="ann", registry_password="hidden-word", storage=bucket)
    assert options.client.credentials(URL).password == "hidden-word"
    assert "ann" in repr(options)
    assert "hidden" not in repr(options)


@pytest.mark.parametrize(
    ("quarantine", "purges", "deletes"), [("delete", False, True), ("keep", False, False), ("purge", True, False)]
)
def test_what_becomes_of_what_was_set_aside(quarantine: str, purges: bool, deletes: bool) -> None:
    options = read(storage=STORAGE, quarantine=quarantine)
    assert (options.only_purges, options.deletes_set_aside) == (purges, deletes)


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("policies", {"storage": STORAGE, "plan": "plan.json", "policies": KEEP_ONE}),
        ("plan_dest", {"storage": STORAGE, "plan": "plan.json", "plan_dest": "other.json"}),
        ("delete_untagged", {"storage": STORAGE, "quarantine": "purge", "delete_untagged": True}),
        ("plan", {"storage": STORAGE, "quarantine": "purge", "plan": "plan.json"}),
        ("registry_url", {"policies": KEEP_ONE}),
        ("delete_untagged", {"registry_url": URL, "delete_untagged": True}),
        ("delete_detached_referrers", {"registry_url": URL, "delete_detached_referrers": True}),
        ("quarantine", {"registry_url": URL, "quarantine": "keep"}),
        ("api_timeout", {"storage": STORAGE, "api_timeout": "0s"}),
        ("max_delete", {"storage": STORAGE, "max_delete": -1}),
        ("_task_context", {"storage": STORAGE, "_task_context": {"runs": []}}),
        ("_task_context", {"storage": STORAGE, "_task_context": "runs"}),
        ("registry_config", {"registry_config": "/nowhere/config.yml"}),
    ],
)
def test_what_can_not_be_done_is_named(option: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=f"^{option}:"):
        read(**options)
