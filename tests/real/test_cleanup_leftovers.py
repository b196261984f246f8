# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the quarantine can't be deleted: told with its path, tried again, and no failure of a run that is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from support.forked import run_forked
from support.registries import V3, NewRegistry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import cleanup, push_aged, successful
from support.verify import assert_pulls, capture

KEEP_ONE = [{"keep_n": 1}]
HELD = ".nfs000000000001d2c400000001"


@pytest.fixture
def registry(new_registry: NewRegistry) -> RegistryProcess:
    """Read-only, with one image too many."""
    registry = new_registry(V3, cache=False)
    push_aged(registry, "app", {"1": 30, "2": 20})
    registry.read_only = True
    registry.restart()
    return registry


def hold_open() -> None:
    """As an NFS client on which something reads all blobs of the quarantine: deleted, each gets another name first."""
    real_unlink = os.unlink

    def unlink(path: Any, *more: Any, **options: Any) -> None:
        if os.path.basename(path).startswith(".nfs"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        if "/drydock/" in str(path) and str(path).endswith("/data"):
            os.rename(path, f"{os.path.dirname(path)}/{HELD}")
        else:
            real_unlink(path, *more, **options)

    os.unlink = unlink


def hold_fast() -> None:
    """As with an immutable file."""
    real_unlink = os.unlink

    def unlink(path: Any, *more: Any, **options: Any) -> None:
        if "/drydock/" in str(path) and str(path).endswith("/data"):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), path)
        real_unlink(path, *more, **options)

    os.unlink = unlink


def run(registry: RegistryProcess, before: Any = None, *, check: bool = False, **options: Any) -> dict[str, Any]:
    arguments = {"registry_config": str(registry.config_path), "grace_period": "0s", "policies": KEEP_ONE, **options}
    return successful(run_forked("cleanup", arguments, check=check, before=before)[1])


def left(store: Store) -> list[Path]:
    return [path for path in store.quarantine.rglob("*") if path.is_file()]


def test_what_is_held_open_on_nfs_stays_until_it_is_closed(registry: RegistryProcess) -> None:
    store, expectation = Store(registry.storage), capture(registry, {"app": ["2"]})
    preview = run(registry, check=True)
    first = run(registry, hold_open)
    assert first["deleted"] == preview["deleted"] == first["plan"]
    assert first["changed"]
    held = left(store)
    assert [path.name for path in held] == [HELD] * first["deleted"]["blobs"]
    assert len(first["warnings"]) == 1
    warning = str(first["warnings"])
    assert f"{len(held)} files stay until the next run" in warning
    assert all(f"{path} could not be deleted: a process still has it open" in warning for path in held)
    assert first["quarantine"]["bytes"] == sum(path.stat().st_size for path in held)
    assert set(store.blobs()) == {*expectation["app"].manifests, *expectation["app"].blobs}
    assert_pulls(registry, expectation)

    before = snapshot(registry.home)
    for options in ({}, {"quarantine": "purge", "policies": []}):
        for check in (True, False):
            again = run(registry, hold_open, check=check, **options)
            assert not again["changed"]
            assert check or str(held[0]) in str(again["warnings"])
    assert_untouched(registry.home, before)

    for path in held:
        path.unlink()  # which is what the client does when the last reader has closed it
    assert run(registry, check=True)["changed"]
    closed = run(registry)
    assert (closed["changed"], closed.get("warnings"), closed["quarantine"]["plans"]) == (True, None, [])
    assert not store.quarantine.exists()
    assert not run(registry)["changed"]


def test_what_cannot_be_deleted_keeps_nothing_else(registry: RegistryProcess) -> None:
    store, expectation = Store(registry.storage), capture(registry, {"app": ["2"]})
    first = run(registry, hold_fast)
    assert first["deleted"] == first["plan"]
    assert first["changed"]
    assert {path.name for path in left(store)} == {"data"}
    assert all(
        f"{path} could not be deleted: Operation not permitted" in str(first["warnings"]) for path in left(store)
    )
    again = run(registry, hold_fast)
    assert not again["changed"]
    assert str(left(store)[0]) in str(again["warnings"])
    assert_pulls(registry, expectation)
    assert successful(cleanup(registry, policies=KEEP_ONE))["changed"]
    assert not store.quarantine.exists()
