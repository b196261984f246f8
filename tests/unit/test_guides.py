# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the guides show can be copied: each variable, policy, playbook and make target is there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import DAY, NOW, OCI, digest, settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
GUIDES = sorted((ROOT / "docs/docsite/rst").glob("*.rst"))
TEXT = "\n".join(path.read_text() for path in [README, *GUIDES])
ENTRY_POINTS = yaml.safe_load((ROOT / "roles/registry_cleanup/meta/argument_specs.yml").read_text())["argument_specs"]
STEPS = ROOT / "roles/registry_cleanup/tasks/steps"
OPTIONS = ENTRY_POINTS["main"]["options"]


def shown(path: Path) -> list[Any]:
    """Return what each block of YAML in a document says."""
    if path.suffix == ".md":
        blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)
    else:
        found = re.finditer(r"^( *)\.\. code-block:: yaml\n\n((?:\1   .*\n|\n)+)", path.read_text(), re.MULTILINE)
        blocks = [match[2] for match in found]
    return [yaml.safe_load(textwrap.dedent(block)) for block in blocks]


def variables_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the variables of the role that stand together, at any depth."""
    if isinstance(value, dict):
        found = {name: one for name, one in value.items() if str(name).startswith("registry_cleanup_")}
        yield from [found] if found else []
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from variables_in(one)


@pytest.mark.parametrize("path", [README, *GUIDES], ids=lambda path: path.stem)
def test_the_role_takes_what_is_shown(path: Path) -> None:
    for given in variables_in(shown(path)):
        assert not ArgumentSpecValidator(OPTIONS).validate(given).error_messages
        settings(policies=given.get("registry_cleanup_policies", []))


@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("all_but_the_latest/registries.yml", README),
        ("all_but_the_latest/registries.yml", ROOT / "docs/docsite/rst/guide_first.rst"),
        ("group_vars/proxied.yml", ROOT / "docs/docsite/rst/guide_maintenance.rst"),
        ("group_vars/on_nfs.yml", ROOT / "docs/docsite/rst/guide_fleet.rst"),
        ("group_vars/on_s3.yml", ROOT / "docs/docsite/rst/guide_s3.rst"),
    ],
)
def test_the_files_shown_are_those_of_examples(example: str, path: Path) -> None:
    assert yaml.safe_load((ROOT / "examples" / example).read_text()) in shown(path)


def test_the_policies_to_copy_are_those_of_examples() -> None:
    example = yaml.safe_load((ROOT / "examples/group_vars/registries.yml").read_text())
    assert {"registry_cleanup_policies": example["registry_cleanup_policies"]} in shown(README)


#: What a team's repository may hold: names, and the days since each was pushed.
TAGS = {
    "latest": 20.0,
    "main": 20.0,
    "fix-login": 60.0,
    "nightly": 0.5,
    **{f"1.0.{patch}": 300.0 - patch for patch in range(12)},
    **{f"v1.1.{patch}": 200.0 - patch for patch in range(11)},
    "2.0.0": 100.0,
    "2.0.0-rc.1": 110.0,
    "pr-1": 15.0,
    "pr-2": 13.0,
    "mr-3": 90.0,
    "release-7": 400.0,
}
OLD_PATCHES = {"1.0.0", "1.0.1", "v1.1.0"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all but the latest", TAGS.keys() - {"latest", "nightly"}),
        ("releases", OLD_PATCHES),
        ("builds of pull requests", {"pr-1", "mr-3"}),
        ("builds", {*(f"1.0.{patch}" for patch in range(12)), *(f"v1.1.{patch}" for patch in range(10))}),
    ],
)
def test_a_policy_to_copy_deletes_what_its_name_says_and_nothing_else(name: str, expected: set[str]) -> None:
    policies = [
        policy
        for given in variables_in(shown(ROOT / "docs/docsite/rst/guide_policies.rst"))
        for policy in given.get("registry_cleanup_policies", [])
        if policy["name"] == name
    ]
    assert policies
    assert deleted_by([policies[-1]]) == expected


def test_the_policies_of_the_readme_delete_builds_and_old_patches_only() -> None:
    example = yaml.safe_load((ROOT / "examples/group_vars/registries.yml").read_text())
    assert not [name for name in example if name.startswith("registry_cleanup_max_")], "a first run would be refused"
    assert deleted_by(example["registry_cleanup_policies"]) == {*OLD_PATCHES, "pr-1"}


def deleted_by(policies: list[dict[str, Any]]) -> set[str]:
    repository = Repository("team/app")
    for number, (tag, days) in enumerate(TAGS.items(), 1):
        repository.tags[tag] = Tag(tag, digest(number), NOW - days * DAY)
        repository.revisions[digest(number)] = NOW - days * DAY
    graph = Graph(repositories={"team/app": repository})
    graph.manifests = {found: Manifest(OCI, 1, config=digest(900)) for found in repository.revisions}
    decisions = retain(graph, settings(policies=policies), NOW).decisions["team/app"]
    return {decision.tag.name for decision in decisions if not decision.is_kept}


def test_what_runs_is_read_from_a_file(tmp_path: Path) -> None:
    """As the guide says, and what is read is taken: tags, digests, and ids as `docker inspect` tells them."""
    in_use = ["team/app:1.4.2", f"registry.example.com/team/web@{digest(1)}", digest(2)]
    (tmp_path / "in-use.txt").write_text("\n".join([*in_use, digest(2), ""]))
    (given,) = (
        found["registry_cleanup_protect_images"]
        for found in variables_in(shown(ROOT / "docs/docsite/rst/guide_policies.rst"))
        if "registry_cleanup_protect_images" in found
    )
    found = Templar(DataLoader(), {"inventory_dir": str(tmp_path)}).template(trust_as_template(given))
    assert found == in_use
    settings(protect_images=found)


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README.read_text()))
    assert named
    assert named <= targets


def with_its_files(playbook: str) -> str:
    """Return the text of a playbook, then those of what it imports and of its files of variables."""
    text = (ROOT / "playbooks" / playbook).read_text()
    return "\n".join(
        [text, *map(with_its_files, re.findall(r"(?:import_playbook: |vars_files: \[)([\w/]+\.yml)", text))]
    )


@pytest.mark.parametrize("name", ["preview", "cleanup", "restore"])
def test_the_guide_tells_the_variables_of_each_playbook(name: str) -> None:
    guide = (ROOT / "docs/docsite/rst/guide_playbooks.rst").read_text()
    section = re.search(rf"^``drydock\.registry\.{name}``\n-+\n(.*?)^(?:``|A )", guide, re.DOTALL | re.MULTILINE)
    assert section
    rows = re.findall(r"\* - ``(\w+)``\n     - .*\n     - `*(\w+)`*", section[1])
    text = with_its_files(f"{name}.yml")
    from_outside = set(re.findall(r"\bregistry_cleanup_\w+", text)) - {*OPTIONS, "registry_cleanup_batches"}
    assert {variable for variable, _default in rows} == from_outside
    for variable, default in rows:
        given = re.search(rf"{variable} \| default\('?(\w+)'?\)", text)
        wanted = ENTRY_POINTS["restore"]["options"].get(variable, {}).get("default")
        assert default.lower() == str(given[1] if given else "all" if wanted is None else wanted).lower()


def test_every_playbook_named_exists_and_none_is_missing() -> None:
    named = set(re.findall(r"ansible-playbook drydock\.registry\.(\w+)", TEXT))
    playbooks = {path.name: yaml.safe_load(path.read_text()) for path in (ROOT / "playbooks").glob("*.yml")}
    parts = {play.get("ansible.builtin.import_playbook") for plays in playbooks.values() for play in plays}
    assert named <= {Path(name).stem for name in playbooks}
    assert {Path(name).stem for name in playbooks.keys() - parts} <= set(re.findall(r"drydock\.registry\.(\w+)", TEXT))


def test_every_variable_named_is_one() -> None:
    known = {name for entry_point in ENTRY_POINTS.values() for name in entry_point["options"]}
    of_playbooks = set(re.findall(r"registry_cleanup_\w+", (ROOT / "playbooks/cleanup.yml").read_text()))
    passed_on = set(re.findall(r"'(registry_cleanup_\w+)'", (STEPS / "pass_on.yml").read_text()))
    passed_on |= set(re.findall(r"^ +(registry_cleanup_result):", (STEPS / "result.yml").read_text(), re.MULTILINE))
    assert set(re.findall(r"registry_cleanup_\w+", TEXT)) <= known | of_playbooks | passed_on


def test_every_guide_is_in_the_table_of_contents_and_in_the_readme() -> None:
    sections = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text())["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [path.stem for path in GUIDES]
    assert {f"docs/docsite/rst/{name}.rst" for name in listed} <= set(re.findall(r"\(([\w/.]+)\)", README.read_text()))
