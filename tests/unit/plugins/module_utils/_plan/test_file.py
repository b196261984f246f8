# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan files: nothing of what a reviewer reads can be edited, and whatever stands in one, an error tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.durable import write_durably
from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import PlanError
from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Debris, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal, RepositoryRemoval
from ansible_collections.drydock.registry.plugins.module_utils._plan.file import FORMAT, dump_plan, load_plan
from ansible_collections.drydock.registry.plugins.module_utils._plan.plan import Plan
from ansible_collections.drydock.registry.plugins.module_utils._retention.rules import Decision
from ansible_collections.drydock.registry.plugins.module_utils._storage.own_files import read_text
from support.graphs import LAYERS, MANIFESTS

OLD, KEPT = Tag("1.9", MANIFESTS[0], 5.5), Tag("1.10", MANIFESTS[1], None)
PLAN = Plan(
    source={"storage": "filesystem", "rootdirectory": "/srv"},
    options={"allow_empty": False, "repositories": ["**"], "policies": [{"name": "test", "keep_n": 1}]},
    now=9.5,
    removal=Removal(
        {
            "app": RepositoryRemoval(
                {"1.9": OLD}, {MANIFESTS[0]: 5.5}, {LAYERS[0]: 5.0}, {"u": Weight(3, 4.0)}, is_removed=False
            )
        },
        {MANIFESTS[0]: Weight(7, 5.0)},
        {"a/b": Debris(None, 2, 3.0), "c": Debris("app", 0, 1.0)},
    ),
    decisions={"app": [Decision(OLD, False, "deleted: old"), Decision(KEPT, True, "kept: newest 1 of 2")]},
)
TEXT = "".join(dump_plan(PLAN))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, "\ud800", "\udc80", "app", *MANIFESTS[:2], FORMAT, "drydock.registry/plan/1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)


def loaded(text: str) -> Plan | None:
    """The plan in the text, None where that is refused as it should be."""
    said: list[str] = []
    try:
        return load_plan(text, "plan.json")
    except PlanError as error:
        said.append(str(error))
    assert "plan.json" in said[0]
    assert len(said[0]) < 2000
    return None


@given(st.integers(0, len(list(places(json.loads(TEXT)))) - 1), values)
def test_whatever_value_is_edited_nothing_else_than_the_plan_is_loaded(index: int, value: Any) -> None:
    data = json.loads(TEXT)
    container, key = list(places(data))[index]
    container[key] = value
    assert loaded(json.dumps(data)) in (None, PLAN)


@given(st.integers(0, len(list(places(json.loads(TEXT)))) - 1), st.text(), values)
def test_a_key_more_or_less_is_refused(index: int, name: str, value: Any) -> None:
    data = json.loads(TEXT)
    container, key = list(places(data))[index]
    del container[key]
    assert loaded(json.dumps(data)) is None
    data = json.loads(TEXT)
    container, key = list(places(data))[index]
    if isinstance(container, dict) and name not in container:
        container[name] = value
        assert loaded(json.dumps(data)) is None


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_whatever_letter_is_edited_nothing_else_than_the_plan_is_loaded(index: int, letter: str) -> None:
    assert loaded(TEXT[:index] + letter + TEXT[index + 1 :]) in (None, PLAN)
    assert loaded(TEXT[:index]) in (None, PLAN)


@pytest.mark.parametrize(
    "edit", [("deleted: old", "deleted: new"), ('"now": 9.5', '"now": 9.25'), ('"tags":1', '"tags":0')]
)
def test_what_a_reviewer_reads_can_not_be_edited(edit: tuple[str, str]) -> None:
    assert edit[0] in TEXT
    with pytest.raises(PlanError, match=r"plan\.json was changed since it was made"):
        load_plan(TEXT.replace(*edit), "plan.json")


def test_a_key_twice_is_refused() -> None:
    """A reader may have seen the first, and the second would be taken."""
    with pytest.raises(PlanError, match="a key stands twice"):
        load_plan(TEXT.replace('"now": 9.5', '"now": 1.0,\n"now": 9.5'), "plan.json")


def test_a_plan_of_an_older_version_is_told_from_what_is_none() -> None:
    with pytest.raises(PlanError, match=r"the format is 'drydock\.registry/plan/1', .* make the plan again"):
        load_plan(TEXT.replace(FORMAT, "drydock.registry/plan/1"), "plan.json")
    with pytest.raises(PlanError, match="is not a plan of this collection"):
        load_plan('{"format": "something/else"}', "plan.json")


def test_white_space_does_not_matter() -> None:
    assert load_plan(json.dumps(json.loads(TEXT), indent=4), "plan.json") == PLAN


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '{"format":' * 100_000, '{"now": NaN}'])
def test_no_plan_at_all(text: str) -> None:
    assert loaded(text) is None


def test_a_path_that_is_not_utf_8_survives_the_file(tmp_path: Path) -> None:
    """As any stray file may have one, and os.listdir returns it."""
    plan = replace(PLAN, removal=Removal(debris={"link.\udcff.tmp": Debris("app", 0, 1.0)}))
    path = str(tmp_path / "plan.json")
    write_durably(path, dump_plan(plan))
    assert load_plan(read_text(path), path) == plan
