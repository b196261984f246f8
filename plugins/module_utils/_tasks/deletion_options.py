# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `tag` and `repository` were asked to delete, as frozen values."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from .._client.options import ClientOptions, read_client_options
from .._retention.named import read_digest, read_repository_names, read_tag_names


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
