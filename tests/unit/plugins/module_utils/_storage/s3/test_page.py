# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of a listing: read as botocore reads it, and refused where it is none."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from botocore.handlers import decode_list_object_v2
from botocore.parsers import RestXMLParser
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.bucket import page_of
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.page import (
    Entry,
    Page,
    parse_page,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-26T03:27:20.000Z", 1795663640.0),
        ("2026-11-26T03:27:20Z", 1795663640.0),
        ("2026-11-26T03:27:20.250Z", 1795663640.25),
    ],
)
def test_times(text: str, expected: float) -> None:
    assert parse_time(text) == expected


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
OBJECTS = st.lists(st.tuples(NAMES, st.integers(0, 2**40), st.integers(0, 4 * 10**12)))


def moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def answer(objects: list[tuple[str, int, int]], prefixes: list[str], truncated: str = "false") -> bytes:
    """What a server answers ListObjectsV2 with that was asked for `encoding-type=url`."""
    contents = "".join(
        f"<Contents><Key>{escape(quote(key))}</Key><LastModified>{moment(when)}</LastModified>"
        f"<ETag>&quot;{size}&quot;</ETag><Size>{size}</Size><Owner><ID>1</ID></Owner></Contents>"
        for key, size, when in objects
    )
    common = "".join(f"<CommonPrefixes><Prefix>{quote(one)}</Prefix></CommonPrefixes>" for one in prefixes)
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>{contents}{common}</ListBucketResult>"
    ).encode()


@lru_cache(maxsize=None)
def listing_shape() -> Any:
    return Session().get_service_model("s3").operation_model("ListObjectsV2").output_shape


@given(OBJECTS, st.lists(NAMES), st.sampled_from(["true", "false"]))
def test_a_page_is_what_botocore_reads(
    objects: list[tuple[str, int, int]], prefixes: list[str], truncated: str
) -> None:
    body = answer(objects, prefixes, truncated)
    parsed = RestXMLParser().parse({"status_code": 200, "headers": {}, "body": body}, listing_shape())
    decode_list_object_v2(parsed, {"encoding_type_auto_set": True})
    assert parse_page(body) == page_of(parsed)
    assert parse_page(body.replace(b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', b"")) == page_of(parsed)


def test_a_page_has_the_keys_themselves() -> None:
    key = "docker/registry/v2/é & <b>+1 %41/current/link"
    page = parse_page(answer([(key, 7, 1795663640250)], ["a b/"]))
    assert page == Page([Entry(key, 7, 1795663640.25, "7")], ["a b/"], True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Log in first</body></html>",
        answer([], [])[:-20],
        answer([], [], truncated=""),
        answer([("", 1, 1795663640250)], []),
        answer([("key", 1, 1795663640250)], []).replace(b"<Size>1<", b"<Size>one<"),
        answer([("key", 1, 1795663640250)], []).replace(b"2026-11", b"yesterday"),
    ],
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says it in its own words
        parse_page(body)
