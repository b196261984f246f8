# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in which options have the names that people gave them by: the variables of the role. Pure."""

from __future__ import annotations

import re
from typing import Mapping

# A message about one option begins with it: `policies[0].keep_n: -5 cannot be used`.
_BEGINNING = re.compile(r"(\w+)(?=[.:\[])")


def with_variables(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with the variable for each option; `variables` has them by option, and may be empty.

    An option that is a plain word, such as `storage`, is only taken for one at the beginning, and one in quotes or in a
    path for none.
    """
    begins = _BEGINNING.match(text)
    option = begins.group(1) if begins else ""
    start = len(option) if option in variables else 0
    names = "|".join(sorted(filter(lambda name: "_" in name, variables), key=len, reverse=True))
    rest = text[start:]
    if names:
        rest = re.sub(rf"(?<![\w./'\"-])(?:{names})(?![\w/'\"-])", lambda found: variables[found.group()], rest)
    return (variables[option] if start else "") + rest
