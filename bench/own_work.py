# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module `cleanup` as a process of its own, without Ansible's start, and takes the time at its milestones.

Usage: python -m bench.own_work MILESTONES [--cprofile FILE] < arguments; the module's arguments as JSON on stdin, its
result on stdout. MILESTONES becomes a JSON file: `imported` on the system's monotonic clock, `import_cpu` (processor
seconds), `peak_kib`.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.memory import peak_memory

MODULE = "ansible_collections.drydock.registry.plugins.modules.cleanup"


def call(main: Callable[[], Any], cprofile: str | None) -> None:
    """The module ends by SystemExit."""
    profile = cProfile.Profile() if cprofile else None
    try:
        profile.runcall(main) if profile else main()
    finally:
        if profile:
            profile.dump_stats(str(cprofile))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("milestones")
    parser.add_argument("--cprofile", metavar="FILE")
    arguments = parser.parse_args()
    sys.argv[1:] = []  # Ansible would look at them
    module = importlib.import_module(MODULE)
    imported, import_cpu = time.monotonic(), time.process_time()
    try:
        call(module.main, arguments.cprofile)
    finally:
        found = {"imported": imported, "import_cpu": import_cpu}
        with open(arguments.milestones, "w", encoding="utf-8") as file:
            json.dump({**found, "peak_kib": peak_memory()}, file)


if __name__ == "__main__":
    main()
