# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports from a zip file, as Ansible sends modules: each source is compiled once, not twice.

Python's zipimport compiles a source to tell the name of its file, and again to run it (seen on 3.8 to 3.13): two fifths
of the time that the imports of a module take. Each module here imports this before all else of the collection.
"""

from __future__ import annotations

import functools
import zipimport

# Private: where a Python does without it, nothing is changed.
_compile = getattr(zipimport, "_get_module_code", None)
if _compile is not None:
    # The second call for a source follows the first.
    zipimport._get_module_code = functools.lru_cache(maxsize=1)(_compile)  # type: ignore[attr-defined]
