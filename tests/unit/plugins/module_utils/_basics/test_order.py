# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a version, and which comes after which."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.order import natural_key, version_key

NOT_VERSIONS = [
    "latest", "edge", "", "v", "4f2a9c1", "1234567", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "1337", "20240115",
    "2024-01-15", "20240115-1", "42-fix-login", "1-rc1", "pr-42", "1.", "1..2", "1.2.", "1.2.x", "1.2-", "1.2.3-a..b",
    "1.2.0.Final", "1.2fix", "1.2.0_a_b", "1.2.0-4f2a9c1", "1.2.0-4f2a9c1-dirty", "1.2.0-5-g4f2a9c1", "v4f2a9c1",
    "v1.2.0-5-g4f2a9c1-dirty", "1.2.0.post", "-1.2", "1.2 ", "1,2", "٣.٤",
]  # fmt: skip


@pytest.mark.parametrize("tag", NOT_VERSIONS)
def test_what_is_no_version(tag: str) -> None:
    assert version_key(tag) is None


#: Each comes before those in the lines below it; what is in one line is equal. The first are those of semver.org.
ASCENDING = [
    ["0.0.0", "v0"],
    ["0.9"],
    ["1.0.0-alpha"],
    ["1.0.0-alpha.1"],
    ["1.0.0-alpha.beta"],
    ["1.0.0-beta"],
    ["1.0.0-beta.2"],
    ["1.0.0-beta.11"],
    ["1.0.0-rc.1"],
    ["1.0.0-rc2", "1.0.0rc2", "1.0.0.rc2", "v1.0rc2"],
    ["1.0.0-rc10"],
    ["1.0.0", "1.0", "v1", "V1.0.0", "1.0.0+build.5", "1.0.0_build.5", "1.0.0_4f2a9c1"],
    ["1.0.0.post1", "1.0.post1", "1.0.0post1"],
    ["1.0.0.post10"],
    ["1.0.1.dev3"],
    ["1.0.1"],
    ["1.2.0-20240115"],
    ["1.2.0-SNAPSHOT", "1.2.0.SNAPSHOT", "1.2-SNAPSHOT_4"],
    ["1.2.0-alpine"],
    ["1.2.0"],
    ["1.2.0.1"],
    ["1.9"],
    ["1.10"],
    ["2024.01.15"],
    ["v20240115"],
]


def test_the_order_of_versions() -> None:
    keys = [[version_key(tag) for tag in line] for line in ASCENDING]
    assert [tag for line in ASCENDING for tag in line if version_key(tag) is None] == []
    assert all(len(set(line)) == 1 for line in keys)
    assert all(earlier[0] < later[0] for earlier, later in combinations(keys, 2))  # type: ignore[operator]


numbers = st.integers(0, 12)
identifiers = st.integers(0, 12).map(str) | st.sampled_from(["alpha", "beta", "rc", "rc-x", "-", "x-y-z"])
versions = st.tuples(numbers, numbers, numbers, st.lists(identifiers, max_size=3), st.sampled_from(["", "_b", "_5.x"]))
Version = tuple[int, int, int, list[str], str]


def written(version: Version) -> str:
    before = f"-{'.'.join(version[3])}" if version[3] else ""
    return f"{version[0]}.{version[1]}.{version[2]}{before}{version[4]}"


def compare(one: Version, other: Version) -> int:
    """Section 11 of Semantic Versioning 2.0.0, sentence by sentence. Returns a negative number, 0 or a positive one."""
    if one[:3] != other[:3]:
        return -1 if one[:3] < other[:3] else 1
    if bool(one[3]) != bool(other[3]):
        return -1 if one[3] else 1
    for left, right in zip(one[3], other[3]):
        if left == right:
            continue
        if left.isdigit() and right.isdigit():
            return int(left) - int(right)
        if left.isdigit() or right.isdigit():
            return -1 if left.isdigit() else 1
        return -1 if left < right else 1
    return len(one[3]) - len(other[3])


@given(st.lists(versions, max_size=12))
def test_the_order_is_that_of_semantic_versioning(found: list[Version]) -> None:
    ours = sorted(found, key=lambda version: (version_key(written(version)), natural_key(written(version))))
    theirs = sorted(found, key=cmp_to_key(compare))
    assert [version_key(written(version)) for version in ours] == [version_key(written(version)) for version in theirs]


tags = st.text("019abgvrcdpost.-_+", max_size=12)


@given(st.lists(tags | st.from_regex(r"\Av?[0-9]\.[0-9](\.post|-rc\.|rc|-|_)?[0-9a]{0,2}\Z"), max_size=12))
def test_every_two_versions_can_be_compared_and_the_order_is_one(names: list[str]) -> None:
    keyed = {name: version_key(name) for name in names}
    ranks = [(key, natural_key(name)) for name, key in keyed.items() if key is not None]
    ranked, again = list(ranks), ranks[::-1]
    ranked.sort()
    again.sort()
    assert ranked == again
    assert all(earlier < later for earlier, later in combinations(ranked, 2))
