# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark (`make bench`): this collection beside the registries' own collectors. `python -m bench --help`."""

from __future__ import annotations

import sys
from pathlib import Path

# `support` is shared with the tests; make has it in PYTHONPATH, a bare `python -m bench` has not.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
