# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the parameters of a module to frozen values: what can't be used is refused here, before anything is touched.

Each wing reads its own options (`_retention/policy.py`, `_client/options.py`, ...); what is left, is what a task does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Sequence

from .._basics.errors import InvalidOptionError
from .._basics.patterns import compile_patterns
from .._basics.task_context import OPTION, TaskContext, read_task_context
from .._basics.texts import with_texts
from .._client.options import ClientOptions, read_client_options
from .._plan.limits import Limits, read_limits
from .._report.inventory import Scope
from .._retention.named import read_digest, read_repository_names, read_tag_names
from .._retention.policy import Settings, read_settings
from .._storage.open import StorageOptions, read_storage_options


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
    storage = _read_storage(params)
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


class DeletionOptions(NamedTuple):
    """What was named to be deleted over the API: tags of one repository, or repositories with all their tags."""

    client: ClientOptions
    repositories: Sequence[str]
    tags: Sequence[str] = ()
    digest: str | None = None
    overwrite_shared_tags: bool = False


def read_tag_options(params: Mapping[str, Any]) -> DeletionOptions:
    """Return what `tag` was asked to delete. Raises InvalidOptionError."""
    tags, digest = read_tag_names(params["name"]), read_digest(params["digest"])
    repositories = read_repository_names([params["repository"]], "repository")
    return DeletionOptions(read_client_options(params), repositories, tags, digest, params["overwrite_shared_tags"])


def read_repository_options(params: Mapping[str, Any]) -> DeletionOptions:
    """Return what `repository` was asked to delete. Raises InvalidOptionError."""
    repositories: list[str] = read_repository_names(params["name"], "name")
    return DeletionOptions(read_client_options(params), repositories)


class InfoOptions(NamedTuple):
    """What `registry_info` was asked to look at; `storage` is None where that is done over the API."""

    client: ClientOptions
    storage: StorageOptions | None
    scope: Scope
    level: str
    dest: str | None


def read_info_options(params: Mapping[str, Any]) -> InfoOptions:
    """Return what `registry_info` was asked for. Raises InvalidOptionError and MissingLibraryError."""
    texts = with_texts(params, ("repositories", "exclude_repositories"))
    scope = Scope(*(compile_patterns(texts[name], name) for name in ("repositories", "exclude_repositories")))
    return InfoOptions(
        read_client_options(params), _read_storage(params), scope, level=params["level"], dest=params["dest"]
    )


def _read_storage(params: Mapping[str, Any]) -> StorageOptions | None:
    return read_storage_options(params) if params["storage"] or params["registry_config"] else None


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
