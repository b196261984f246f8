# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry by stopping it; for a pull-through cache there is no other way."""

from __future__ import annotations

from ..._basics.errors import MaintenanceError
from ..._proof.probe import Mode
from ..._registry.config import RegistryConfig
from ..._registry.processes import serving
from ..drain.drain import Drain
from .no_setting import NoSettingMethod


class StopMethod(NoSettingMethod):
    """The service is stopped and started again; there are no reads meanwhile."""

    name = "stop"
    closing = "stop"
    opening = "start"
    closed_mode = Mode.STOPPED

    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        return Drain(serving(config.path if config else None, root), root)


def refuse_cache(config: RegistryConfig | None) -> None:
    """Raise MaintenanceError for a registry that would have to be stopped.

    A pull-through cache writes blobs, revisions and tags on GET, even when it is read-only (seen on 2.8.2 and 3.1.1).
    """
    if config is not None and config.is_proxy:
        raise MaintenanceError(
            f"{config.path}: a pull-through cache (proxy.remoteurl) writes on every pull, even when it is read-only; "
            "only method: stop closes it"
        )
