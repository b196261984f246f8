# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is what examples/ holds and what the Makefile offers."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_files_shown_are_those_of_examples() -> None:
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    for name in ("inventory.yml", *(f"group_vars/{group}.yml" for group in ("registries", "proxied", "on_nfs"))):
        assert yaml.safe_load((ROOT / "examples" / name).read_text()) in shown, name


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert named
    assert named <= targets


def test_every_playbook_named_exists() -> None:
    named = set(re.findall(r"ansible-playbook drydock\.registry\.(\w+)", README))
    playbooks = {path.name: yaml.safe_load(path.read_text()) for path in (ROOT / "playbooks").glob("*.yml")}
    parts = {play.get("ansible.builtin.import_playbook") for plays in playbooks.values() for play in plays}
    assert named == {Path(name).stem for name in playbooks.keys() - parts}


def test_every_variable_named_is_one() -> None:
    options = yaml.safe_load((ROOT / "roles/registry_cleanup/meta/argument_specs.yml").read_text())["argument_specs"]
    known = {name for entry_point in options.values() for name in entry_point["options"]}
    of_playbooks = set(re.findall(r"registry_cleanup_\w+", (ROOT / "playbooks/cleanup.yml").read_text()))
    assert set(re.findall(r"registry_cleanup_\w+", README)) <= known | of_playbooks
