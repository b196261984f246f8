# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts share a storage; batches as Ansible makes them, and the members of a unit never apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.executor.playbook_executor import PlaybookExecutor
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.plugin_utils._fleet import NAME, batches, units

sizes = st.integers(-1, 8) | st.integers(1, 120).map("{}%".format) | st.integers(1, 8).map(str)
serials = sizes | st.lists(sizes, max_size=4)
hosts = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=12)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[str], dict[str, list[str]]]:
    """Hosts in some order, some of them in units."""
    names = draw(hosts)
    unit_of = {name: draw(st.none() | st.sampled_from("xyz")) for name in names}
    hostvars = {name: {"registry_cleanup_shared_storage": unit} for name, unit in unit_of.items()}
    return names, units(names, hostvars)


def as_ansible_does(names: list[str], serial: Any) -> list[list[str]]:
    executor = SimpleNamespace(_inventory=SimpleNamespace(get_hosts=lambda *_, **__: list(names)))
    play = SimpleNamespace(hosts="all", order=None, serial=serial if isinstance(serial, list) else [serial])
    found: list[list[str]] = PlaybookExecutor._get_serialized_batches(executor, play)
    return found


@given(hosts, serials)
def test_without_units_they_are_those_of_ansible(names: list[str], serial: Any) -> None:
    assert batches(names, {}, serial) == as_ansible_does(names, serial)


@given(fleets(), serials)
def test_every_host_is_in_one_batch_and_no_batch_is_empty(fleet: Any, serial: Any) -> None:
    names, together = fleet
    found = batches(names, together, serial)
    assert sorted(host for batch in found for host in batch) == sorted(names)
    assert all(found)


@given(fleets(), serials)
def test_a_unit_is_in_one_batch(fleet: Any, serial: Any) -> None:
    names, together = fleet
    found = batches(names, together, serial)
    for members in together.values():
        assert sum(bool(set(members) & set(batch)) for batch in found) == 1


@given(fleets(), serials)
def test_as_a_serial_of_a_play_these_sizes_give_these_batches(fleet: Any, serial: Any) -> None:
    names, together = fleet
    found = batches(names, together, serial)
    flat = [host for batch in found for host in batch]
    assert as_ansible_does(flat, [len(batch) for batch in found]) == found


@given(fleets(), st.integers(1, 8))
def test_only_a_unit_alone_makes_a_batch_larger(fleet: Any, size: int) -> None:
    names, together = fleet
    for batch in batches(names, together, size):
        assert len(batch) <= size or set(batch) in map(set, together.values())


def test_a_unit_stands_where_its_first_member_stands() -> None:
    assert batches(["a", "b", "c", "d"], {"nfs": ["d", "b"]}, 2) == [["a"], ["b", "d"], ["c"]]


def test_members_that_are_not_in_the_play_are_no_part_of_a_batch() -> None:
    assert batches(["a"], {"nfs": ["a", "b"]}, 1) == [["a"]]


@pytest.mark.parametrize("serial", ["many", "x%", ["1", "two"]])
def test_a_serial_that_is_none_is_named(serial: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="registry_cleanup_serial"):
        batches(["a"], {}, serial)


def test_hosts_of_one_name_are_one_unit_in_their_order() -> None:
    storages = {"a": "nfs", "c": "s3", "d": "nfs", "e": "", "f": None}
    hostvars: dict[str, Any] = {"b": {}, **{host: {NAME: storage} for host, storage in storages.items()}}
    assert units("dcbaef", hostvars) == {"nfs": ["d", "a"], "s3": ["c"]}
