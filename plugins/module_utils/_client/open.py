# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API a registry speaks, and the client for it."""

from __future__ import annotations

from .._basics.api_version import AUTO, V1
from .._basics.errors import RegistryError
from .base import ApiClient
from .client import RegistryClient
from .client_v1 import V1Client, is_v1
from .options import ClientOptions


def open_client(options: ClientOptions, version: str | None = None) -> ApiClient:
    """Return a client for what the option `api_version` says, or else the `version`, or else the registry itself.

    One that does not answer, or not as a registry, is taken for v2, whose client says what is wrong.
    """
    said = options.api_version
    v2 = RegistryClient(options)
    if said == V1 or (said == AUTO and (version == V1 or (version is None and _speaks_v1(v2)))):
        return V1Client(options)
    return v2


def _speaks_v1(client: ApiClient) -> bool:
    try:
        # Distribution says what it is before it asks who somebody is; something in front of a registry may not.
        v2 = client.request_openly("GET", "/v2/")
        if v2.status == 401 and not v2.is_registry:
            v2 = client.request("GET", "/v2/", scope="", attempts=1)
        if v2.is_registry and v2.status != 404:
            return False
        return is_v1(client.request("GET", "/v1/_ping", scope="", attempts=1))
    except RegistryError:
        return False
