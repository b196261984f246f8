# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of a bucket without a bucket: whatever keys there are and wherever it is cut, nothing is lost or doubled."""

from __future__ import annotations

import tempfile
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

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError, StorageError
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3 import ranges as s3_ranges
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.bucket import page_of
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.client import read_parameters
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.listing import PackedKeys, PageFile
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.page import (
    Entry,
    Page,
    parse_page,
    parse_time,
)
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.ranges import list_below

PARTS = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "~", "é", "_layers", "_manifests", "sha256", "3f", "c0", "tags"])
KEYS = st.lists(st.lists(PARTS, min_size=1, max_size=5).map("/".join), unique=True, max_size=60).map(sorted)


class Fake:
    """A bucket with pages of three keys."""

    size = 3

    def __init__(self, keys: list[str]) -> None:
        self.entries = [Entry(key, len(key), float(number), "") for number, key in enumerate(keys)]
        self.asked = 0

    def page(self, prefix: str, after: str, delimiter: str) -> Page:
        self.asked += 1
        found = [one for one in self.entries if one.key.startswith(prefix) and one.key > after]
        if delimiter:
            inner = [one.key[len(prefix) :].partition(delimiter) for one in found]
            return Page([], sorted({f"{prefix}{name}{slash}" for name, slash, _rest in inner if slash}), True)
        return Page(found[: self.size], [], len(found) <= self.size)


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3_ranges, "PAGE", Fake.size)
        yield


@given(KEYS, KEYS)
def test_every_key_is_listed_once_and_in_order(keys: list[str], more: list[str]) -> None:
    fake = Fake([f"top/{key}" for key in keys])
    others = [Entry(f"top/{key}.unfinished", 1, 2.0, "") for key in more]
    listed = list(list_below(fake.page, "top/", others).below("top"))
    assert listed == sorted([*fake.entries, *others])


@given(KEYS)
def test_cutting_costs_a_constant_number_of_requests(keys: list[str]) -> None:
    fake = Fake([f"top/{key}" for key in keys])
    list_below(fake.page, "top/", [])
    assert fake.asked <= len(keys) / Fake.size + 2 + 4 + 16


@given(KEYS, st.lists(PARTS, max_size=3).map("/".join))
def test_names_are_those_of_directories(keys: list[str], directory: str) -> None:
    where = f"top/{directory}".rstrip("/")
    entries = [Entry(f"top/{key}", 1, 2.0, "") for key in keys]
    found = PackedKeys(entries, PageFile()).names(where)
    rests = [entry.key[len(where) + 1 :] for entry in entries if entry.key.startswith(f"{where}/")]
    assert found.directories == sorted({rest.partition("/")[0] for rest in rests if "/" in rest}, key=lambda n: f"{n}/")
    assert found.files == sorted(rest for rest in rests if "/" not in rest)


def test_no_place_for_a_listing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(StorageError, match="the listing can't be kept in /nowhere: No such file"):
        list_below(Fake(["top/a"]).page, "top/", [])


@pytest.mark.parametrize(
    ("rootdirectory", "prefix"),
    [(None, ""), ("", ""), ("/", ""), ("a", "a/"), ("/a/b/", "a/b/"), ("a//b", "a//b/"), ("a b", "a b/")],
)
def test_the_prefix_is_the_drivers_own(rootdirectory: str | None, prefix: str) -> None:
    assert read_parameters({"bucket": "b", "region": "r", "rootdirectory": rootdirectory}).prefix == prefix


@pytest.mark.parametrize(
    ("given_parameters", "endpoint"),
    [
        ({"regionendpoint": "s3.example.com"}, "https://s3.example.com"),
        ({"regionendpoint": "s3.example.com:9000", "secure": False}, "http://s3.example.com:9000"),
        ({"regionendpoint": "http://s3.example.com/"}, "http://s3.example.com"),
        ({"region": "eu-central-1"}, None),
    ],
)
def test_the_endpoint(given_parameters: dict[str, Any], endpoint: str | None) -> None:
    assert read_parameters({"bucket": "b", **given_parameters}).endpoint == endpoint


def test_what_new_objects_are_written_with() -> None:
    given_parameters = {"bucket": "b", "region": "r", "encrypt": "true", "keyid": "k", "storageclass": "standard_ia"}
    writing = dict(read_parameters(given_parameters).writing)
    assert writing.pop("ContentType") == "application/octet-stream"
    assert writing == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k", "StorageClass": "STANDARD_IA"}


@pytest.mark.parametrize("value", ["maybe", 1, []])
def test_a_flag_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(InvalidOptionError, match="encrypt"):
        read_parameters({"bucket": "b", "region": "r", "encrypt": value})


def test_a_source_has_no_secret() -> None:
    keys = {"accesskey": "AKIA", "secretkey": "hidden", "sessiontoken": "hidden too"}
    source = read_parameters({"bucket": "b", "region": "r", "rootdirectory": "/x", **keys}).source()
    assert source == {"storage": "s3", "bucket": "b", "rootdirectory": "x/"}


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
