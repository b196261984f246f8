# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of a cleanup on a stopped registry, with what must hold for every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping

from support import images
from support.forked import run_forked
from support.images import Image
from support.playbook import WITHOUT_OVERRIDE, Result, run_module
from support.pushing import push
from support.registries import RegistryProcess, StoredRegistry
from support.s3_server import ObjectPath
from support.store import Snapshot, Store, assert_same, snapshot
from support.verify import Expectation, assert_pulls, capture

DAY = 86400.0
# Counts of a plan and of what was deleted (RETURN of the module).
COUNTS = ("tags", "manifests", "layer_links", "blobs", "uploads", "debris", "repositories", "bytes")
RESULT_KEYS = {
    *("changed", "plan_id", "registry_mode", "plan", "deleted", "kept", "repositories", "repositories_total"),
    *("tags_deleted", "tags_deleted_total", "drift", "drift_total", "notes", "notes_total"),
    *("broken_tags", "broken_tags_total"),
    *("interrupted_plans", "quarantine", "plan_dest", "left_untagged", "not_deleted", "not_deleted_total"),
    *("free_bytes", "young_tags", "lease"),
}


def cleanup(
    registry: RegistryProcess, *, check: bool = False, diff: bool = False, unprivileged: bool = False, **options: Any
) -> Result:
    """One run of the module on the registry's configuration file; without a grace period unless one is given."""
    arguments = {"registry_config": str(registry.config_path), "grace_period": "0s", **options}
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if unprivileged:
        return run_module("cleanup", arguments, check=check, diff=diff, prefix=WITHOUT_OVERRIDE)
    return run_forked("cleanup", arguments, check=check, diff=diff)[1]


def successful(result: Result) -> Result:
    """`result` itself; AssertionError with its message where the module failed."""
    assert not result.get("failed"), result.get("msg")
    assert set(result) >= RESULT_KEYS, f"missing result keys: {sorted(RESULT_KEYS - set(result))}"
    return result


def refused(result: Result, *words: str) -> str:
    """The message of a run that must fail, holding all these words."""
    assert result.get("failed"), "the run was expected to be refused"
    message: str = result["msg"]
    assert all(word in message for word in words), f"{words} expected in: {message}"
    return message


@dataclass(frozen=True)
class Swept:
    """The three results of a sweep, and what had to pull afterwards."""

    preview: Result
    run: Result
    again: Result
    expectation: Expectation

    @property
    def reasons(self) -> dict[str, str]:
        """`repository:tag` -> why it was deleted."""
        return {f"{one['repository']}:{one['tag']}": one["reason"] for one in self.run["tags_deleted"]}

    @property
    def said(self) -> str:
        """Notes and warnings of the run as one text."""
        return "\n".join([*self.run["notes"], *map(str, self.run.get("warnings", []))])


def sweep(
    registry: RegistryProcess,
    keeps: Mapping[str, Iterable[str]],
    *,
    pulls: Mapping[str, Iterable[str]] | None = None,
    exact: bool = True,
    **options: Any,
) -> Swept:
    """Preview, run and run again on the stopped registry, then start it and pull.

    `keeps` are the ordinary tags that must be left, `{repository: tags}`, of every repository that has any; `pulls` are
    digests that must pull besides. With `exact`, no blob is left that nothing of these needs. Asserted on the way: the
    preview touches nothing and equals the run, and the second run changes nothing.
    """
    store = Store(registry.storage)
    wanted = {name: [*tags, *(pulls or {}).get(name, ())] for name, tags in keeps.items()}
    wanted.update({name: list(more) for name, more in (pulls or {}).items() if name not in wanted})
    expectation = capture(registry, wanted)
    with registry.closed():
        swept = _three_runs(registry, store, expectation, options)
    left = {name: ordinary_tags(store, name) for name in store.repositories()}
    assert {name: tags for name, tags in left.items() if tags} == {name: sorted(tags) for name, tags in keeps.items()}
    assert_pulls(registry, expectation)
    if exact:
        assert_nothing_else(store, expectation)
    return swept


def _three_runs(registry: RegistryProcess, store: Store, expectation: Expectation, options: Mapping[str, Any]) -> Swept:
    before, weight = seen(registry), store.blob_bytes()
    preview = successful(cleanup(registry, check=True, diff=True, **options))
    assert_same(before, seen(registry))
    run = successful(cleanup(registry, diff=True, **options))
    assert_same_plan(preview, run)
    if not run["deleted"]["uploads"] and not run["deleted"]["debris"]:
        assert weight - store.blob_bytes() == run["deleted"]["bytes"]
    after = seen(registry)
    again = successful(cleanup(registry, diff=True, **options))
    assert not again["changed"], again["deleted"]
    assert_same(after, seen(registry))
    return Swept(preview, run, again, expectation)


def seen(registry: RegistryProcess) -> Snapshot:
    """All that a run may touch: what is in the registry's home, and in its bucket."""
    there: Snapshot = snapshot(registry.storage) if isinstance(registry.storage, ObjectPath) else {}
    return {**snapshot(registry.home), **{f"s3/{path}": entry for path, entry in there.items()}}


def assert_same_plan(preview: Result, run: Result) -> None:
    """On an unchanged store a preview and the run agree to the last tag, manifest, blob and byte."""
    for key in ("plan_id", "plan", "deleted", "kept", "repositories", "tags_deleted", "tags_deleted_total", "diff"):
        assert preview[key] == run[key], f"{key}: preview {preview[key]} != run {run[key]}"
    assert preview["changed"] == run["changed"]
    assert run["deleted"] == run["plan"]
    assert run["drift"] == []


def assert_nothing_else(store: Store, expectation: Expectation) -> None:
    """Every blob and revision in the storage belongs to something that is kept."""
    needed: set[str] = set()
    for name, one in expectation.items():
        resolved = {store.layer_link(name, digest).read_text() for digest in one.blobs}
        needed |= one.manifests | resolved
        assert set(store.revisions(name)) == one.manifests, f"revisions of {name}"
        assert set(store.layer_links(name)) == set(one.blobs), f"layer links of {name}"
    assert set(store.blobs()) == needed


def ordinary_tags(store: Store, repository: str) -> list[str]:
    """The tags that have an image and are no signatures or referrers' fallbacks."""
    names = store.tags(repository)
    return [tag for tag in names if store.current_link(repository, tag).exists() and not tag.startswith("sha256-")]


def push_aged(registry: StoredRegistry, repository: str, days: Mapping[str, float], **image: Any) -> dict[str, Image]:
    """Push an image of its own under each tag and make it look pushed that many days ago."""
    store = Store(registry.storage)
    made = {tag: images.image(f"{repository}:{tag}", **image) for tag in days}
    for tag, one in made.items():
        push(registry, repository, one, tag)
    for tag, age in days.items():
        store.age_image(repository, made[tag], age * DAY)
        store.age_tag(repository, tag, age * DAY)
    return made
