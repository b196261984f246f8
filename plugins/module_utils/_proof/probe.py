# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the registry closed to writes, and does its URL serve the storage at hand? Shown, not assumed; leaves no trace.

A PUT of an empty manifest answers 400 MANIFEST_INVALID on a writable registry, and 405 with `Allow: GET, HEAD` on a
read-only one (seen on Distribution 2.8.2 and 3.1.1). The old v1 registry is never read-only; DELETE of a tag that it
does not have answers 404 and writes nothing (seen on docker-registry 0.9.1). A proxy that is told to let no write pass
answers 503 with a header of ours (_maintenance/methods/nginx.py). Everything else proves nothing.
"""

from __future__ import annotations

import errno
import socket
from enum import Enum
from itertools import islice
from typing import Any, Container, Iterable, Mapping, NamedTuple
from urllib.parse import urlsplit

from .._basics.errors import NotClosedError, RegistryError
from .._client.base import ApiClient
from .._client.http import Answer, UnreachableError

PROBE_TAG = "drydock-probe"
DEFAULT_REPOSITORY = "drydock/probe"
#: What a proxy says, with a 503, of writes that it does not let pass.
CLOSED_HEADER = ("Drydock-Maintenance", "closed")
# So many repositories that a URL names are looked at.
_LOOKED_AT = 20


class Mode(str, Enum):
    """What a registry was shown to be; the value is what results and records say."""

    READ_ONLY = "read_only"
    WRITABLE = "writable"
    STOPPED = "stopped"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return str(self.value)

    def known_or(self, other: Mode) -> Mode:
        """Return this mode, or where it is unknown the other one."""
        return other if self is Mode.UNKNOWN else self


class Probe(NamedTuple):
    """The proven mode, and a sentence for people that says what was seen and what to do.

    `is_locked_out` says that the registry answers, and tells nothing to somebody without the right to push.
    """

    mode: Mode
    detail: str
    is_locked_out: bool = False


def probe(client: ApiClient, repository: str) -> Probe:
    """Ask the registry, by a write that can't succeed, whether it takes writes. Never raises for what it answers.

    `repository` need not exist, but the credentials must be allowed to push to it.
    """
    try:
        answer = client.put_nothing(repository, PROBE_TAG)
    except UnreachableError as error:
        return _judge_unreachable(client, error)
    except RegistryError as error:
        return Probe(Mode.UNKNOWN, str(error), is_locked_out=True)
    return _judge(client, repository, answer)


def check_same_contents(client: ApiClient, sample: Iterable[tuple[str, str, str]]) -> None:
    """Raise NotClosedError unless the URL shows for every (repository, tag, digest) of the storage the same digest.

    Otherwise another registry's read-only mode would "prove" this one's. The sample names manifests that can be read.
    """
    for repository, tag, digest in sample:
        try:
            found = client.manifest_digest(repository, tag)
        except RegistryError as error:
            raise NotClosedError(f"{client.url} was not shown to serve this storage: {error}") from error
        if found != digest:
            shown = f"shows {found}" if found else "does not have it"
            raise NotClosedError(
                f"{client.url} does not serve this storage: there {repository}:{tag} is {digest}, the URL {shown}; "
                "give the registry_url that belongs to this storage"
            )


def check_no_more(client: ApiClient, names: Container[str], source: Mapping[str, str]) -> None:
    """Raise NotClosedError where the URL shows tags, and none of the repositories that it names is in the storage.

    For a storage, its `source`, of which no tag can be compared; `names` are its repositories. A catalogue that can't
    be read (not every account may) shows nothing. The index of a v1 registry can name repositories that have gone.
    """
    found = None
    try:
        for name in islice(client.repositories(), _LOOKED_AT):
            if name in names:
                return
            found = found or (name if client.tags(name) else None)
    except RegistryError:
        return
    if found is not None:
        where = ", ".join(f"{key} {value}" for key, value in source.items())
        raise NotClosedError(
            f"{client.url} does not serve this storage: it shows the repository {found}, and the storage ({where}) "
            "has no repository of those that it shows; nothing was changed. Give the storage as this host has it: a "
            "registry in a container has another path in there (option storage)"
        )


def _judge(client: ApiClient, repository: str, answer: Answer) -> Probe:
    takes_writes = client.took_nothing(answer)
    if takes_writes is not None:
        mode = Mode.WRITABLE if takes_writes else Mode.READ_ONLY
        return Probe(mode, f"{client.url} {'accepts' if takes_writes else 'refuses'} writes")
    name, value = CLOSED_HEADER
    if answer.status == 503 and answer.headers.get(name, "").strip() == value:
        return Probe(Mode.READ_ONLY, f"the proxy at {client.url} lets no write pass")
    reason, is_locked_out = client.explain(answer), answer.status in (401, 403)
    if is_locked_out:
        reason += f"; the probe needs the right to push to the repository {repository}"
    return Probe(Mode.UNKNOWN, f"neither open nor closed could be shown: {reason}", is_locked_out)


def _judge_unreachable(client: ApiClient, error: UnreachableError) -> Probe:
    if error.refused and not client.http.passes_proxy(client.url) and _refused_everywhere(client):
        return Probe(Mode.STOPPED, f"{client.url} refuses connections")
    return Probe(Mode.UNKNOWN, f"neither open nor closed could be shown: {error}")


def _refused_everywhere(client: ApiClient) -> bool:
    """Tell whether every address behind the URL's name refuses: one that only times out may still serve somebody."""
    parts = urlsplit(client.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    answers = [_refuses(family, address, client.http.timeout) for family, _kind, _proto, _name, address in addresses]
    return True in answers and False not in answers


def _refuses(family: int, address: tuple[Any, ...], timeout: float) -> bool | None:
    """Tell whether it refuses; None for an address that this host has no way to use, as ::1 where IPv6 is off."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(address)
    except ConnectionRefusedError:
        return True
    except OSError as error:
        return None if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) else False
    return False
