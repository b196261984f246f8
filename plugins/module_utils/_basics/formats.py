# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of its format in what one run leaves for a later one, which may be of another version.

It is raised only where a version that does not know it would do the wrong thing.
"""

from __future__ import annotations

from typing import Any, Mapping

from .errors import UnknownFormatError


def require_known_format(data: Mapping[str, Any], newest: int, what: str, otherwise: str) -> None:
    """Raise UnknownFormatError unless the `format` in `data` is one of 1 to `newest`, or there is none yet.

    `what` names the data, and `otherwise` says what can be done without the version that wrote it.
    """
    found = data.get("format", newest)
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= newest:
        raise UnknownFormatError(
            f"{what} was written by a newer drydock.registry: its format is {found!r}, and this version knows none "
            f"above {newest}; use that version, or {otherwise}"
        )
