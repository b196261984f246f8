# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file of module_utils lies in a wing, a wing imports only wings above it, and no import leads in a circle."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Iterator

from graphlib import TopologicalSorter

PLUGINS = Path(__file__).parents[2] / "plugins"
MODULE_UTILS = PLUGINS / "module_utils"
DESIGN = PLUGINS.parent / "docs" / "design.md"
#: From top to bottom, as docs/design.md explains them. The API and the layouts know nothing of each other.
WINGS = [
    "_basics",
    "_graph",
    "_client",
    "_registry",
    "_storage",
    "_retention",
    "_api",
    "_layout",
    "_plan",
    "_lock",
    "_report",
    "_proof",
    "_apply",
    "_maintenance",
    "_tasks",
]
FORBIDDEN = {
    "_storage": {"_graph"},
    "_layout": {"_client", "_api"},
    "_maintenance": {"_retention", "_api", "_plan", "_report", "_apply"},
}
WRITE_PROGRAM = """\
import sys
from ansible_collections.drydock.registry.plugins.modules.maintenance import watchdog
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.program import write_program
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import Record
from ansible_collections.drydock.registry.plugins.module_utils._proof.probe import Mode
write_program(sys.argv[1], watchdog.__name__, "/", Record("stop", "", Mode.WRITABLE, 0.0, 0.0, None, {}))
"""


@lru_cache(maxsize=None)
def imported(path: Path) -> set[Path]:
    """Return the files of module_utils that a file imports, wherever in it the import stands."""
    found = set[Path]()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.ImportFrom):
            continue
        name = (node.module or "").partition("plugins.module_utils.")[2] if not node.level else node.module or ""
        place = path.parents[node.level - 1] if node.level else MODULE_UTILS
        for end in [name, *(f"{name}.{alias.name}" for alias in node.names)]:
            file = place.joinpath(*end.strip(".").split(".")).with_suffix(".py")
            found.update([file] if file.is_file() else [])
    return found


def closure(path: Path) -> set[Path]:
    """Return the files of module_utils that come along with a file, as Ansible packs them with a module."""
    found, waiting = set[Path](), [path]
    while waiting:
        new = imported(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def wing(path: Path) -> str:
    return path.relative_to(MODULE_UTILS).parts[0]


def arrows() -> Iterator[tuple[str, str, str]]:
    """Yield each import of another wing: the file, its wing, the other one."""
    for path in sorted(MODULE_UTILS.rglob("*.py")):
        for other in imported(path):
            if wing(other) != wing(path):
                yield str(path.relative_to(MODULE_UTILS)), wing(path), wing(other)


def test_no_file_is_loose() -> None:
    assert {path.name for path in MODULE_UTILS.iterdir() if path.name != "__pycache__"} == set(WINGS)


def test_no_arrow_runs_back() -> None:
    assert not [(file, other) for file, one, other in arrows() if WINGS.index(other) > WINGS.index(one)]


def test_what_may_not_know_each_other_does_not() -> None:
    assert not [(file, other) for file, one, other in arrows() if other in FORBIDDEN.get(one, ())]


def test_no_import_leads_in_a_circle() -> None:
    TopologicalSorter({path: imported(path) for path in MODULE_UTILS.rglob("*.py")}).prepare()


def test_no_wing_but_the_last_sees_the_parameters_of_a_module() -> None:
    """What is read of them elsewhere are options, by those functions alone that make values of them."""
    seen = {
        str(path.relative_to(MODULE_UTILS))
        for path in MODULE_UTILS.rglob("*.py")
        if wing(path) != WINGS[-1] and re.search(r"\bparams\b[^\"]", path.read_text())
    }
    assert seen == {"_storage/s3/client.py"}  # botocore's word for a request


def test_no_two_classes_have_one_name() -> None:
    """Nor two that an underscore tells apart, but those that Ansible looks for: it is known which class is meant."""
    classes = re.compile(r"^class _?(\w+)", re.MULTILINE)
    paths = (path for path in PLUGINS.rglob("*.py") if not path.is_symlink())
    names = Counter(name for path in paths for name in classes.findall(path.read_text()))
    twice = {name for name, number in names.items() if number > 1}
    assert twice == {"ActionModule", "ModuleDocFragment"}


def test_maintenance_packs_nothing_of_policies_and_plans() -> None:
    packed = {wing(path) for path in closure(PLUGINS / "modules" / "maintenance.py")}
    assert {"_maintenance", "_lock", "_proof"} <= packed
    assert not packed & FORBIDDEN["_maintenance"]


def test_what_works_over_the_api_alone_packs_no_storage() -> None:
    for module in ("tag", "repository"):
        packed = {wing(path) for path in closure(PLUGINS / "modules" / f"{module}.py")}
        assert "_api" in packed
        assert not packed & {"_storage", "_layout", "_registry", "_lock", "_maintenance"}


def test_the_watchdog_takes_nothing_of_ansible_along(tmp_path: Path) -> None:
    """Its program outlives the task, and runs where no module does."""
    path = tmp_path / "program.zip"
    subprocess.run([sys.executable, "-c", WRITE_PROGRAM, str(path)], check=True)
    packed = {name.partition("/module_utils/")[2].partition("/")[0] for name in zipfile.ZipFile(path).namelist()}
    assert {"_maintenance", "_lock", "_proof"} <= packed
    assert not packed & {*FORBIDDEN["_maintenance"], "_tasks"}


def test_the_map_has_every_wing_in_its_order_and_no_file_that_is_not_there() -> None:
    table = re.search(r"^## Wings$.*?^(\|.*?)^$", DESIGN.read_text(), re.MULTILINE | re.DOTALL)
    assert table
    rows = [re.findall(r"`([^`]+)`", line) for line in table[1].splitlines()[2:]]
    assert [row[0] for row in rows] == WINGS
    named = [(wing, name) for wing, *names in rows for name in names if name.endswith((".py", "/"))]
    assert not [(wing, name) for wing, name in named if not (MODULE_UTILS / wing / name).exists()]


def test_what_the_documents_place_in_a_wing_is_there() -> None:
    texts = {path.name: path.read_text() for path in DESIGN.parent.glob("*.md")}
    named = [(path, name) for path, text in texts.items() for name in re.findall(r"`(_\w+/[\w./]+)`", text)]
    missing = [(path, name) for path, name in named if not (MODULE_UTILS / name).exists()]
    assert not [one for one in missing if one[1].split("/")[0] in WINGS and "/test_" not in one[1]]
