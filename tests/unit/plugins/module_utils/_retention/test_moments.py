# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which push times and which image dates are believed, and when dates are asked for."""

from __future__ import annotations

import random
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import Retention, read_dates, retain
from support.graphs import DAY, HOUR, NOW, OCI, digest, settings

MINUTE = 60.0
EARLIEST_PUSH = 978307200.0
#: Tags as (name, seconds since the push, days since its image was built).
Row = tuple[str, float, Optional[float]]


def store(rows: list[Row]) -> tuple[Graph, dict[str, float]]:
    """One repository `app`, of which no date was read yet, and the dates that reading would tell."""
    repository, graph = Repository("app"), Graph()
    graph.repositories["app"] = repository
    dates = {}
    for number, (name, pushed, built) in enumerate(rows, start=1):
        repository.tags[name] = Tag(name, digest(number), NOW - pushed)
        repository.revisions[digest(number)] = NOW - pushed
        graph.manifests[digest(number)] = Manifest(OCI, 1, config=digest(1000 + number))
        if built is not None:
            dates[digest(number)] = NOW - built * DAY
    return graph, dates


def judged(rows: list[Row], **policy: Any) -> tuple[Retention, set[str]]:
    """The decisions, and whose dates were read for them."""
    graph, dates = store(rows)
    wanted = settings(policies=[policy])

    def read(into: Graph, digests: set[str]) -> None:
        assert digests
        into.created.update((found, dates[found]) for found in digests if found in dates)

    read_for = read_dates(graph, wanted, NOW, read)
    names = {tag.digest: tag.name for tag in graph.repositories["app"].tags.values()}
    return retain(graph, wanted, NOW), {names[found] for found in read_for}


def kept(rows: list[Row], **policy: Any) -> list[str]:
    retention, _read = judged(rows, **policy)
    return [decision.tag.name for decision in retention.decisions["app"] if decision.is_kept]


#: Twelve monthly builds, and the order in which a client goes through their tags.
MONTHLY = {f"1.{month}": 30.0 * (13 - month) for month in range(1, 13)}
NEWEST = ["1.10", "1.11", "1.12"]


def copied(pause: float, *, ago: float = 2 * HOUR) -> list[Row]:
    """All of them pushed one after the other with this pause, in the order of their names."""
    names = sorted(MONTHLY)
    return [(name, ago + pause * (len(names) - place), MONTHLY[name]) for place, name in enumerate(names)]


PAUSES = pytest.mark.parametrize("pause", [0.0, 0.009, 0.176, 0.273, 20.0, 20 * MINUTE, HOUR])


@PAUSES
def test_a_copy_is_ordered_by_image_dates_at_whatever_speed(pause: float) -> None:
    retention, read = judged(copied(pause), keep_n=3)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == NEWEST
    assert read == set(MONTHLY)
    assert "as after a copy; image dates are used instead" in retention.warnings[0]


@PAUSES
def test_what_was_copied_just_now_is_not_old(pause: float) -> None:
    retention, read = judged(copied(pause), older_than="30d")
    assert all(decision.is_kept for decision in retention.decisions["app"])
    # Nothing is older than its push, so that no date is needed to see it.
    assert (read, retention.warnings) == (set(), [])
    assert set(kept(copied(pause), keep_n=3, older_than="30d")) == set(MONTHLY)
    assert set(kept(copied(pause), keep_n=12, expire_after="200d")) == set(MONTHLY)


def test_a_copy_is_old_once_both_of_its_times_are() -> None:
    rows = copied(0.2, ago=31 * DAY)
    assert kept([*rows, ("young", 31 * DAY, 3.0)], older_than="30d") == ["young"]
    assert kept(rows, keep_n=3, older_than="30d") == NEWEST
    assert kept(rows, keep_n=3, older_than="32d") == [f"1.{month}" for month in range(1, 13)]


@pytest.mark.parametrize("gap", [0.009, 0.055, 0.2, 10 * MINUTE])
def test_quick_pushes_of_images_of_one_day_are_believed(gap: float) -> None:
    # The last that was pushed was built first.
    rows: list[Row] = [(f"b{number}", 40 * DAY - gap * number, 41 + 0.05 * number) for number in range(12)]
    retention, _read = judged(rows, keep_n=3)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == ["b9", "b10", "b11"]
    assert retention.warnings == []


def test_a_copy_is_still_seen_when_pushes_have_gone_on() -> None:
    nightly: list[Row] = [(f"2.{night}", (9 - night) * DAY, 9.01 - night) for night in range(9)]
    assert kept([*copied(0.176, ago=10 * DAY), *nightly], keep_n=12) == [*NEWEST, *(f"2.{n}" for n in range(9))]


