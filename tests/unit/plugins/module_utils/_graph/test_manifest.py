# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manifest refers to, and what is not understood."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Manifest
from ansible_collections.drydock.registry.plugins.module_utils._graph.manifest import (
    DOCKER_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    ImageConfig,
    parse_config,
    parse_manifest,
    parse_sizes,
)
from support.graphs import digest, sha512
from support.manifest_bytes import DIGESTS, mutated, read_by_go, texts


def parsed(content: bytes) -> Manifest:
    return parse_manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", content, {})


def parse(data: Any) -> Manifest:
    return parsed(json.dumps(data).encode())


def descriptors(*numbers: int) -> list[dict[str, str]]:
    return [{"digest": digest(number)} for number in numbers]


def test_an_image() -> None:
    found = parse({"schemaVersion": 2, "config": descriptors(1)[0], "layers": descriptors(2, 3)})
    assert (found.media_type, found.config, found.layers) == (OCI_MANIFEST, digest(1), (digest(2), digest(3)))
    assert found.is_known
    assert found.subject is None


def test_an_index_with_a_subject() -> None:
    found = parse({"schemaVersion": 2, "manifests": descriptors(1, 2), "subject": descriptors(9)[0]})
    assert (found.media_type, found.children, found.subject) == (OCI_INDEX, (digest(1), digest(2)), digest(9))


@pytest.mark.parametrize(
    "data",
    [
        {"schemaVersion": 1, "fsLayers": [{"blobSum": digest(1)}, {"blobSum": digest(2)}]},
        {"mediaType": "application/vnd.example+json", "things": [digest(1), {"deep": digest(2)}]},
        {"mediaType": DOCKER_LIST, "manifests": {"digest": digest(1), "other": digest(2)}},
        {"schemaVersion": 2, "config": digest(1), "layers": [digest(2)]},
        [digest(1), digest(2)],
    ],
)
def test_what_is_not_understood_keeps_every_digest_in_it(data: Any) -> None:
    found = parse(data)
    assert not found.is_known
    assert found.children == found.layers == (digest(1), digest(2))


def test_an_escaped_digest_is_found_too() -> None:
    content = ('{"mediaType":"x","y":"\\u0073ha256:' + digest(1)[7:] + '"}').encode()
    assert parsed(content).layers == (digest(1),)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"\xff", "not UTF-8"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
    ],
)
def test_what_cannot_be_read_keeps_every_digest_in_its_bytes(content: bytes, why: str) -> None:
    named = [digest(1), f"sha384:{'a' * 96}", sha512(2)]
    found = parsed(content + "".join(named).encode())
    assert (found.is_known, found.damage, found.media_type) == (False, None, f"unknown, {why}")
    assert found.layers == found.children == tuple(sorted(named))


@pytest.mark.parametrize("content", [b"{}", b"x", b"{" + digest(2).encode()])
def test_damage_is_said_and_what_is_left_is_searched(content: bytes) -> None:
    found = parse_manifest(digest(1), content, {})
    assert not found.is_known
    assert "is damaged" in (found.damage or "")
    assert found.layers == ((digest(2),) if digest(2).encode() in content else ())


def test_no_content_is_damage() -> None:
    assert parse_manifest(digest(1), b"", {}).damage == "has no content"


@pytest.mark.parametrize("name", ["", "garbage", "md5:0", "shake_128:0", f"blake3:{1:064x}"])
def test_a_digest_that_cannot_be_checked_is_doubt(name: str) -> None:
    assert "can't be checked" in (parse_manifest(name, b"{}", {}).damage or "")


LAYERED = '{"schemaVersion": 2, "mediaType": "%s", "config": {"digest": "%s"}, "layers": [{"digest": "%s"}]%s}'


def layered(more: str) -> bytes:
    return (LAYERED % (OCI_MANIFEST, digest(1), digest(2), more)).encode()


@pytest.mark.parametrize(
    "more",
    [
        ', "Layers": [{"digest": "%s"}]',
        ', "layers": [{"digest": "%s"}]',
        ', "l\\u0061yers": [{"digest": "%s"}]',
        ', "layer\u017f": [{"digest": "%s"}]',
        ', "config": {"digest": "%s"}',
        ', "subject": {"digest": "%s", "Digest": "sha256:"}',
        ', "subject": {"Digest": "%s"}',
        ', "parts": [], "Parts": ["%s"]',
        ', "Subject": {"digest": "%s"}',
        ', "subject": {"digest": ["%s"]}',
        ', "subject": "%s"',
        ', "manifests": [{"digest": "%s"}]',
        ', "mediaType": "%s"',
        ', "artifactType": ["%s"]',
    ],
)
def test_what_another_reads_elsewhere_is_not_understood(more: str) -> None:
    """Go takes a key whatever its case, and the last of two."""
    found = parsed(layered(more % digest(3)))
    assert not found.is_known
    assert found.layers == found.children == (digest(1), digest(2), digest(3))


