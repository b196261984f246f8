# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `registry_info` was asked to look at, as frozen values."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .._basics.patterns import compile_patterns
from .._basics.texts import with_texts
from .._client.options import ClientOptions, read_client_options
from .._report.inventory import Scope
from .._storage.open import StorageOptions, find_storage_options


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
        read_client_options(params), find_storage_options(params), scope, level=params["level"], dest=params["dest"]
    )
