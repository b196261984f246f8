# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registry_info tells of a registry: from its storage, over its API, or both, which must agree."""

from __future__ import annotations

from typing import Any, Iterable

from .forked import run_forked
from .images import Content
from .playbook import Result
from .registries import Registry, RegistryProcess

CREATED = "2026-01-02T03:04:05Z"
# What only storage tells, of images and of repositories.
ONLY_STORAGE = ("pushed", "orphan_manifests", "orphan_bytes")


def look(check: bool = False, **options: Any) -> Result:
    return successful(run_forked("registry_info", options, check=check)[1])


def successful(result: Result) -> Result:
    assert not result.get("failed"), result.get("msg")
    assert not result["changed"]
    return result


def from_api(registry: Registry, **options: Any) -> Result:
    result = look(registry_url=registry.url, **options)
    assert result["source"] == "api"
    return result


def from_storage(registry: RegistryProcess, **options: Any) -> Result:
    result = look(registry_config=str(registry.config_path), **options)
    assert result["source"] == "storage"
    return result


def from_both(registry: RegistryProcess, **options: Any) -> Result:
    """What the storage tells; the API must tell the same, and no more."""
    storage, api = from_storage(registry, **options), from_api(registry, **options)
    assert set(storage) - {"invocation"} == set(api) - {"invocation"}
    for table in ("repositories", "tags", "referrers"):
        assert api[f"{table}_total"] == storage[f"{table}_total"] == len(storage[table])
        assert api[table] == [{**row, **dict.fromkeys(row.keys() & ONLY_STORAGE)} for row in storage[table]]
    assert api["bytes"] == storage["bytes"]
    assert api["orphans"] is None
    return storage


def row(result: Result, repository: str, tag: str) -> dict[str, Any]:
    (found,) = [one for one in result["tags"] if (one["repository"], one["tag"]) == (repository, tag)]
    return dict(found)


def sizes(one: dict[str, Any]) -> tuple[int, int]:
    assert one["bytes"] == one["own_bytes"] + one["shared_bytes"]
    return one["own_bytes"], one["shared_bytes"]


def weight(contents: Iterable[Content]) -> int:
    return sum({content.digest: len(content.data) for content in contents}.values())


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in result["repositories"]}
