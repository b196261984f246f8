# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting what is named with `state: absent`, with what must hold for every such run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping

import yaml

from support.forked import run_forked
from support.playbook import ROOT, PlaybookRun, Result, run_playbook
from support.registries import Registry, RegistryProcess
from support.sweeping_api import DeletingRegistry, Seen, assert_manifests
from support.verify import assert_pulls, capture

LISTS = ("tags_deleted", "drift", "not_deleted", "notes")
RESULT_KEYS = {"changed", "deleted", "left_untagged", *LISTS, *(f"{key}_total" for key in LISTS)}


def absent(module: str, registry: Registry, *, check: bool = False, diff: bool = False, **options: Any) -> Result:
    """One run of the module `tag` or `repository`; it has the same keys however it ends."""
    arguments = {"registry_url": registry.url, "state": "absent", **options}
    result = run_forked(module, arguments, check=check, diff=diff)[1]
    assert result.keys() >= RESULT_KEYS, result
    return result


def deleted(
    module: str, registry: DeletingRegistry, keeps: Mapping[str, Iterable[str]], *, exact: bool = True, **options: Any
) -> Result:
    """Preview, run and run again, then pull; returns what the run returned.

    `keeps` are all tags that must be left, `{repository: tags}`, of every repository that has any. With `exact`, as
    many manifests besides are left as the run says, and none where the registry deletes them.
    """
    expectation = capture(registry, keeps)
    before = Seen(registry)
    preview = successful(absent(module, registry, check=True, diff=True, **options))
    before.assert_same()
    run = successful(absent(module, registry, diff=True, **options))
    assert without_call(run) == without_call(preview)
    assert run["not_deleted"] == []
    after = Seen(registry)
    assert not successful(absent(module, registry, **options))["changed"]
    after.assert_same()
    assert {name: tags for name, tags in after.tags.items() if tags} == {n: sorted(tags) for n, tags in keeps.items()}
    assert_pulls(registry, expectation)
    if exact and isinstance(registry, RegistryProcess):
        assert_manifests(registry, expectation, run["left_untagged"])
    return run


def unchanged(module: str, registry: DeletingRegistry, **options: Any) -> Result:
    """A run that changes nothing and says so, in check mode and outside it; returns what it returned."""
    before = Seen(registry)
    preview, run = (absent(module, registry, check=check, diff=True, **options) for check in (True, False))
    # A refusal names what was asked for, which is another thing each time.
    assert {**without_call(run), "msg": ""} == {**without_call(preview), "msg": ""}
    before.assert_same()
    assert not run["changed"]
    assert run["deleted"] == {"tags": 0, "manifests": 0}
    assert run["tags_deleted"] == []
    return run


def successful(result: Result) -> Result:
    assert not result.get("failed"), result.get("msg")
    return result


def without_call(result: Result) -> Result:
    """Only what the module found out and did."""
    return {key: value for key, value in result.items() if key != "invocation"}


def tags_deleted(result: Result) -> list[str]:
    return sorted(one["tag"] for one in result["tags_deleted"])


def drift(result: Result) -> dict[str, str]:
    """What was left alone, and why."""
    return {one["name"]: one["why"] for one in result["drift"]}


def run_examples(module: str, registry: Registry) -> PlaybookRun:
    """The module's examples, as they stand but for the address of the registry."""
    source = Path(ROOT, "plugins/modules", f"{module}.py").read_text()
    examples = source.partition('EXAMPLES = r"""')[2].partition('"""')[0]
    tasks = yaml.safe_load(examples.replace("https://registry.example.com", registry.url))
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    return run_playbook([play], extra_vars={"registry_password": "not asked for"}, diff=True).check()