@pytest.mark.parametrize(
    "more",
    [
        ', "annotations": {"A": "x", "a": "y", "Layers": "z", "digest": "1", "Digest": "2"}',
        ', "foo": {"layers": 1, "Layers": 2}',
        f', "size": {"9" * 5000}, "other": 1e999',
        ', "subject": null, "artifactType": null',
        ', "subject": {}',
    ],
)
def test_what_nobody_looks_at_does_no_harm(more: str) -> None:
    found = parsed(layered(more))
    assert (found.is_known, found.config, found.layers, found.subject) == (True, digest(1), (digest(2),), None)


DATED = {"org.opencontainers.image.created": "2023-11-14T22:13:20Z"}
TWICE = '{"mediaType": "%s", "manifests": [], "annotations": {"%s": "2023-11-14T22:13:20Z", "%s": "x"}}'


def test_artifacts_and_indexes_have_the_date_of_their_annotation() -> None:
    image: dict[str, Any] = {"mediaType": OCI_MANIFEST, "layers": [], "annotations": DATED}
    charts = {**image, "config": {"digest": digest(1), "mediaType": "application/vnd.cncf.helm.config.v1+json"}}
    index = {"mediaType": OCI_INDEX, "manifests": [], "annotations": DATED}
    assert [parse(data).created for data in (charts, index)] == [1_700_000_000.0] * 2


@pytest.mark.parametrize(
    "media_type", [None, "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"]
)
def test_an_image_may_have_the_annotations_of_its_base(media_type: str | None) -> None:
    config = {"digest": digest(1), **({"mediaType": media_type} if media_type else {})}
    assert parse({"mediaType": OCI_MANIFEST, "config": config, "layers": [], "annotations": DATED}).created is None


@pytest.mark.parametrize(
    "annotations",
    [None, [], "x", {}, {"org.opencontainers.image.created": 12}, {"org.opencontainers.image.created": "1980-01-01"}],
)
def test_an_annotation_that_is_no_date_is_none(annotations: Any) -> None:
    found = parse({"mediaType": OCI_INDEX, "manifests": [], "annotations": annotations})
    assert (found.is_known, found.created) == (True, None)


def test_an_annotation_that_stands_twice_is_no_date() -> None:
    (name,) = DATED
    found = parsed((TWICE % (OCI_INDEX, name, name)).encode())
    assert (found.is_known, found.created) == (True, None)


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000.0),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000.0),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("2013-01-01T00:59:59+01:00", None),
        ("2013-01-01T00:00:00Z", 1356998400.0),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("9999-12-31T23:59:59Z", 253402300799.0),
        ("2023-11-14T22:13:20+99:99", 1_700_000_000.0 - 99 * 3600.0 - 99 * 60.0),
        (["2023-11-14T22:13:20Z"], None),
        ({}, None),
        ("yesterday", None),
        (None, None),
        (12, None),
    ],
)
def test_image_dates(created: Any, seconds: float | None) -> None:
    assert parse_config(json.dumps({"created": created}).encode()).created == seconds


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"created": "2023-11-14T22:13:20Z", "Created": "2024-11-14T22:13:20Z"}',
    ],
)
def test_a_configuration_that_tells_nothing(content: bytes) -> None:
    assert parse_config(content) == ImageConfig()


@pytest.mark.parametrize(
    ("where", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "", "architecture": ""}, None),
        ({"os": "linux"}, None),
        ({"os": ["linux"], "architecture": {}}, None),
        ({"os": "unknown", "architecture": "unknown"}, None),
    ],
)
def test_platforms(where: dict[str, str], platform: str | None) -> None:
    content = json.dumps({**where, "created": "2023-11-14T22:13:20Z"}).encode()
    assert parse_config(content) == ImageConfig(1_700_000_000.0, platform)


def test_sizes_are_those_of_what_lies_in_the_registry() -> None:
    elsewhere = {"digest": digest(3), "size": 30, "urls": ["https://example.com/layer"]}
    layers = [{"digest": digest(2), "size": 20}, elsewhere]
    content = json.dumps({"schemaVersion": 2, "config": {"digest": digest(1), "size": 10}, "layers": layers}).encode()
    assert parse_sizes(content) == {digest(1): 10, digest(2): 20}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"manifests": []}', b'{"config": {}, "layers": [1]}', b"[" * 100_000]
)
def test_no_sizes_where_there_is_no_image(content: bytes) -> None:
    assert parse_sizes(content) == {}


@settings(max_examples=300)
@given(mutated())
def test_nothing_that_is_pushed_raises_and_no_digest_is_lost(content: bytes) -> None:
    """Whatever the bytes: what a registry written in Go takes for a part of the manifest is one here, too."""
    found = parsed(content)
    named = {found.config, found.subject, *found.layers, *found.children}
    assert (read_by_go(content) or set()) <= named
    assert found.damage is None or not content
    parse_config(content)
    parse_sizes(content)


@given(texts(), st.data())
def test_of_what_is_damaged_no_digest_that_is_left_is_lost(content: bytes, data: st.DataObject) -> None:
    cut = content[data.draw(st.integers(0, 40)) : data.draw(st.integers(40, 400))]
    found = parse_manifest(digest(5), cut, {})
    assert found.damage
    left = {one for one in DIGESTS if one.encode() in cut}
    assert left <= set(found.layers) == set(found.children)
