# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URLs at which one registry answers, asked as one: what is said of the registry holds at all of them."""

from __future__ import annotations

from itertools import islice
from typing import Sequence

from .._basics.errors import InvalidOptionError, RegistryError
from .._client.auth import Credentials
from .._client.base import ApiClient
from .._client.open import open_client
from .._client.options import ClientOptions
from .._registry.config import RegistryConfig
from .probe import DEFAULT_REPOSITORY, Mode, Probe, probe

_LOOKED_AT = 5


class Endpoints:
    """One client for each URL; `repository` is what the probe addresses.

    `has_password` is False where a user is named without the password, which is never written down: then an answer that
    asks for it is all that can be had.
    """

    def __init__(self, clients: Sequence[ApiClient], repository: str, has_password: bool = True) -> None:
        self.clients = clients
        self.repository = repository
        self.has_password = has_password

    def probe(self) -> Probe:
        """Return the mode that every endpoint shows, unknown where they differ. Never raises for what they answer."""
        found = [probe(client, self.repository) for client in self.clients]
        unknown = next((one for one in found if one.mode == Mode.UNKNOWN), None)
        if unknown is not None:
            return unknown
        if len({one.mode for one in found}) == 1:
            return found[0]
        return Probe(Mode.UNKNOWN, f"the endpoints differ: {', but '.join(one.detail for one in found)}")

    def check_reads(self, images: Sequence[tuple[str, str]]) -> None:
        """Raise RegistryError unless every endpoint answers as a registry and serves one of the (repository, tag)."""
        for client in self.clients:
            client.check_api()
            if images:
                _check_serves_one(client, images)

    def some_images(self) -> list[tuple[str, str]]:
        """Return (repository, tag) of the first few repositories of the first endpoint. Raises RegistryError."""
        client = self.clients[0]
        names = islice(client.repositories(), _LOOKED_AT)
        return [(name, tag) for name in names for tag in islice(client.tags(name) or [], 1)]


def _check_serves_one(client: ApiClient, images: Sequence[tuple[str, str]]) -> None:
    problem = ""
    for repository, tag in images:
        try:
            if client.serves(repository, tag):
                return
            problem = f"{client.url} does not have {repository}:{tag}, which its storage has"
        except RegistryError as error:
            problem = str(error)
    raise RegistryError(problem)


def endpoints_of(
    options: ClientOptions, config: RegistryConfig | None, repository: str | None, version: str | None
) -> Endpoints | None:
    """Return the endpoints that the options name, or the configuration does; None where there are none.

    `version` is that of the registry's API, None where it is to be asked. Raises InvalidOptionError.
    """
    url = options.url or (config.url if config else None)
    if not url:
        if options.further:
            raise InvalidOptionError(
                "registry_url", url, "the registry's address, for registry_endpoints are further ones"
            )
        return None
    known = options if options.has_password else options._replace(account=Credentials())
    clients = [open_client(known._replace(url=one), version) for one in dict.fromkeys([url, *options.further])]
    return Endpoints(clients, repository or DEFAULT_REPOSITORY, options.has_password)
