# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's argument specs, its defaults, its tasks and the modules' options say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/registry_cleanup"
PREFIX = "registry_cleanup_"
# What is the role's own, and no option of a module.
OWN = {"maintenance", "plan", "plans", "quarantine", "reconnect_timeout", "report_dir"}
OWN |= {"restore_state", "shared_storage", "stop_running"}
# Options that the role sets by itself at each step.
SET_BY_ROLE = {"plan", "plan_dest", "quarantine", "state", "stop_sweep"}
# Options whose default is the role's own, for it knows the plan.
DECIDED_BY_ROLE = {"lease"}
# What the role leaves for tasks and jobs that follow.
LEFT = {"registry_cleanup_result", "registry_cleanup_results"}


def load(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text())


def entry_points() -> dict[str, dict[str, Any]]:
    specs: dict[str, dict[str, Any]] = load("meta/argument_specs.yml")["argument_specs"]
    return {name: spec["options"] for name, spec in specs.items()}


def all_options() -> dict[str, Any]:
    return {name: option for options in entry_points().values() for name, option in options.items()}


def module_options(name: str) -> dict[str, Any]:
    """The documented options of a module, with those of its documentation fragments."""
    path = ROOT / f"plugins/modules/{name}.py"
    if not path.exists():
        pytest.fail(f"{path} is not there")
    documentation = docstring_of(path, "DOCUMENTATION")
    options = dict(documentation["options"])
    for fragment in documentation.get("extends_documentation_fragment", []):
        fragment_name, variable = [*fragment.split(".")[2:], "documentation"][:2]
        fragment_path = ROOT / f"plugins/doc_fragments/{fragment_name}.py"
        options.update(docstring_of(fragment_path, variable.upper()).get("options", {}))
    return options


def docstring_of(path: Path, variable: str) -> Any:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable:
            return yaml.safe_load(ast.literal_eval(node.value))
    message = f"{path} has no {variable}"
    raise AssertionError(message)


def described(options: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield f"{where}{name}", option
        yield from described(option.get("options") or {}, f"{where}{name}.")


def test_defaults_are_those_of_the_specs() -> None:
    specified = {name: option["default"] for name, option in all_options().items() if "default" in option}
    assert load("defaults/main.yml") == specified


def test_an_option_is_the_same_at_every_entry_point() -> None:
    known = all_options()
    for name, options in entry_points().items():
        assert {key: known[key] for key in options} == options, name


def test_every_option_is_typed_described_and_prefixed() -> None:
    for name, option in described(all_options()):
        assert option.get("type"), name
        assert option.get("description"), name
        assert option["type"] != "list" or option.get("elements"), name
    assert all(name.startswith(PREFIX) for name in all_options())


def test_tasks_use_every_variable_and_no_other() -> None:
    used = set[str]()
    for path in (ROLE / "tasks").rglob("*.yml"):
        used |= set(re.findall(r"(?<!_)\bregistry_cleanup_\w+", path.read_text()))
    assert used - LEFT == set(all_options())


@pytest.mark.parametrize("module", ["cleanup", "maintenance"])
def test_every_module_option_is_a_variable_with_the_same_meaning(module: str) -> None:
    variables = all_options()
    nested = variables["registry_cleanup_maintenance"]["options"]
    for name, option in module_options(module).items():
        if name in SET_BY_ROLE:
            continue
        variable = nested[name] if module == "maintenance" and name in nested else variables[PREFIX + name]
        decided = {"default": option["default"]} if name in DECIDED_BY_ROLE else {}
        assert_same(option, {**variable, **decided}, name)


def assert_same(option: dict[str, Any], variable: dict[str, Any], name: str) -> None:
    for key in ("type", "elements", "default"):
        assert variable.get(key) == option.get(key), f"{name}: {key}"
    assert set(option.get("choices", [])) <= set(variable.get("choices", [])), name
    inner = option.get("suboptions") or {}
    assert set(variable.get("options") or {}) == set(inner), name
    for key, value in inner.items():
        assert_same(value, variable["options"][key], f"{name}.{key}")


def test_no_variable_without_an_option_behind_it() -> None:
    options = module_options("cleanup")
    known = {PREFIX + name for name in set(options) | OWN}
    assert set(all_options()) <= known


def test_every_key_of_maintenance_reaches_the_module_or_is_the_roles_own() -> None:
    keys = set(all_options()["registry_cleanup_maintenance"]["options"])
    assert keys - set(module_options("maintenance")) == {"enter_tasks", "leave_tasks"}
    passed = (ROLE / "tasks/steps/options.yml").read_text()
    assert set(re.findall(r"registry_cleanup_maintenance\.(\w+)", passed)) == keys


@pytest.mark.parametrize("inventory", ["inventory.yml", "fleet.yml"])
def test_the_examples_say_nothing_that_the_role_would_refuse(inventory: str) -> None:
    validator = ArgumentSpecValidator(entry_points()["main"])
    found = InventoryManager(DataLoader(), sources=str(ROOT / "examples" / inventory))
    variables = VariableManager(DataLoader(), found)
    assert found.get_hosts("registries")
    for host in found.get_hosts("registries"):
        given = {name: value for name, value in variables.get_vars(host=host).items() if name.startswith(PREFIX)}
        assert given
        assert not validator.validate(given).error_messages, host.name


# What hosts of one storage may differ in: how each is reached, closed and shown, and what is asked of the API alone.
EACH_HOSTS_OWN = {"maintenance", "registry_config", "registry_environment", "registry_endpoints", "storage"}
EACH_HOSTS_OWN |= {"plan", "plans", "progress_interval", "reconnect_timeout", "report_dir", "shared_storage"}
EACH_HOSTS_OWN |= {"overwrite_shared_tags", *module_options("registry_info")} - {"repositories", "exclude_repositories"}


def test_hosts_of_one_storage_must_agree_in_everything_else() -> None:
    first = load("tasks/steps/unit.yml")[0]
    agreed = {name.removeprefix(PREFIX) for name in first["vars"]["__registry_cleanup_settings"]}
    assert agreed == {name.removeprefix(PREFIX) for name in entry_points()["main"]} - EACH_HOSTS_OWN
