# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes: counted once, and a part of it is covered by the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Debris, Tag
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Counts, Removal, RepositoryRemoval

NAMES = st.sampled_from("abc")
links = st.dictionaries(NAMES, st.just(1.0))
weights = st.dictionaries(NAMES, st.integers(0, 9).map(lambda size: Weight(size, 1.0)))
repository_removals = st.builds(
    RepositoryRemoval,
    st.dictionaries(NAMES, st.just(Tag("a", "b", None))),
    links,
    links,
    weights,
    st.booleans(),
)
removals = st.builds(
    Removal,
    st.dictionaries(NAMES, repository_removals),
    weights,
    st.dictionaries(NAMES, st.just(Debris(None, 4, 1.0))),
)


@given(removals, removals)
def test_what_covers_another_counts_no_less(one: Removal, other: Removal) -> None:
    assert one.covers(one)
    assert one.covers(Removal())
    if one.covers(other):
        assert all(more >= less for more, less in zip(one.counts()[:-1], other.counts()[:-1]))
    if one.covers(other) and other.covers(one):
        assert one.counts()[:-1] == other.counts()[:-1]


@given(repository_removals)
def test_an_empty_one_is_nothing_and_is_covered_by_no_entry_at_all(gone: RepositoryRemoval) -> None:
    assert gone.is_nothing() == (gone == RepositoryRemoval())
    assert Removal().covers(Removal({"a": gone})) == gone.is_nothing()


def test_each_kind_is_counted_and_bytes_are_those_of_blobs_uploads_and_debris() -> None:
    gone = RepositoryRemoval({"v1": Tag("v1", "d", 1.0)}, {"m": 1.0}, {"l": 1.0}, {"u": Weight(5, 1.0)}, True)
    removal = Removal({"a": gone}, {"b": Weight(7, 1.0)}, {"path": Debris(None, 11, 1.0)}, left_untagged=3)
    assert removal.counts() == Counts(1, 1, 1, 1, 1, 1, 1, bytes=23)
    assert Counts().is_nothing()
    assert not removal.counts().is_nothing()


def test_what_is_left_to_the_registrys_own_collector_makes_no_other_removal() -> None:
    assert Removal(left_untagged=3) == Removal()
