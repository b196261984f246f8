# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads a registry over the API that it speaks."""

from __future__ import annotations

from typing import Sequence, cast

from .._basics.patterns import Pattern
from .._basics.progress import SILENT, Progress
from .._client.base import ApiClient
from .._client.client import RegistryClient
from .._client.client_v1 import V1Client
from .source import ApiSource
from .v1 import V1Api
from .v2 import V2Api


def api_of(
    client: ApiClient, included: Sequence[Pattern], excluded: Sequence[Pattern], progress: Progress = SILENT
) -> ApiSource:
    """Return what reads a registry over the client's API."""
    if isinstance(client, V1Client):
        return V1Api(client, included, excluded, progress)
    return V2Api(cast(RegistryClient, client), included, excluded, progress)
