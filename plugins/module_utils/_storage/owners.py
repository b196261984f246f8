# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else holds the truth about a storage: what no link there names may be an image to them."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from .._basics.errors import ForeignStorageError
from .._client.base import HARBOR_REALM, HARBOR_SERVICE, ApiClient
from .._registry.config import RegistryConfig
from .base import Storage

# GitLab's container registry writes it beside its tree when it begins to use its database, and its own collector
# refuses where it lies. It can be missing (docs/doubt.md#whose-store-it-is).
_GITLAB_MARK = "lockfiles/database-in-use"
# The same for its storage without a database.
_GITLAB_PLAIN_MARK = "lockfiles/filesystem-in-use"
# Since 19.0 "prefer" is its default, also where the storage still tells what there is (container-registry#2391).
_GITLAB_WAY = (
    "it removes by itself what its database does not name (online garbage collection). If it has no database in use, "
    "say database.enabled: false there"
)
_OPENSHIFT_WAY = "use oc adm prune images, and then its hard prune"
_HARBOR_WAY = (
    "use Harbor's own tag retention and garbage collection, or delete tags over the API of Harbor's address "
    "(registry_url alone)"
)


class Owner(NamedTuple):
    """Whose storage it is, by what that was seen, and how images are removed there."""

    name: str
    seen: str
    way: str


def require_no_other_owner(config: RegistryConfig | None, storage: Storage) -> None:
    """Raise ForeignStorageError where a database of somebody else tells what this storage holds."""
    owner = find_owner(config, storage)
    if owner is not None:
        raise _refusal(owner)


def require_plain_registry(clients: Iterable[ApiClient]) -> None:
    """Raise ForeignStorageError where one of them, asked before, has answered as somebody who has a database."""
    for client in clients:
        if client.is_harbor:
            raise _refusal(Owner("Harbor", f"{client.url} asks for a login as Harbor does", _HARBOR_WAY))


def _refusal(owner: Owner) -> ForeignStorageError:
    return ForeignStorageError(
        f"this is the storage of {owner.name} ({owner.seen}): its database and not the storage tells which images "
        f"there are, so everything would be taken for orphans; nothing was changed. Instead, {owner.way}"
    )


def find_owner(config: RegistryConfig | None, storage: Storage) -> Owner | None:
    """Return whose storage it is, None where nobody else was seen. Raises StorageError."""
    owner = owner_by_config(config.data, config.path) if config is not None else None
    if owner is None and storage.has_beside(_GITLAB_MARK):
        return Owner("a GitLab container registry", f"{_GITLAB_MARK} lies in it", _GITLAB_WAY)
    return owner


def doubt_of_owner(config: RegistryConfig | None, storage: Storage) -> str | None:
    """Return what to look into where nothing tells whether somebody else has a database. Raises StorageError.

    GitLab's registry takes "prefer" since 19.0 where its configuration says nothing (gitlab#600955), and its mark can
    be missing.
    """
    if config is None or not _is_gitlab(config.data) or _at(config.data, "database", "enabled") is not None:
        return None
    if storage.has_beside(_GITLAB_PLAIN_MARK):
        return None
    return (
        f"{config.path} is that of a GitLab container registry and does not say whether it has a database, which it "
        "prefers since 19.0: then this storage does not tell which images there are. See to that before anything is "
        "deleted, and say database.enabled: false there, or REGISTRY_DATABASE_ENABLED: 'false' in registry_environment"
    )


def owner_by_config(data: Mapping[str, Any], path: str) -> Owner | None:
    """Return who has a database, as the content of the registry's configuration file tells. Pure."""
    enabled = _at(data, "database", "enabled")
    # "prefer" uses the database wherever there is one; what is no clear no is doubt.
    if enabled not in (None, False) and str(enabled).lower() not in ("", "false"):
        return Owner("a GitLab container registry", f"database.enabled is {enabled} in {path}", _GITLAB_WAY)
    seen = next(_harbor_marks(data), None)
    if seen:
        return Owner("Harbor", f"{seen} in {path}", _HARBOR_WAY)
    if "openshift" in data or _at(data, "auth", "openshift") is not None:
        # Its tags are image streams; the storage has none.
        return Owner("OpenShift's image registry", f"there is an openshift section in {path}", _OPENSHIFT_WAY)
    return None


def _harbor_marks(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what Harbor writes into the configuration of its registry (its make/photon/prepare and its Helm chart)."""
    if _at(data, "auth", "htpasswd", "realm") == HARBOR_REALM:
        yield f"auth.htpasswd.realm is {HARBOR_REALM}"
    if _at(data, "auth", "token", "service") == HARBOR_SERVICE:
        yield f"auth.token.service is {HARBOR_SERVICE}"
    endpoints = _at(data, "notifications", "endpoints")
    for endpoint in endpoints if isinstance(endpoints, list) else ():
        url = str(_at(endpoint, "url") or "")
        if url.endswith("/service/notifications"):
            yield "notifications.endpoints has Harbor's core"


def _is_gitlab(data: Mapping[str, Any]) -> bool:
    """Tell whether its tokens are those of GitLab (its documentation, "Container registry administration")."""
    issuer = str(_at(data, "auth", "token", "issuer") or "")
    return _at(data, "auth", "token", "service") == "container_registry" and "gitlab" in issuer


def _at(level: Any, *keys: str) -> Any:
    for key in keys:
        level = level.get(key) if isinstance(level, Mapping) else None
    return level
