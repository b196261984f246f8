# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts are secrets among the settings of a registry, its environment or its storage. Pure.

A variable of the environment may hold a whole section as YAML: Distribution reads each of its values so
(configuration/parser.go). And an address may hold a password.
"""

from __future__ import annotations

import re
from typing import Any, Iterator

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

_WORDS = "PASSWORD|SECRET|TOKEN|KEY|AUTHORIZATION|COOKIE"
# Items of a list in the environment have their number behind the name.
_SECRET_NAME = re.compile(rf"({_WORDS})(_\d+)?$", re.IGNORECASE)
_SECRET_NAME_WITHIN = re.compile(rf"({_WORDS})[\"']?\s*:", re.IGNORECASE)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """Yield the texts that are secrets, at any depth of dictionaries and lists, by the names under which they stand.

    A text is one as a whole where it has such names within and it can't be told what belongs to them.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from secrets_in(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from secrets_in(item, name)
    elif isinstance(value, str) and value:
        yield from _secrets_in_text(value, name)


def _secrets_in_text(text: str, name: str) -> Iterator[str]:
    if _SECRET_NAME.search(name):
        yield text
    yield from _PASSWORD_IN_ADDRESS.findall(text)
    if _SECRET_NAME_WITHIN.search(text):
        section = _as_section(text)
        found = list(secrets_in(section, name))
        is_understood = isinstance(section, (dict, list)) and all(secret in text for secret in found)
        yield from found if is_understood else [text]


def _as_section(text: str) -> Any:
    """Return what a text is as YAML; None where it can't be read."""
    try:
        return yaml.safe_load(text) if HAS_YAML else None
    except (yaml.YAMLError, ValueError):
        return None
