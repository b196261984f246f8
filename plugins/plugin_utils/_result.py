# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the steps of the role returned to its one result, the fact `registry_cleanup_result`. Pure.

Steps are results of Ansible's tasks by name, empty for one that was not taken:

- `planned`: the plan; over the API, where one task plans and deletes, also what came of it;
- `told`: what the host did by itself since the last run; `closable`: whether the registry can be closed;
- `held`: held for the user's own steps; `closed`; `applied`; `reopened`; `purged`: what was set aside is deleted.

A step of a host that went away has `host_unreachable`. `failures` are dictionaries with `step` and `message`.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from ._words import RESTORE, Outlook, advice, opened_by_others

Step = Mapping[str, Any]

ORDER = ("planned", "told", "closable", "held", "closed", "applied", "reopened", "purged")
# Of Ansible itself, about every host whose inventory names no Python; told once is enough.
_INTERPRETER = "is using the discovered Python interpreter at"
# Of what drifted, in the result; the whole list is in that of the module.
_SHOWN = 5


class About(NamedTuple):
    """What the role knows beside its steps' results."""

    host: str
    leader: str
    is_preview: bool
    is_over_api: bool
    has_work: bool


def build_result(steps: Mapping[str, Step], about: About, failures: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the result; its keys are documented in the role's meta/argument_specs.yml."""
    planned, closed, purged = steps["planned"], steps["closed"], steps["purged"]
    last = _last(steps, about)
    after = _mode_after(steps)
    untold = _others_opened(steps)
    told = _told(failures)
    outlook = _outlook(steps, about, last, after)
    return {
        "changed": bool(last.get("changed") or purged.get("changed") or outlook.is_unknown),
        "swept_by": about.leader,
        "plan_id": planned.get("plan_id"),
        "plan": planned.get("plan"),
        "deleted": last.get("deleted"),
        "kept": last.get("kept"),
        "drift_total": last.get("drift_total", 0),
        "drift_tags": sum(one["kind"] == "tag" for one in last.get("drift", [])),
        "drift": sorted(last.get("drift", []), key=lambda one: one["kind"] != "tag")[:_SHOWN],
        "notes_total": last.get("notes_total", 0),
        "left_untagged": last.get("left_untagged", 0),
        "young_tags": planned.get("young_tags", 0),
        "set_aside": _set_aside(steps),
        "free_bytes_before": planned.get("free_bytes"),
        "free_bytes_after": next((one["free_bytes"] for one in (purged, last) if one.get("free_bytes")), None),
        "warnings": _warnings(steps[name] for name in ORDER),
        "mode_before": steps["held"].get("mode_before") or closed.get("mode_before") or _seen(steps),
        "mode_after": after,
        "mode": after,
        "window_seconds": steps["reopened"].get("window_seconds"),
        "lease_until": closed.get("lease_until"),
        "failed_step": failures[0]["step"] if failures else None,
        "is_unreachable": any(is_lost(steps[name]) for name in ORDER),
        "error": told or untold,
        "advice": " ".join(filter(None, (untold if told else "", advice(outlook)))) if told or untold else "",
    }


def restore_result(reopened: Step, failures: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the result of the role's entry point `restore`."""
    mode = reopened.get("mode_after")
    return {
        "changed": bool(reopened.get("changed")),
        "mode": mode,
        "mode_before": reopened.get("mode_before"),
        "mode_after": mode,
        "window_seconds": reopened.get("window_seconds"),
        "warnings": list(reopened.get("warnings") or []),
        "failed_step": failures[0]["step"] if failures else None,
        "is_unreachable": is_lost(reopened),
        "error": _told(failures),
        "advice": RESTORE if failures else "",
    }


def _told(failures: Sequence[Mapping[str, str]]) -> str:
    return " Then: ".join(f"{one['step']}: {one['message']}" for one in failures)


def _is_taken(step: Step) -> bool:
    return bool(step) and not step.get("skipped")


def has_failed(step: Step) -> bool:
    return bool(step.get("failed"))


def is_lost(step: Step) -> bool:
    """Tell whether the host was not there for the step."""
    return bool(step.get("host_unreachable") or step.get("unreachable"))


def _last(steps: Mapping[str, Step], about: About) -> Step:
    """Return what was applied; in a preview, where nothing was to be applied and over the API, what was planned."""
    planned = steps["planned"]
    if about.has_work and not about.is_preview and not about.is_over_api:
        # Known to be nothing where it was not begun; on hosts whose storage another one sweeps there is no plan.
        return steps["applied"] or {"deleted": dict.fromkeys(planned["deleted"], 0) if "deleted" in planned else None}
    # A plan that was refused deletes nothing.
    return planned if not has_failed(planned) or planned.get("changed") else {}


def _outlook(steps: Mapping[str, Step], about: About, last: Step, mode: str | None) -> Outlook:
    closed, reopened = steps["closed"], steps["reopened"]
    held = steps["held"]
    was_touched = (_is_taken(held) and not has_failed(held)) or (_is_taken(closed) and "held_by_run" not in closed)
    return Outlook(
        is_preview=about.is_preview,
        is_swept_here=about.leader == about.host,
        deleted=last.get("deleted"),
        is_unknown=not about.is_preview and is_lost(steps["planned" if about.is_over_api else "applied"]),
        is_over_api=about.is_over_api,
        was_closed=was_touched,
        is_put_back=not (has_failed(reopened) or is_lost(reopened)),
        mode=mode,
        window_seconds=reopened.get("window_seconds"),
        lease_until=closed.get("lease_until"),
    )


def _set_aside(steps: Mapping[str, Step]) -> dict[str, Any] | None:
    """Return where what was set aside lies now and how many bytes it has; None where nothing is."""
    found = [steps[name]["quarantine"] for name in ("planned", "applied", "purged") if steps[name].get("quarantine")]
    now = found[-1] if found else {}
    return {"path": now["path"], "bytes": now["bytes"]} if now.get("bytes") else None


def _warnings(steps: Iterable[Step]) -> list[str]:
    found = (text for step in steps for text in step.get("warnings") or [])
    return list(dict.fromkeys(text for text in found if _INTERPRETER not in text))


def _seen(steps: Mapping[str, Step]) -> str | None:
    return steps["planned"].get("registry_mode") or steps["closable"].get("mode_before") or None


def _mode_after(steps: Mapping[str, Step]) -> str | None:
    """Return the mode; None where the registry was to be reopened and could not."""
    reopened = steps["reopened"]
    if has_failed(reopened) or is_lost(reopened):
        return reopened.get("mode_after")
    return reopened.get("mode_after") or _seen(steps)


def _others_opened(steps: Mapping[str, Step]) -> str:
    """Return in words that the registry was open again before this run reopened it; empty where it was not."""
    closed, reopened = steps["closed"], steps["reopened"]
    was_closed = closed.get("changed") and not has_failed(closed)
    is_open = _is_taken(reopened) and not has_failed(reopened)
    if not was_closed or not is_open or reopened.get("window_seconds") is not None:
        return ""
    return opened_by_others(closed.get("lease_until"))
