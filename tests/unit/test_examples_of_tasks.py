# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each task that documents show is taken by its module: EXAMPLES, guides, READMEs and the files of examples/."""

from __future__ import annotations

import importlib
import re
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "drydock.registry."
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")


def blocks() -> Iterator[tuple[str, str]]:
    """Yield each YAML that is shown, with the document it stands in."""
    for path in [*ROOT.glob("plugins/modules/*.py"), *ROOT.glob("plugins/filter/*.py")]:
        found = re.search(r'^EXAMPLES = r?"""(.*?)"""', path.read_text(), re.DOTALL | re.MULTILINE)
        yield from [(path.name, found[1])] if found else []
    for path in [ROOT / "README.md", ROOT / "roles/registry_cleanup/README.md", *ROOT.glob("docs/*.md")]:
        yield from ((path.name, one) for one in re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.S | re.M))
    for path in ROOT.glob("docs/docsite/rst/*.rst"):
        found_in = re.finditer(r"^( *)\.\. code-block:: yaml\n\n((?:\1   .*\n|\n)+)", path.read_text(), re.MULTILINE)
        yield from ((path.name, textwrap.dedent(match[2])) for match in found_in)
    yield from ((path.name, path.read_text()) for path in ROOT.glob("examples/**/*.yml"))


def tasks_in(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the module of this collection, and what it is given, of each task at any depth."""
    if isinstance(value, dict):
        for name, one in value.items():
            if str(name).startswith(PREFIX):
                yield str(name)[len(PREFIX) :], one
            yield from tasks_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from tasks_in(one)


SHOWN = [
    (f"{document}-{number}", *task)
    for number, (document, text) in enumerate(blocks())
    for task in tasks_in(yaml.safe_load(text))
]


@pytest.fixture(scope="module")
def validators() -> dict[str, ArgumentSpecValidator]:
    """What each module would have Ansible check when it starts."""
    return {name: validator(name) for name in MODULES}


def validator(name: str) -> ArgumentSpecValidator:
    module = importlib.import_module(f"ansible_collections.drydock.registry.plugins.modules.{name}")
    asked: dict[str, Any] = {}

    def ask(**what: Any) -> None:
        asked.update(what)
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch:
        (starts,) = (one for one in vars(module) if one.endswith("Module"))
        patch.setattr(module, starts, ask)
        with suppress(InterruptedError):
            module.main()
    del asked["supports_check_mode"]
    return ArgumentSpecValidator(**asked)


@pytest.mark.parametrize(("module", "given"), [one[1:] for one in SHOWN], ids=[one[0] for one in SHOWN])
def test_the_module_takes_the_task(
    validators: dict[str, ArgumentSpecValidator], module: str, given: dict[str, Any]
) -> None:
    assert not validators[module].validate(given).error_messages


def test_every_module_is_shown() -> None:
    assert {module for _name, module, _given in SHOWN} == set(MODULES)
