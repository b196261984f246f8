# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample images: shared layers, shared tags, two platforms, a signature, an abandoned upload, all of some age.

Debian base <- Python <- team/app 1.0, 1.1, 1.2, 1.3
            <- team/web 2.0, 2.1, 2.2
            <- ci/app/pr-7, builds 101 to 105
"""

from __future__ import annotations

from typing import Iterator, NamedTuple

from support import images
from support.images import Content, Image
from support.pushing import Repository, push
from support.registries import RegistryProcess
from support.store import Store

DAY = 86400.0
KILOBYTE = 1000

# What demo/policy.yml keeps, and why.
KEPT = {
    "team/app": ["1.2", "stable", "1.3", "latest"],  # the newest two images, each with both its tags
    "team/web": ["2.0", "2.1", "2.2"],  # the newest two, and one that is not yet 30 days old
    "team/tools": ["2", "3"],  # two platforms each
    "team/signed": ["2", "3"],  # and the signatures of both
    "ci/app/pr-7": ["build-104", "build-105"],
}


class Sample(NamedTuple):
    """An image with its tags, pushed so many days ago."""

    repository: str
    image: Image
    tags: tuple[str, ...]
    days: float


def samples() -> Iterator[Sample]:
    """Every tagged image of the demo, oldest first in each repository."""
    base = images.layer("debian", 900 * KILOBYTE)
    python = images.layer("python", 600 * KILOBYTE)
    yield from _apps(base, python)
    for version, days in (("2.0", 20), ("2.1", 12), ("2.2", 3)):
        yield Sample("team/web", _on("team/web", version, base), (version,), days)
    for version, days in (("1", 300), ("2", 150), ("3", 9)):
        yield Sample("team/tools", images.multi_platform(f"tools {version}"), (version,), days)
    for build, days in ((101, 40), (102, 33), (103, 21), (104, 8), (105, 2)):
        yield Sample("ci/app/pr-7", _on("ci/app/pr-7", str(build), base), (f"build-{build}",), days)
    yield from _signed(base)


def _apps(base: Content, python: Content) -> Iterator[Sample]:
    ages = {"1.0": 200, "1.1": 120, "1.2": 60, "1.3": 5}
    more = {"1.2": "stable", "1.3": "latest"}
    for version, days in ages.items():
        tags = (version, more[version]) if version in more else (version,)
        yield Sample("team/app", _on("team/app", version, base, python), tags, days)


def _signed(base: Content) -> Iterator[Sample]:
    for version, days in (("1", 90), ("2", 45), ("3", 4)):
        image = _on("team/signed", version, base)
        yield Sample("team/signed", image, (version,), days)
        yield Sample("team/signed", images.signature(image), (images.fallback_tag(image, ".sig"),), days)


def _on(name: str, version: str, *base: Content) -> Image:
    """An image of `name` with one layer of its own on top of `base`."""
    return images.image(f"{name} {version}", [*base, images.layer(f"{name} {version}", 250 * KILOBYTE)])


def fill(registry: RegistryProcess) -> None:
    """Push every sample, abandon an upload, and make all of it as old as it says."""
    store = Store(registry.storage)
    pushed = list(samples())
    for sample in pushed:
        push(registry, sample.repository, sample.image, *sample.tags)
    Repository(registry, "team/app").abandon_upload(b"x" * 400 * KILOBYTE)
    store.age_everything(365 * DAY)
    for sample in pushed:  # shared layers end up as old as their youngest image
        store.age_image(sample.repository, sample.image, sample.days * DAY)
        for tag in sample.tags:
            store.age_tag(sample.repository, tag, sample.days * DAY)
