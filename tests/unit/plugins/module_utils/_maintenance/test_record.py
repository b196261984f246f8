# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as hosts have them on their disks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import UnknownFormatError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.record import (
    KeptService,
    LockPlace,
    Record,
    record_from_json,
    record_to_json,
)
from ansible_collections.drydock.registry.plugins.module_utils._proof.probe import Mode

#: As the collection wrote it at ea0b62d, whose hosts may be closed still.
ON_DISK = {
    "format": 2,
    "method": "environment",
    "subject": "kubernetes:prod/infra/registry",
    "mode_before": "writable",
    "entered_at": 1_800_000_000.5,
    "expires_at": 1_800_003_600.5,
    "found": {"values": {"registry": None}},
    "options": {
        "timeout": "60s",
        "_lock": {"path": "/srv/docker/registry/drydock.lock", "tree": None},
        "_service_programs": {"restart": "/var/lib/drydock/maintenance-1-restart.py"},
        "_service_found": {"replicas": 3},
    },
}
RECORD = Record(
    "environment",
    "kubernetes:prod/infra/registry",
    Mode.WRITABLE,
    1_800_000_000.5,
    1_800_003_600.5,
    {"values": {"registry": None}},
    {"timeout": "60s"},
    LockPlace("/srv/docker/registry/drydock.lock", None),
    KeptService({"restart": "/var/lib/drydock/maintenance-1-restart.py"}, 3),
)


def text(**changed: Any) -> bytes:
    return json.dumps({**ON_DISK, **changed}).encode()


def test_a_record_that_is_on_a_disk_is_understood() -> None:
    assert record_from_json(text(), "/record") == RECORD
    assert json.loads(record_to_json(RECORD)) == ON_DISK


def test_so_is_one_without_a_number_or_of_the_first_closings() -> None:
    without = {name: value for name, value in ON_DISK.items() if name != "format"}
    assert record_from_json(json.dumps(without).encode(), "/record") == RECORD
    assert record_from_json(text(options={}), "/record").lock is None


@pytest.mark.parametrize(
    "damaged",
    [
        b"{",
        b"[]",
        b"{}",
        text(options=None),
        text(entered_at="soon"),
        text(expires_at=None),
        text(expires_at=10**400),
        text(options={"_lock": "/lock"}),
        text(options={"_service_found": [3]}),
        text(mode_before="ajar"),
    ],
)
def test_what_is_damaged_is_no_record(damaged: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        record_from_json(damaged, "/record")


def test_a_newer_one_is_left_to_the_version_that_wrote_it() -> None:
    with pytest.raises(UnknownFormatError, match=r"the maintenance record /record .* format is 3"):
        record_from_json(text(format=3), "/record")
