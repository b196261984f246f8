# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says at its end, of one host: each wording is only here. Pure."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple

from ansible_collections.drydock.registry.plugins.module_utils._basics.sentences import counted
from ansible_collections.drydock.registry.plugins.module_utils._basics.sizes import describe_size

RESTORE = "Mend the cause, then run the playbook drydock.registry.restore on this host."


class Outlook(NamedTuple):
    """How things stand on a host where a step failed.

    `is_unknown` says that the host went away while it deleted; `was_closed` that this run did something to
    close the registry, `is_put_back` that it is as it was before; `mode` is None where it is not known.
    """

    is_preview: bool
    is_swept_here: bool
    deleted: Mapping[str, int] | None
    is_unknown: bool
    is_over_api: bool
    was_closed: bool
    is_put_back: bool
    mode: str | None
    window_seconds: float | None
    lease_until: str | None


def advice(outlook: Outlook) -> str:
    """Return what was and was not done, and what to do next."""
    if outlook.is_preview:
        return "Nothing was changed."
    return " ".join((_done(outlook), _state(outlook)))


def opened_by_others(lease_until: str | None) -> str:
    """Return what to say where the registry was open again before this run reopened it."""
    return (
        f"This run found the registry open again when it wanted to reopen it: its lease ended "
        f"({lease_until or 'no time given'}), somebody restored it, or the host went away after it had reopened it. "
        "If the lease is too short, give registry_cleanup_maintenance a longer one."
    )


def _done(outlook: Outlook) -> str:
    if not outlook.is_swept_here:
        return "Nothing was deleted on this host's own account."
    if outlook.is_unknown:
        return "It is not known what was deleted before the host went away; the next run finds out and does the rest."
    if not any((outlook.deleted or {}).values()):
        return "Nothing was deleted."
    return f"Deleted until then: {describe_counts(outlook.deleted or {})}; the next run does the rest."


def _state(outlook: Outlook) -> str:
    if outlook.is_over_api or not outlook.was_closed:
        return "The registry was never closed. Mend the cause, then run this again."
    if outlook.is_put_back:
        again = "" if outlook.window_seconds is None else f" again, it was {describe_window(outlook.window_seconds)}"
        return f"The registry is {outlook.mode or 'as it was'}{again}. Mend the cause, then run this again."
    by_itself = f" Its host tries it by itself at {outlook.lease_until}." if outlook.lease_until else ""
    now = f", it is {outlook.mode} now" if outlook.mode else " and may still be closed"
    return f"The registry could not be put back as it was found{now}.{by_itself} {RESTORE}"


def describe_window(seconds: float) -> str:
    """Return how long a registry was closed."""
    return f"closed for {seconds:.1f} s"


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return what is counted: `4 tags, 4 manifests, 12 blobs, 3.9 kB`; over the API there are no blobs."""
    said = [counted(counts["tags"], "tag"), counted(counts["manifests"], "manifest")]
    if counts.get("blobs") or counts.get("bytes"):
        said += [counted(counts["blobs"], "blob"), describe_size(counts["bytes"])]
    others = [counted(counts[kind], noun) for kind, noun in _OTHERS.items() if counts.get(kind)]
    return ", ".join(said + others)


_OTHERS = {"uploads": "abandoned upload", "debris": "piece of debris", "repositories": "empty repository"}


def result_lines(result: Mapping[str, Any], leader: str, host: str, is_preview: bool, is_over_api: bool) -> list[str]:
    """Return what became of a host on which nothing failed, a fact in each line."""
    if leader != host:
        return [f"swept by {leader}", *_window(result)]
    lines = [_what(result, is_preview), *_young(result), f"plan {result['plan_id']}", *_drift(result)]
    lines += _collector(result) if is_over_api else [] if is_preview else _window(result)
    lines += [] if is_preview else _set_aside(result)
    return [*lines, *_room(result, is_preview)]


def _what(result: Mapping[str, Any], is_preview: bool) -> str:
    counts, kept = result["deleted"] or {}, result["kept"]
    deletes, keeps = ("would delete", "would keep") if is_preview else ("deleted", "kept")
    what = f"{deletes} {describe_counts(counts) if any(counts.values()) else 'nothing'}"
    return f"{what}; {keeps} {describe_counts(kept)}" if kept else what


def _young(result: Mapping[str, Any]) -> Iterator[str]:
    young = result["young_tags"]
    if young:
        would_go = f"{counted(young, 'tag')} that else would go"
        yield f"kept for now, as pushed within registry_cleanup_grace_period: {would_go}"


def _drift(result: Mapping[str, Any]) -> Iterator[str]:
    """Name the first few things that the plan names and that were left alone, tags before others."""
    total, tags, shown = result["drift_total"], result["drift_tags"], result["drift"]
    if not total:
        return
    others = f"{counted(total, 'thing')} of the plan, no tags,"
    subject = f"{tags} of {counted(result['plan']['tags'], 'tag')}" if tags else others
    shown = [one for one in shown if one["kind"] == "tag" or not tags]
    named = "; ".join(f"{_place(one)} ({one['why']})" for one in shown)
    not_named = (tags or total) - len(shown)
    more = f"; and {not_named} more" if not_named else ""
    others = f"; and with them {counted(total - tags, 'other thing')} of the plan" if tags and total > tags else ""
    yield f"{subject} {'was' if (tags or total) == 1 else 'were'} left alone: {named}{more}{others}"


def _place(one: Mapping[str, Any]) -> str:
    if one["kind"] == "tag":
        return f"{one['repository']}:{one['name']}"
    return f"{one['kind']} {one['name']}" + (f" of {one['repository']}" if one["repository"] else "")


def _collector(result: Mapping[str, Any]) -> Iterator[str]:
    if any((result["deleted"] or {}).values()):
        left = result["left_untagged"]
        waiting = f" (for which {counted(left, 'manifest')} {'waits' if left == 1 else 'wait'})" if left else ""
        yield f"the space is freed by the registry's own garbage collector{waiting}; the registry was not closed"


def _window(result: Mapping[str, Any]) -> Iterator[str]:
    seconds = result["window_seconds"]
    yield "not closed by this run" if seconds is None else describe_window(seconds)


def _set_aside(result: Mapping[str, Any]) -> Iterator[str]:
    aside = result["set_aside"]
    if aside:
        yield (
            f"set aside and not freed yet: {describe_size(aside['bytes'])} in {aside['path']}; the next run with "
            "registry_cleanup_quarantine: delete, which is the default, deletes it"
        )


def _room(result: Mapping[str, Any], is_preview: bool) -> Iterator[str]:
    before, after = result["free_bytes_before"], result["free_bytes_after"]
    if before is None:
        return
    now = "" if is_preview or after is None else f" before, {describe_size(after)} now"
    yield f"free on the filesystem of the storage: {describe_size(before)}{now}"


def restore_line(result: Mapping[str, Any], is_over_api: bool) -> str:
    """Return what became of a host after the entry point `restore`."""
    if is_over_api:
        return "Nothing to restore: over the API the registry is never closed."
    return f"The registry is {result['mode'] or 'as you left it: maintenance method none'}."


def last_words(result: Mapping[str, Any]) -> str:
    """Return what the run of a host ends with on which something failed; empty where nothing did.

    What failed has been told where it did, and is not told again.
    """
    if not result["error"]:
        return ""
    step = result["failed_step"]
    failed = result["error"] if step is None else f'The step "{step}" failed, its message is further up.'
    return f"{failed} {result['advice']}"
