# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each source in a zip file is compiled once, by every Python that is here."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from ansible_collections.drydock.registry.plugins.module_utils._basics import zip_imports

IMPORT = """
import sys
compiled = []
sys.addaudithook(lambda event, arguments: event == "compile" and compiled.append(arguments[1]))
sys.path.insert(0, sys.argv[1])
import zip_imports
import one, other
print([name.rpartition("/")[2] for name in compiled if name and name.endswith(("one.py", "other.py"))])
"""


def test_a_source_is_compiled_once(tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(zip_imports.__file__, "zip_imports.py")
        archive.writestr("one.py", "import other")
        archive.writestr("other.py", "")
    done = subprocess.run([sys.executable, "-c", IMPORT, str(packed)], check=True, capture_output=True, text=True)
    assert done.stdout == "['one.py', 'other.py']\n"
