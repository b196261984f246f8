# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changelog tells of the version in galaxy.yml, and of what is there in it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
RELEASES = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"]
TEXT = (ROOT / "CHANGELOG.rst").read_text()


def there(kind: str) -> set[str]:
    """Return the public plugins of a kind that came with this version."""
    paths = (ROOT / "plugins" / kind).glob("[!_]*.py")
    return {path.stem for path in paths if f"\nversion_added: {VERSION}\n" in path.read_text()}


def test_it_tells_of_this_version() -> None:
    assert VERSION in RELEASES
    assert f"\nv{VERSION}\n=" in TEXT


def test_what_it_lists_is_there_and_nothing_is_missing() -> None:
    newest = RELEASES[VERSION]
    assert {one["name"] for one in newest.get("modules", [])} == there("modules")
    assert {one["name"] for one in newest.get("plugins", {}).get("filter", [])} == there("filter")
    playbooks = {one["name"] for one in newest.get("objects", {}).get("playbook", [])}
    assert all((ROOT / f"playbooks/{name}.yml").exists() for name in playbooks)
    listed = re.findall(r"^- drydock\.registry\.(\w+) - ", TEXT, re.MULTILINE)
    assert set(listed) >= playbooks | there("modules") | there("filter")
    assert all(any(ROOT.glob(f"[pr]*/**/{name}*")) for name in listed)
