# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists by pages: whole, each name once, and never without end. How real ones page is in tests/real/test_client.py."""

from __future__ import annotations

import json
from typing import Any, Callable, Sequence
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import RegistryError
from ansible_collections.drydock.registry.plugins.module_utils._client.http import Answer
from ansible_collections.drydock.registry.plugins.module_utils._client.paging import PAGE_SIZE, names_in, read_pages

Ask = Callable[[str], Answer]


def page(names: Any, following: str = "") -> Answer:
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    return Answer("GET", "http://registry/v2/_catalog", 200, headers, json.dumps({"repositories": names}).encode())


def listed(ask: Ask) -> list[str]:
    return [name for names in read_pages(ask, names_in("repositories")) for name in names]


def server(names: Sequence[str], largest: int, *, links: bool = True, knows_last: bool = True) -> Ask:
    """A registry with a page size of its own, which may leave out the Link or not know what `last` is."""

    def ask(query: str) -> Answer:
        fields = {name: values[0] for name, values in parse_qs(query).items()}
        size = min(int(fields.get("n", largest)), largest)
        rest = [name for name in names if not knows_last or name > fields.get("last", "")]
        has_more = links and len(rest) > size
        return page(rest[:size], f"/v2/_catalog?n={size}&last={rest[size - 1]}" if has_more else "")

    return ask


@given(st.integers(0, 40), st.integers(1, 10))
def test_every_page_is_followed(count: int, largest: int) -> None:
    names = [f"{number:04}" for number in range(count)]
    assert listed(server(names, largest)) == names


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE])
def test_pages_without_a_link_are_asked_on(count: int) -> None:
    names = [f"{number:04}" for number in range(count)]
    assert listed(server(names, PAGE_SIZE, links=False)) == names


@pytest.mark.parametrize("count", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1])
def test_a_server_without_pages_gives_everything_at_once(count: int) -> None:
    names = [f"{number:04}" for number in range(count)]
    assert listed(server(names, count, links=False, knows_last=False)) == names


@pytest.mark.parametrize(
    "following",
    [
        "/v2/_catalog?last=b&n=2",
        "https://registry.internal:5000/wrong/prefix/v2/_catalog?last=b&n=2",
        "?last=b&n=2",
    ],
)
def test_of_the_next_address_only_the_query_counts(following: str) -> None:
    asked = list[str]()

    def ask(query: str) -> Answer:
        asked.append(query)
        return page(["c"]) if "last=b" in query else page(["a", "b"], following)

    assert listed(ask) == ["a", "b", "c"]
    assert asked == [f"n={PAGE_SIZE}", "last=b&n=2"]


@pytest.mark.parametrize(
    ("header", "is_followed"),
    [
        ('</v2/_catalog?last=b>; rel="next"', True),
        ("</v2/_catalog?last=b>; rel=next", True),
        ('</v2/_catalog?last=b>; title="more"; rel="next"', True),
        ('</v2/_catalog?last=>; rel="prev", </v2/_catalog?last=b>; rel="next"', True),
        ('</v2/_catalog?last=b>; rel="prev"', False),
        ('</v2/_catalog?last=b>; rel="nextish"', False),
        ("", False),
    ],
)
def test_link_headers(header: str, is_followed: bool) -> None:
    def ask(query: str) -> Answer:
        answer = page(["c"] if "last=b" in query else ["a", "b"])
        return answer if "last" in query else Answer("GET", answer.url, 200, {"Link": header}, answer.content)

    assert listed(ask) == (["a", "b", "c"] if is_followed else ["a", "b"])


@pytest.mark.parametrize(
    "pages",
    [
        # The next page is the same one.
        {"": (["a", "b"], "?last=b"), "b": (["c"], "?last=b")},
        # A ring of pages.
        {"": (["a"], "?last=a"), "a": (["b"], "?last=b"), "b": (["c"], "?last=a")},
        # Ever new queries, never a new name.
        {"": (["a", "b"], "?last=b"), "b": (["a", "b"], "?last=b1"), "b1": (["a", "b"], "?last=b2")},
        # Back to the beginning.
        {"": (["a"], "?last=")},
        # An empty page that says it has a next one.
        {"": ([], "?last=a")},
    ],
)
def test_pages_that_lead_nowhere(pages: dict[str, tuple[list[str], str]]) -> None:
    def ask(query: str) -> Answer:
        return page(*pages[parse_qs(query).get("last", [""])[0]])

    with pytest.raises(RegistryError, match=r"GET http://registry/v2/_catalog: .*lead nowhere after \d names"):
        listed(ask)


def test_a_list_that_goes_away_while_it_is_read() -> None:
    pages = iter([page(["a"], "?last=a"), None])
    with pytest.raises(RegistryError, match="went away after 1 names"):
        list(read_pages(lambda _query: next(pages), names_in("repositories")))


def test_names_that_come_twice_are_listed_once() -> None:
    assert listed(lambda query: page(["b", "c", "c"]) if "last" in query else page(["a", "b", "a"], "?last=b")) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b'{"repositories": "a"}', b'{"repositories": [1]}'])
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(RegistryError, match="expected JSON with a list 'repositories'"):
        names_in("repositories")(Answer("GET", "http://registry/v2/_catalog", 200, {}, body))


def test_null_is_an_empty_list() -> None:
    assert listed(lambda _query: page(None)) == []


def after_first_page(link: str) -> list[str]:
    """The queries that are asked where the first page comes with this Link."""
    asked = list[str]()

    def ask(query: str) -> Answer:
        asked.append(query)
        first = Answer("GET", "http://registry/v2/_catalog", 200, {"Link": link}, b'{"repositories": ["a"]}')
        return page(["b"]) if len(asked) > 1 else first

    list(read_pages(ask, names_in("repositories")))
    return asked[1:]


@pytest.mark.parametrize(
    "link",
    [
        '</v2/x?last=a>; rel="next"',
        "</v2/x?last=a>;rel=next",
        '</v2/x?last=a>; rel="prefetch next"',
        '</v2/x?last=a>; REL="NEXT  last"',
        '</v2/x?last=a>; title="a, <b>; rel=prev"; rel="next"',
        '</v2/x?last=0>; rel="prev", </v2/x?last=a>; rel="next"',
        '</v2/x?last=0>; rel="prev";anchor, </v2/x?last=a> ; rel = next',
        '</v2/x?last=a>; rel="next',
    ],
)
def test_the_next_page_is_known_by_one_of_its_relations(link: str) -> None:
    assert after_first_page(link) == ["last=a"]


@pytest.mark.parametrize(
    "link",
    [
        "",
        '</v2/x?last=a>; rel="next-archive"',
        '</v2/x?last=a>; rel="prev first"',
        '</v2/x?last=a>; rel="prev"; rel="next"',
        '</v2/x?last=a>; title="; rel=next"',
        '</v2/x?last=a>; relation="next"',
    ],
)
def test_other_relations_lead_to_no_page(link: str) -> None:
    assert after_first_page(link) == []
