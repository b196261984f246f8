# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the old registry puts things: every name comes back from its path, and no other name does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._layout import v1_paths

NAMESPACES = st.text("ab0_", min_size=1, max_size=4)
RESTS = st.text("ab/+ %~é", min_size=1, max_size=8)


def test_what_stands_after_the_namespace_is_quoted_twice() -> None:
    assert v1_paths.repository("a/b/c") == "repositories/a/b%252Fc"
    assert v1_paths.repository_name("a", "b/c") is None
    assert v1_paths.repository_name("a", "b%2Fc") is None


@given(NAMESPACES, RESTS)
def test_a_repository_comes_back_from_its_directory(namespace: str, rest: str) -> None:
    _top, found, directory = v1_paths.repository(f"{namespace}/{rest}").split("/", 2)
    assert v1_paths.repository_name(found, directory) == f"{namespace}/{rest}"


@given(st.text(min_size=1, max_size=8).filter(str.isprintable))
def test_a_tag_comes_back_from_its_file(name: str) -> None:
    path = v1_paths.tag("a/b", name)
    quoted = v1_paths.tag_in(path.rpartition("/")[2])
    assert quoted is not None
    assert v1_paths.tag_name(quoted) == name
    assert v1_paths.tag_companion("a/b", name).endswith(f"/{v1_paths.companion(quoted)}")
    assert v1_paths.is_companion(v1_paths.companion(quoted))


def test_what_goes_with_a_repository_is_no_tag() -> None:
    assert [name for name in v1_paths.FILES if v1_paths.tag_in(name) is not None] == []
    assert v1_paths.index("a/b").rpartition("/")[2] in v1_paths.FILES
    assert v1_paths.repository_json("a/b").rpartition("/")[2] in v1_paths.FILES