def test_a_copy_into_a_repository_that_had_images_does_not_displace_them() -> None:
    own: list[Row] = [(f"2.{night}", (9 - night) * DAY, 9.01 - night) for night in range(3)]
    assert kept([*own, *copied(0.176)], keep_n=3) == ["2.0", "2.1", "2.2"]


def test_a_copy_into_a_large_repository_does_not_displace_its_images() -> None:
    own: list[Row] = [(f"2.{night}", (90 - night) * DAY, 90.01 - night) for night in range(80)]
    assert kept([*own, *copied(0.176)], keep_n=3) == ["2.77", "2.78", "2.79"]


def test_an_image_that_is_tagged_again_on_a_busy_day_is_no_copy() -> None:
    rows: list[Row] = [(f"b{number}", HOUR * (20 - number), (20 - number) / 24 + 0.01) for number in range(20)]
    retention, _read = judged([*rows, ("old", MINUTE, 90.0)], keep_n=1)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == ["old"]
    assert retention.warnings == []


def test_a_tag_that_was_added_later_does_not_make_an_image_new() -> None:
    graph, dates = store([("v1", 9 * DAY, 9.1), ("v2", HOUR / 2, 1.2)])
    graph.repositories["app"].tags["stable"] = Tag("stable", digest(1), NOW - MINUTE)
    graph.created = dates
    retention = retain(graph, settings(policies=[{"keep_n": 1}]), NOW)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == ["stable", "v1"]


def test_a_copy_of_images_without_dates_draws_a_warning_where_their_order_matters() -> None:
    rows: list[Row] = [(name, pushed, None) for name, pushed, _days in copied(0.176)]
    retention, _read = judged(rows, keep_n=3)
    assert "12 tags were pushed in one go, and the image dates of 12 of them are unknown" in retention.warnings[0]
    for policy in ({"keep_n": 3, "sort_by": "version"}, {"keep_n": 13}, {"older_than": "1h"}, {"keep_n": 0}):
        assert judged([*rows, ("young", MINUTE, 0.1)], **policy)[0].warnings == []


def test_a_roll_back_on_a_busy_day_is_no_copy() -> None:
    rows: list[Row] = [(f"1.{day}", (40 - day) * DAY, 40.1 - day) for day in range(30)]
    rows += [("2.0", 2 * HOUR, 1.0), ("1.9-again", HOUR, 30.0)]
    retention, read = judged(rows, keep_n=1)
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == ["1.9-again"]
    assert (read, retention.warnings) == (set(), [])


def test_images_without_a_date_stay_after_a_copy() -> None:
    rows = [*copied(0.2, ago=31 * DAY), ("undated", 31 * DAY, None)]
    retention, _read = judged(rows, keep_n=3, older_than="30d")
    assert [d.tag.name for d in retention.decisions["app"] if d.is_kept] == [*NEWEST, "undated"]
    # And with it the image that was built after its push: without that, it would be older than its push the next time.
    assert kept(rows, older_than="30d") == ["1.12", "undated"]


def test_images_built_after_their_push_show_that_it_was_none() -> None:
    rows: list[Row] = [("a", 900 * DAY, 3.0), ("b", 900 * DAY, 2.9)]
    assert kept(rows, older_than="30d") == ["a", "b"]


@pytest.mark.parametrize("clock", [NOW, NOW - EARLIEST_PUSH + 1, NOW - 315532800.0])
def test_a_clock_that_was_not_set_tells_no_push(clock: float) -> None:
    assert kept([("a", clock, 40.0), ("b", clock + 1, 2.0)], older_than="30d") == ["b"]


def test_what_lies_ahead_is_no_time_of_anything() -> None:
    rows: list[Row] = [("ahead", -400 * DAY, -400.0), ("a", 3 * DAY, 3.0), ("b", 2 * DAY, 2.0)]
    for sort_by in ("pushed", "created"):
        assert kept(rows, keep_n=1, sort_by=sort_by) == ["ahead", "b"]


def test_dates_are_asked_for_only_where_something_may_go_by_them() -> None:
    rows = copied(0.2, ago=31 * DAY)
    assert judged(rows, older_than="32d")[1] == set()
    assert judged(rows, keep_n=12)[1] == set()
    assert judged(rows, keep_n=3, sort_by="version")[1] == set()
    assert judged(rows, keep_n=3, sort_by="version", older_than="30d")[1] == set(MONTHLY)
    apart: list[Row] = [(name, days * DAY, days) for name, days in MONTHLY.items()]
    assert judged(apart, keep_n=3, older_than="30d")[1] == set()
    # The first pushes of a repository may have been a copy; that they were none needs no other date.
    early: list[Row] = [("first", 400 * DAY, 401.0), ("second", 400 * DAY - MINUTE, 400.1), *apart]
    assert judged(early, keep_n=3)[1] == {"first", "second"}


