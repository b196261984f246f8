# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was set aside can be put back, as the guide on recovery says."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from support.playbook import ROOT
from support.registries import V2, V3, NewRegistry
from support.store import Store
from support.sweeping import cleanup, push_aged, successful
from support.verify import assert_pulls, capture

GUIDE = ROOT / "docs/docsite/rst/guide_recovery.rst"


@pytest.mark.parametrize("version", [V2, V3])
def test_a_plan_is_undone_by_copying_back_what_it_removed(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, cache=False)
    push_aged(registry, "team/app", {"1": 30, "2": 20, "latest": 10})
    push_aged(registry, "gone", {"1": 40, "2": 35})
    everything = capture(registry, {"team/app": ["1", "2", "latest"], "gone": ["1", "2"]})
    registry.stop()
    run = successful(cleanup(registry, policies=[{"keep_n": 1}], quarantine="keep"))
    assert run["deleted"]["tags"] == 3
    (plan,) = run["quarantine"]["plans"]

    directory, command = re.findall(r"^   \$ ((?:cd|cp) .*)$", GUIDE.read_text(), re.MULTILINE)
    where = shlex.split(directory)[1].replace("/var/lib/registry", str(registry.storage))
    subprocess.run(shlex.split(command.replace("PLAN", plan)), cwd=where, check=True)

    registry.start()
    assert_pulls(registry, everything)
    registry.stop()
    purged = successful(cleanup(registry, policies=[], quarantine="purge"))
    assert purged["changed"]
    assert not Store(registry.storage).quarantine.exists()
    registry.start()
    assert_pulls(registry, everything)
