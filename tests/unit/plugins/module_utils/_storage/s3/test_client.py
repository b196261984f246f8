# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the parameters of Distribution's s3 driver."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.client import read_parameters


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