def stamped(graph: Graph, **policy: Any) -> list[str]:
    found = retain(graph, settings(policies=[{"sort_by": "created", **policy}]), NOW).decisions["app"]
    return [decision.tag.name for decision in found if not decision.is_kept]


def test_a_date_that_different_images_share_is_none() -> None:
    graph, _dates = store([("a", DAY, None), ("b", DAY, None), ("c", DAY, None)])
    graph.created = {digest(1): NOW - 90 * DAY, digest(2): NOW - 90 * DAY + 0.4, digest(3): NOW - 80 * DAY}
    assert stamped(graph, older_than="30d") == ["c"]
    retention = retain(graph, settings(policies=[{"sort_by": "created", "older_than": "30d"}], allow_empty=True), NOW)
    assert retention.warnings == [
        "app: 2 tags of unknown age are kept, such as a; 2 of them have images with one and the same date"
    ]


def test_one_image_under_several_names_shares_no_date_with_another() -> None:
    graph, _dates = store([("kept", HOUR, None), *((name, DAY, None) for name in ("one", "index", "amd64", "arm64"))])
    repository = graph.repositories["app"]
    repository.tags["same"] = Tag("same", digest(2), NOW - DAY)
    # An index, its parts, and the part that was only compressed anew are one build.
    graph.manifests[digest(3)] = Manifest(OCI, 1, children=(digest(4), digest(5)))
    graph.manifests[digest(2)] = Manifest(OCI, 1, config=digest(1004))
    graph.created = {digest(number): NOW - 90 * DAY for number in (2, 3, 4, 5)}
    graph.created[digest(1)] = NOW
    assert stamped(graph, older_than="30d") == ["amd64", "arm64", "index", "one", "same"]


def test_artifacts_that_share_their_empty_configuration_are_different() -> None:
    graph, _dates = store([("kept", HOUR, None), ("a", DAY, None), ("b", DAY, None)])
    for number in (2, 3):
        graph.manifests[digest(number)] = Manifest(OCI, 1, config=digest(900), created=NOW - 90 * DAY)
    graph.created = {digest(1): NOW, digest(2): NOW - 90 * DAY, digest(3): NOW - 90 * DAY}
    assert stamped(graph, older_than="30d") == []


@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=9, unique=True),
    st.floats(0, HOUR),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_a_whole_repository_pushed_in_one_go_keeps_the_newest_builds(
    days: list[int], pause: float, number: int, shuffled: random.Random
) -> None:
    order = list(days)
    shuffled.shuffle(order)
    rows: list[Row] = [(f"v{day}", HOUR + pause * place, float(day)) for place, day in enumerate(order)]
    expected = {f"v{day}" for day in sorted(days)[:number]}
    assert set(kept(rows, keep_n=number)) == expected
    assert len(kept(rows, older_than="30d")) == len(rows)


#: Rows of one copy: names, minutes since the push, days since the build; some dates are unknown.
COPIES = st.lists(st.tuples(st.integers(60, 200), st.none() | st.integers(1, 400)), min_size=2, max_size=30).map(
    lambda rows: [(f"1.{place}", minutes * MINUTE, built) for place, (minutes, built) in enumerate(rows)]
)


@given(COPIES, st.integers(1, 4), st.integers(0, 3))
def test_a_second_time_nothing_more_goes(rows: list[Row], keep_n: int, later: int) -> None:
    """Whatever was copied, and whatever was pushed before it: doubt keeps the next time, too."""
    rows = [*rows, *((f"0.{number}", 400 * DAY + number * DAY, 500.0 + number) for number in range(later))]
    left = kept(rows, keep_n=keep_n)
    assert kept([row for row in rows if row[0] in left], keep_n=keep_n) == left


def test_what_shows_that_a_repository_was_copied_stays_with_the_tags_of_unknown_age() -> None:
    """The newest by date would go for them the next time, for it was pushed first."""
    rows: list[Row] = [("4.0", 130 * MINUTE, 2.0), ("1.0", 120 * MINUTE, None), ("3.0", 110 * MINUTE, 30.0)]
    rows += [("2.0", 100 * MINUTE, 60.0), ("1.1", 90 * MINUTE, None)]
    retention, _read = judged(rows, keep_n=1)
    reasons = {decision.tag.name: decision.reason for decision in retention.decisions["app"]}
    assert {name for name, reason in reasons.items() if reason.startswith("deleted")} == {"2.0"}
    assert reasons["3.0"].startswith("kept: shows that its repository was copied")
    left = [row for row in rows if row[0] != "2.0"]
    assert kept(left, keep_n=1) == ["1.0", "1.1", "3.0", "4.0"]
