# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of a cleanup over the API of an open registry, with what must hold for every one of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Iterable, Mapping, Union

from support import images
from support.crane import CraneRegistry
from support.forked import run_forked
from support.images import Image
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import V2, Registry, RegistryProcess
from support.store import Store, assert_untouched, snapshot
from support.sweeping import Swept, assert_same_plan, successful
from support.verify import Expectation, assert_pulls, capture, catalogue, exists

DeletingRegistry = Union[RegistryProcess, CraneRegistry]
NOW = datetime.now(timezone.utc)


def cleanup_over_api(registry: Registry, *, check: bool = False, diff: bool = False, **options: Any) -> Result:
    """One run of the module that knows the registry's URL alone, and what `options` say."""
    return run_forked("cleanup", {"registry_url": registry.url, **options}, check=check, diff=diff)[1]


def sweep_over_api(
    registry: DeletingRegistry,
    keeps: Mapping[str, Iterable[str]],
    *,
    pulls: Mapping[str, Iterable[str]] | None = None,
    exact: bool = True,
    **options: Any,
) -> Swept:
    """Preview, run and run again on the open registry, then pull. The twin of `sweeping.sweep`.

    `keeps` are the ordinary tags that must be left, `{repository: tags}`, of every repository that has any; `pulls` are
    digests that must pull besides. With `exact`, a registry that deletes by digest has no manifest left that nothing of
    these needs; one that deletes tags has them all left, and they are counted.
    """
    wanted = {name: [*tags, *(pulls or {}).get(name, ())] for name, tags in keeps.items()}
    wanted.update({name: list(more) for name, more in (pulls or {}).items() if name not in wanted})
    expectation = capture(registry, wanted)
    before = Seen(registry)
    preview = successful(cleanup_over_api(registry, check=True, diff=True, **options))
    before.assert_same()
    run = successful(cleanup_over_api(registry, diff=True, **options))
    assert_same_plan(preview, run)
    assert (preview["left_untagged"], run["not_deleted"]) == (run["left_untagged"], [])
    after = Seen(registry)
    again = successful(cleanup_over_api(registry, diff=True, **options))
    assert not again["changed"], again["deleted"]
    after.assert_same()
    assert after.ordinary_tags() == {name: sorted(tags) for name, tags in keeps.items()}
    assert_pulls(registry, expectation)
    if exact and isinstance(registry, RegistryProcess):
        assert_manifests(registry, expectation, run["left_untagged"])
    return Swept(preview, run, again, expectation)


class Seen:
    """What a registry held when this was made: every file of its storage, and every tag that it lists and has."""

    def __init__(self, registry: DeletingRegistry) -> None:
        self.registry = registry
        self.files = snapshot(registry.home)
        self.tags = tags_of(registry)

    def assert_same(self) -> None:
        assert_untouched(self.registry.home, self.files)
        assert tags_of(self.registry) == self.tags

    def ordinary_tags(self) -> dict[str, list[str]]:
        """The repositories that have tags which are no signatures or referrers' fallbacks, with these tags."""
        ordinary = {name: [tag for tag in tags if not tag.startswith("sha256-")] for name, tags in self.tags.items()}
        return {name: tags for name, tags in ordinary.items() if tags}


def tags_of(registry: Registry) -> dict[str, list[str]]:
    """Every tag that can be pulled, by repository."""
    return {
        name: sorted(tag for tag in Repository(registry, name).tags() if exists(registry, name, tag))
        for name in catalogue(registry)
    }


def assert_manifests(registry: RegistryProcess, expectation: Expectation, left_untagged: int) -> None:
    """Nothing but what is expected is linked, or where tags alone go, as much else as was said to be left."""
    store = Store(registry.storage)
    unneeded = [
        digest
        for name in store.repositories()
        for digest in store.revisions(name)
        if name not in expectation or digest not in expectation[name].manifests
    ]
    assert len(unneeded) == left_untagged, unneeded
    if not deletes_tags(registry):
        assert unneeded == []


def date(days: float) -> str:
    """The date of an image that was made so many days ago; equal ages are equal dates."""
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def push_dated(registry: Registry, repository: str, days: Mapping[str, float]) -> dict[str, Image]:
    """Push an image of its own under each tag, made that many days ago."""
    made = {tag: images.image(f"{repository}:{tag}", created=date(age)) for tag, age in days.items()}
    for tag, one in made.items():
        push(registry, repository, one, tag)
    return made


def deletes_tags(registry: Registry) -> bool:
    """Whether a tag can go alone there: Distribution 2.8 only deletes by digest."""
    return not (isinstance(registry, RegistryProcess) and registry.version == V2)
