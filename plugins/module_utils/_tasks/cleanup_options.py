# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `cleanup` was asked to do, as frozen values: what can't be used is refused here, before anything is touched.

Each wing reads its own options (`_retention/policy.py`, `_client/options.py`, ...); what is left, is what a task does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from .._basics.errors import InvalidOptionError
from .._basics.task_context import OPTION, TaskContext, read_task_context
from .._client.options import ClientOptions, read_client_options
from .._plan.limits import Limits, read_limits
from .._retention.policy import Settings, read_settings
from .._storage.open import StorageOptions, find_storage_options


@dataclass(frozen=True)
class CleanupOptions:
    """What a cleanup was asked to do. `storage` is None where the registry is cleaned up over its API."""

    settings: Settings
    limits: Limits
    client: ClientOptions
    storage: StorageOptions | None
    context: TaskContext
    plan: str | None
    plan_dest: str | None
    quarantine: str
    on_unmatched: str
    require_read_only: bool
    overwrite_shared_tags: bool

    @property
    def only_purges(self) -> bool:
        """Tell whether nothing is asked for but to delete what earlier runs have set aside."""
        return self.quarantine == "purge"

    @property
    def deletes_set_aside(self) -> bool:
        """Tell whether what goes is deleted at the end of this run."""
        return self.quarantine == "delete"


def read_cleanup_options(params: Mapping[str, Any]) -> CleanupOptions:
    """Return what `cleanup` was asked to do. Raises InvalidOptionError and MissingLibraryError."""
    context = read_task_context(params[OPTION])
    _check_contradictions(params)
    settings, limits = read_settings(params), read_limits(params)
    storage = find_storage_options(params)
    if storage is None:
        _check_for_api(params)
    return CleanupOptions(
        settings=settings,
        limits=limits,
        client=read_client_options(params),
        storage=storage,
        context=context,
        plan=params["plan"],
        plan_dest=params["plan_dest"],
        quarantine=params["quarantine"],
        on_unmatched=params["on_unmatched"],
        require_read_only=params["require_read_only"],
        overwrite_shared_tags=params["overwrite_shared_tags"],
    )


def _check_contradictions(params: Mapping[str, Any]) -> None:
    purges = params["quarantine"] == "purge"
    for option in ("policies", "plan_dest", "delete_untagged"):
        if params[option] and (params["plan"] or purges):
            raise InvalidOptionError(
                option,
                params[option],
                f"nothing beside {'quarantine: purge' if purges else 'plan'}, which makes no plan",
            )
    if purges and params["plan"]:
        raise InvalidOptionError("plan", params["plan"], "nothing beside quarantine: purge, which applies no plan")


def _check_for_api(params: Mapping[str, Any]) -> None:
    """Raise InvalidOptionError for what can't be done without the storage."""
    if not params["registry_url"]:
        raise InvalidOptionError(
            "registry_url", params["registry_url"], "the address of a registry, or registry_config or storage instead"
        )
    for option, usable, why in (
        ("delete_untagged", False, "which manifests have no tag is not known over the API"),
        ("delete_detached_referrers", False, "an image may be there and not be listed over the API"),
        ("quarantine", "delete", "nothing is set aside over the API"),
    ):
        if params[option] != usable:
            raise InvalidOptionError(option, params[option], f"{usable} where only registry_url is given: {why}")
