# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a system's own package of a Python library is called."""

from __future__ import annotations

from typing import Collection

_OS_RELEASE = "/etc/os-release"
# By what ID or ID_LIKE say (os-release(5)): what stands before the name, and the names that are others.
_FAMILIES = {
    "debian": ("python3-", {"PyYAML": "yaml"}),
    "fedora": ("python3-", {"PyYAML": "pyyaml"}),
    "rhel": ("python3-", {"PyYAML": "pyyaml"}),
    "suse": ("python3-", {}),
    "alpine": ("py3-", {"PyYAML": "yaml"}),
}


def package_of(library: str, words: Collection[str]) -> str | None:
    """Return the package of a library on a system of which these words tell the kind; None where that is not known."""
    for family, (prefix, names) in _FAMILIES.items():
        if family in words:
            return f"{prefix}{names.get(library, library)}"
    return None


def system_words() -> set[str]:
    """Return what this system says that it is, and that it is like: `ubuntu`, `debian`."""
    try:
        with open(_OS_RELEASE, encoding="utf-8", errors="replace") as lines:
            fields = [line.rstrip().partition("=") for line in lines]
    except OSError:
        return set()
    return {word for key, _sign, value in fields if key in ("ID", "ID_LIKE") for word in value.strip("\"'").split()}
