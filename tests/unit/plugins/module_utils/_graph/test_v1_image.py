# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image of the old registry is based on: both of its files must say the same, or all that they name counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.v1_image import (
    UPLOADING,
    Files,
    as_damaged,
    bases_in,
    is_image_id,
    parse_image,
)

IMAGE, PARENT, ROOT, OTHER = (f"{number:064x}" for number in range(1, 5))
SOUND = {"ancestry": [IMAGE, PARENT, ROOT], "json": {"id": IMAGE, "parent": PARENT}}


def parsed(is_uploading: bool = False, **files: Any) -> Any:
    content = {
        name: None if value is None else json.dumps(value).encode() for name, value in {**SOUND, **files}.items()
    }
    return parse_image(IMAGE, Files(content["json"], content["ancestry"], is_uploading), 7, {})


def test_a_sound_image_is_based_on_its_ancestors_the_nearest_first() -> None:
    image = parsed()
    assert (image.manifest.children, image.manifest.is_known, image.manifest.size) == ((PARENT, ROOT), True, 7)
    assert (image.problem, image.has_unknown_base) == (None, False)


def test_a_root_has_no_base() -> None:
    for said in ({"id": IMAGE}, {"id": IMAGE, "parent": None}, {"id": IMAGE, "parent": ""}):
        image = parsed(ancestry=[IMAGE], json=said)
        assert (image.manifest.children, image.problem) == ((), None)


@pytest.mark.parametrize(
    ("files", "bases", "problem"),
    [
        ({"ancestry": None}, {PARENT}, "its ancestry is missing or broken"),
        ({"ancestry": [PARENT, ROOT]}, {PARENT}, "its ancestry is missing or broken"),
        ({"ancestry": [IMAGE, PARENT, PARENT]}, {PARENT}, "its ancestry is missing or broken"),
        ({"ancestry": [IMAGE, "../x"]}, {PARENT}, "its ancestry is missing or broken"),
        ({"json": None}, {PARENT, ROOT}, "its json is missing or broken"),
        ({"json": {"id": OTHER, "parent": PARENT}}, {PARENT, ROOT}, "its json is missing or broken"),
        ({"json": {"id": IMAGE, "parent": IMAGE}}, {PARENT, ROOT}, "its json is missing or broken"),
        ({"json": {"id": IMAGE, "Parent": OTHER}}, {PARENT, ROOT}, "its json is missing or broken"),
        (
            {"json": {"id": IMAGE, "parent": OTHER}},
            {PARENT, ROOT, OTHER},
            "its ancestry and its json don't name the same",
        ),
        ({"json": {"id": IMAGE}}, {PARENT, ROOT}, "its ancestry and its json don't name the same parent"),
        ({"json": None, "ancestry": None}, set(), "its ancestry and json are missing or broken"),
    ],
)
def test_where_the_files_differ_all_that_they_name_stays(files: Any, bases: set[str], problem: str) -> None:
    image = parsed(**files)
    assert set(image.manifest.children) == bases
    assert not image.manifest.is_known
    assert image.problem.startswith(problem)
    assert image.has_unknown_base == (not bases)


def test_what_is_still_being_uploaded_is_not_understood() -> None:
    image = parsed(is_uploading=True)
    assert (image.manifest.media_type, image.manifest.is_known) == (UPLOADING, False)


def test_as_damaged_may_refer_to_anything() -> None:
    doubtful = as_damaged(parsed().manifest, (OTHER,))
    assert (doubtful.children, doubtful.is_known, doubtful.media_type) == ((OTHER,), False, "v1 image, damaged")
    assert as_damaged(parsed(is_uploading=True).manifest, ()).media_type == UPLOADING


@given(st.binary() | st.lists(st.sampled_from([IMAGE, PARENT, "x"])).map(lambda names: json.dumps(names).encode()))
def test_no_ancestry_raises_and_only_ids_come_out(content: bytes) -> None:
    assert all(is_image_id(base) for base in bases_in(IMAGE, content))
    assert IMAGE not in bases_in(IMAGE, content)
