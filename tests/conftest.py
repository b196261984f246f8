# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis for all tests: no deadline, for speed lives in bench/; the same examples on every CI run. At the end of a
run, what some tests have measured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import settings

BUILD = str(Path(__file__).parents[1] / ".build")
os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", BUILD)
# Before anything of the collection is imported: what Python alone has imported Ansible's loader does not find.
_AnsibleCollectionFinder(paths=[BUILD])._install()

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have pytest-ansible take the collection from where it is, and not make `collections/` in the checkout."""
    config.option.ansible_unit_inject_only = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have handed to `record_property`, as "name: value"."""
    measured = [line for report in terminalreporter.getreports("passed") for line in report.user_properties]
    if measured:
        terminalreporter.section("measured")
    for name, value in measured:
        terminalreporter.write_line(f"{name}: {value}")
