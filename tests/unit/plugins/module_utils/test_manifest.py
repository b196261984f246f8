# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manifest refers to, and what is not understood."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._errors import DoubtError
from ansible_collections.drydock.registry.plugins.module_utils._graph import Manifest
from ansible_collections.drydock.registry.plugins.module_utils._manifest import (
    DOCKER_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    ImageConfig,
    parse_config,
    parse_manifest,
    parse_sizes,
)
from support.graphs import digest


def parse(data: Any) -> Manifest:
    content = json.dumps(data).encode()
    return parse_manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", content, {})


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
    assert parse_manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", content, {}).layers == (digest(1),)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"a":1} x'])
def test_what_is_not_json_leaves_doubt(content: bytes) -> None:
    with pytest.raises(DoubtError, match="is not JSON"):
        parse_manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", content, {})


def test_damage_leaves_doubt() -> None:
    with pytest.raises(DoubtError, match="is damaged"):
        parse_manifest(digest(1), b"{}", {})


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000.0),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000.0),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
        (12, None),
    ],
)
def test_image_dates(created: Any, seconds: float | None) -> None:
    assert parse_config(json.dumps({"created": created}).encode()).created == seconds


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_a_configuration_that_tells_nothing(content: bytes) -> None:
    assert parse_config(content) == ImageConfig()


@pytest.mark.parametrize(
    ("where", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "", "architecture": ""}, None),
        ({"os": "linux"}, None),
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


@pytest.mark.parametrize("content", [b"", b"[]", b'{"manifests": []}', b'{"config": {}, "layers": [1]}'])
def test_no_sizes_where_there_is_no_image(content: bytes) -> None:
    assert parse_sizes(content) == {}
