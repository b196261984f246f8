# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry lets its clients delete: found out by deleting what does not exist, never assumed from a version.

Seen for a tag and a digest that nobody has: Distribution 3.1.1 answers 404 and 404, 2.8.2 answers 400 and 404; both
answer 405 UNSUPPORTED where deletion is disabled, and 405 with `Allow: GET, HEAD` where they are read-only. The OCI
distribution specification ("Deleting tags", "Deleting manifests") allows all of these.
"""

from __future__ import annotations

import secrets

from .._basics.errors import DeletionRefusedError, RegistryError
from .._client.base import ApiClient
from .._client.client import RegistryClient
from .._client.http import Answer
from .._graph.ability import Ability

#: A tag goes alone. Its manifest stays: listings can leave out tags (distribution #4891), so who still needs it is
#: only known to the registry's own garbage collector.
BY_TAG = Ability(tags=True, manifests=False)
#: A tag goes only with its manifest, and with it every other tag of that manifest.
BY_DIGEST = Ability(tags=False, manifests=True)

_REFUSED = (400, 405)
_WAYS_OUT = (
    "Either set storage.delete.enabled: true in the registry's configuration and restart it, or run "
    "drydock.registry.cleanup with registry_config (or storage) on the registry's host, where it deletes in the storage"
)


def find_ability(client: RegistryClient, repository: str) -> Ability:
    """Find out what can be deleted in `repository`; changes nothing.

    Raises DeletionRefusedError, with the ways out, where nothing can, and RegistryError for any other answer.
    """
    by_tag = client.delete_manifest(repository, f"drydock-probe-{secrets.token_hex(8)}")
    # The first Harbor 2 took a tag for its artifact, which goes with all its tags; since harbor #11971 it is refused.
    if _is_unknown(by_tag) and not client.is_harbor:
        return BY_TAG
    if not _is_unknown(by_tag) and by_tag.status not in _REFUSED:
        raise RegistryError(client.explain(by_tag))
    by_digest = client.delete_manifest(repository, f"sha256:{secrets.token_hex(32)}")
    if _is_unknown(by_digest):
        return BY_DIGEST
    raise refusal(client, by_digest)


def refusal(client: ApiClient, answer: Answer) -> RegistryError:
    """Return the error for a refused DELETE, in plain words."""
    if answer.status != 405:
        return RegistryError(client.explain(answer))
    if answer.error_codes:
        return DeletionRefusedError(f"{client.url} has deletion disabled ({answer.describe()}). {_WAYS_OUT}")
    return DeletionRefusedError(
        f"{client.url} is read-only ({answer.describe()}): nothing can be deleted over its API. Make it writable again"
    )


def _is_unknown(answer: Answer) -> bool:
    """Tell whether the registry looked for what was to be deleted, and did not have it."""
    return answer.status in (202, 404) and (answer.status == 202 or bool(answer.error_codes))
