# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are text: what YAML made of a name without quotes is refused, for it may name another thing. Pure.

To YAML `3.10` is the number 3.1, `0123` is 83, `on` is true, and `~` is nothing. Ansible makes text of them, `3.1` of
`3.10`, before a module sees an option of the type `str`, a list of those, or a single number in place of a list. So
these options are of the type `raw`.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .errors import InvalidOptionError

_QUOTES = "text: write it in quotes, for without them 3.10 is the number 3.1 to YAML, and yes is true"


def read_text(value: Any, option: str) -> str:
    """Return the text. Raises InvalidOptionError, naming `option`, where it is none."""
    if not isinstance(value, str):
        raise InvalidOptionError(option, value, _QUOTES)
    return value


def read_texts(value: Any, option: str) -> list[str]:
    """Return a list of texts, of one text what is between its commas, as Ansible does for lists.

    Raises InvalidOptionError, naming `option`, where it is none.
    """
    if isinstance(value, (list, tuple)):
        return [read_text(one, option) for one in value]
    return read_text(value, option).split(",")


def with_texts(options: Mapping[str, Any], names: Iterable[str], where: str = "") -> dict[str, Any]:
    """Return the options with those of these names as lists of texts; `where` stands before their names in errors."""
    return {**options, **{name: read_texts(options[name], f"{where}{name}") for name in names}}
