# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's result, from what its steps returned."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.plugin_utils._result import (
    ORDER,
    About,
    build_result,
    restore_result,
)
from ansible_collections.drydock.registry.plugins.plugin_utils._words import last_words

COUNTS = {"tags": 2, "manifests": 2, "blobs": 4, "bytes": 100}
NO_COUNTS = dict.fromkeys(COUNTS, 0)
PLANNED: dict[str, Any] = {
    "changed": True,
    "plan_id": "sha256:1",
    "plan": COUNTS,
    "deleted": COUNTS,
    "registry_mode": "writable",
    "free_bytes": 1000,
    "quarantine": {"path": "/q", "bytes": 0, "plans": []},
}
CLOSED = {"changed": True, "mode_before": "writable", "mode_after": "read_only", "lease_until": "noon"}
APPLIED: dict[str, Any] = {**PLANNED, "free_bytes": 900, "quarantine": {"path": "/q/1", "bytes": 100, "plans": ["1"]}}
REOPENED: dict[str, Any] = {"changed": True, "mode_after": "writable", "window_seconds": 1.5}
PURGED = {"changed": True, "free_bytes": 1100, "quarantine": {"path": "/q", "bytes": 0, "plans": []}}
RUN: dict[str, Any] = {"planned": PLANNED, "closed": CLOSED, "applied": APPLIED, "reopened": REOPENED, "purged": PURGED}
FAILED: dict[str, Any] = {"failed": True, "msg": "no"}
LOST: dict[str, Any] = {**FAILED, "host_unreachable": True}


def result(*failures: str, preview: bool = False, leader: str = "h", api: bool = False, **steps: Any) -> dict[str, Any]:
    about = About("h", leader, is_preview=preview, is_over_api=api, has_work=True)
    taken: dict[str, Any] = {name: steps.get(name, {}) for name in ORDER}
    return build_result(taken, about, [{"step": step, "message": "no"} for step in failures])


def test_a_run_in_which_all_went_well() -> None:
    found = result(**RUN)
    assert (found["changed"], found["deleted"], found["window_seconds"]) == (True, COUNTS, 1.5)
    assert (found["mode_before"], found["mode_after"], found["lease_until"]) == ("writable", "writable", "noon")
    assert (found["free_bytes_before"], found["free_bytes_after"], found["set_aside"]) == (1000, 1100, None)
    assert (found["error"], found["advice"], found["failed_step"], last_words(found)) == ("", "", None, "")


def test_what_was_set_aside_and_not_deleted_is_named() -> None:
    assert result(**{**RUN, "purged": {}})["set_aside"] == {"path": "/q/1", "bytes": 100}


def test_tags_come_first_of_what_was_left_alone() -> None:
    kinds = ["manifest"] * 9 + ["tag"]
    drift = [{"repository": "a", "kind": kind, "name": str(number), "why": ""} for number, kind in enumerate(kinds)]
    found = result(**{**RUN, "applied": {**APPLIED, "drift": drift, "drift_total": 10}})
    assert (found["drift_total"], found["drift_tags"], found["drift"][0]["kind"]) == (10, 1, "tag")
    assert len(found["drift"]) == 5


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"planned": FAILED}, "Nothing was deleted. The registry was never closed."),
        ({"closed": {**FAILED, "held_by_run": "x"}}, "Nothing was deleted. The registry was never closed."),
        (
            {"closed": FAILED, "reopened": {"mode_after": "writable"}},
            "Nothing was deleted. The registry is writable. Mend",
        ),
        (
            {"closed": CLOSED, "applied": {**FAILED, "deleted": NO_COUNTS}, "reopened": REOPENED},
            "Nothing was deleted. The registry is writable again, it was closed for 1.5 s. Mend",
        ),
        (
            {"closed": CLOSED, "applied": {**FAILED, "deleted": COUNTS, "changed": True}, "reopened": REOPENED},
            "Deleted until then: 2 tags, 2 manifests, 4 blobs, 100 B; the next run does the rest. The registry is",
        ),
        (
            {"closed": CLOSED, "applied": LOST, "reopened": REOPENED},
            "It is not known what was deleted before the host went away; the next run finds out and does the rest.",
        ),
        (
            {"closed": CLOSED, "applied": APPLIED, "reopened": {**FAILED, "mode_after": "read_only"}},
            "it is read_only now. Its host tries it by itself at noon. Mend the cause, then run the playbook drydock.",
        ),
        ({"closed": CLOSED, "applied": APPLIED, "reopened": LOST}, "and may still be closed."),
    ],
)
def test_what_failed_is_told_once_and_then_how_things_stand(steps: dict[str, Any], said: str) -> None:
    found = result("Some step", **{"planned": PLANNED, **steps})
    assert found["error"] == "Some step: no"
    assert said in found["advice"]
    assert last_words(found) == f'The step "Some step" failed, its message is further up. {found["advice"]}'


def test_a_preview_and_the_api_never_close() -> None:
    assert result("Plan", preview=True, planned=FAILED)["advice"] == "Nothing was changed."
    half = {**FAILED, "changed": True, "deleted": {**COUNTS, "blobs": 0, "bytes": 0}}
    found = result("Plan and delete", api=True, planned=half)
    assert found["advice"].startswith(
        "Deleted until then: 2 tags, 2 manifests; the next run does the rest. The registry was never"
    )


def test_a_registry_that_was_open_again_is_a_failure_of_its_own() -> None:
    found = result(**{**RUN, "reopened": {**REOPENED, "window_seconds": None}})
    assert "open again when it wanted to reopen it: its lease ended (noon)" in found["error"]
    assert last_words(found).startswith("This run found the registry open again")
    found = result("Apply", **{**RUN, "reopened": {**REOPENED, "window_seconds": None}})
    assert "open again when it wanted to reopen it" in last_words(found)


def test_a_member_of_a_storage_that_another_one_sweeps_has_no_counts() -> None:
    skipped = {"skipped": True, "changed": False}
    found = result(leader="other", planned=skipped, closed=CLOSED, applied=skipped, reopened=REOPENED, purged=skipped)
    assert (found["swept_by"], found["deleted"], found["plan_id"], found["changed"]) == ("other", None, None, False)


def test_restoring() -> None:
    assert restore_result(REOPENED, [])["mode"] == "writable"
    failed = restore_result(LOST, [{"step": "Put back", "message": "gone"}])
    assert (failed["error"], failed["is_unreachable"]) == ("Put back: gone", True)
    assert "drydock.registry.restore" in last_words(failed)


def test_what_ansible_says_of_its_python_is_no_warning_of_a_clean_up() -> None:
    found = "Host 'h' is using the discovered Python interpreter at '/usr/bin/python3', but future installation of ..."
    assert result(planned={**PLANNED, "warnings": [found, "team/app: doubt"]})["warnings"] == ["team/app: doubt"]


def test_what_a_host_did_before_it_went_away_is_not_known_and_may_be_a_change() -> None:
    in_sweep = result("Apply the plan", planned=PLANNED, closed=CLOSED, applied=LOST, reopened=REOPENED)
    over_api = result("Plan and delete", api=True, planned=LOST)
    for found in (in_sweep, over_api):
        assert found["changed"]
        assert found["advice"].startswith("It is not known what was deleted before the host went away")
    for preview in (result("Plan", preview=True, planned=LOST), result("Plan", preview=True, api=True, planned=LOST)):
        assert not preview["changed"]
        assert preview["advice"] == "Nothing was changed."
    assert not result("Plan", planned=LOST)["changed"]
