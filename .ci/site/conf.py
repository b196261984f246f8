# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx renders the documentation (make docs). Addresses and names are those of galaxy.yml."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / ".build/docs"
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
# What antsibull-docs links to in Ansible's own documentation. With this in place of its inventory a build needs no
# network, and a link that leads nowhere is an error.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
LABELS = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}


def inventory() -> str:
    """Write the inventory of LABELS and of the modules of ansible.builtin that are named, and return its path."""
    text = "".join(path.read_text() for path in (BUILD / "rst").rglob("*.rst"))
    modules = set(re.findall(r"ansible_collections\.ansible\.builtin\.(\w+_module)", text))
    labels = {
        f"ansible_collections.ansible.builtin.{name}": f"collections/ansible/builtin/{name}.html" for name in modules
    }
    lines = "".join(f"{label} std:label -1 {page} {label}\n" for label, page in {**LABELS, **labels}.items())
    path = BUILD / "ansible.inv"
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# zlib-compressed\n"
    path.write_bytes(head.encode() + zlib.compress(lines.encode()))
    return str(path)


project = f"{GALAXY['namespace']}.{GALAXY['name']}"
author = GALAXY["authors"][0]
copyright = f"2026, {author}"
version = release = GALAXY["version"]
title = html_title = html_short_title = f"{project} {release}"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {"ansible": (ANSIBLE, inventory())}
default_role = "any"
nitpicky = True

pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {"Source": GALAXY["repository"], "Issues": GALAXY["issues"]}}
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
html_copy_source = False
