# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a cleanup over the API costs a registry: none that the policies do not need."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from support import images
from support.pushing import Repository
from support.registries import NewRegistry
from support.scripted import NewScripted, Request, Scripted
from support.sweeping import successful
from support.sweeping_api import cleanup_over_api, date, deletes_tags

# Of these every fourth is an index of two platforms, which no other has.
TAGS, INDEXES = 20, 5
BY_NAME = {"name": "test", "keep_n": TAGS - 4, "sort_by": "name"}
# The four that go by name are one index and three images.
GOING, PLATFORMS_GOING = 4, 2
# By whose places they go.
IMAGES_STAYING, PLATFORMS_STAYING = TAGS - INDEXES - 3, 2 * (INDEXES - 1)


@pytest.fixture
def watched(version: str, new_registry: NewRegistry, scripted: NewScripted) -> Scripted:
    registry = new_registry(version, delete_enabled=True)
    repository = Repository(registry, "app")
    for number in range(TAGS):
        made = images.image if number % (TAGS // INDEXES) else images.multi_platform
        repository.push(made(str(number), created=date(TAGS - number)), f"build-{number}")
    proxy: Scripted = scripted(registry=registry)
    return proxy


def by_tag(watched: Scripted) -> bool:
    assert watched.registry is not None
    return deletes_tags(watched.registry)


def requests_of(watched: Scripted, *, check: bool = True, **options: Any) -> dict[str, int]:
    """How many of each kind one run makes."""
    watched.requests.clear()
    successful(cleanup_over_api(watched, check=check, **options))
    return dict(Counter(map(_kind, watched.requests)))


def _kind(request: Request) -> str:
    parts = {"probe": "drydock-probe", "catalogue": "_catalog", "tags": "/tags/", "manifest": "/manifests/"}
    parts.update(blob="/blobs/", version="/v2/")
    return f"{request.method} {next(kind for kind, part in parts.items() if part in request.path)}"


def test_a_registry_in_which_nothing_goes(watched: Scripted) -> None:
    keeping = [{"name": "test", "keep_n": TAGS, "older_than": "1d"}]
    expected = {"GET version": 1, "GET catalogue": 1, "GET tags": 1, "GET manifest": TAGS}
    assert requests_of(watched, policies=keeping) == expected
    del expected["GET catalogue"], expected["GET version"]
    assert requests_of(watched, policies=keeping, repositories=["app"], api_version="v2") == expected


def test_no_dates_are_read_that_no_rule_needs(watched: Scripted) -> None:
    """Where digests go, all parts of all indexes are read too, for what these say of them may be wrong.

    Of the images that take the place of others, each with a configuration and a layer, all parts are looked for.
    """
    looks = {"DELETE probe": 1} if by_tag(watched) else {"DELETE probe": 1, "DELETE manifest": 1}
    manifests = TAGS + PLATFORMS_STAYING if by_tag(watched) else TAGS + 2 * INDEXES
    looks.update({"GET manifest": manifests, "HEAD blob": 2 * (IMAGES_STAYING + PLATFORMS_STAYING)})
    expected = {"GET version": 1, "GET catalogue": 1, "GET tags": 1, **looks}
    assert requests_of(watched, policies=[BY_NAME]) == expected


def test_a_date_costs_one_request_for_each_image(watched: Scripted) -> None:
    by_date = [{"name": "test", "keep_n": TAGS - 4, "keep_tags": ["build-19"]}]
    seen = requests_of(watched, policies=by_date)
    assert seen["GET manifest"] == TAGS + 2 * INDEXES
    assert seen["GET blob"] == (TAGS - INDEXES - 1) + 2 * INDEXES
    # The configurations were read for their dates.
    assert seen["HEAD blob"] == (TAGS - INDEXES - 1 - 4) + 2 * INDEXES
    assert seen["GET tags"] == 1


def test_a_deletion_costs_two_requests_for_each_tag(watched: Scripted) -> None:
    """By digest, all tags of the repository are asked once more, and listed before and after."""
    preview = Counter(requests_of(watched, policies=[BY_NAME]))
    run = Counter(requests_of(watched, check=False, policies=[BY_NAME]))
    if by_tag(watched):
        assert run - preview == {"HEAD manifest": GOING, "DELETE manifest": GOING}
    else:
        assert run - preview == {
            "GET tags": 2,
            "HEAD manifest": TAGS,
            "DELETE manifest": GOING + PLATFORMS_GOING,
        }
    assert preview - run == {}
