# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample images: shared layers, shared tags, two platforms, a signature, an abandoned upload, all of some age.

Debian base <- Python <- team/app 1.0, 1.1, 1.2, 1.3
            <- team/web 2.0, 2.1, 2.2
            <- ci/app/pr-7, builds 101 to 105

The registry of which only the URL is known has some of them.
"""

from __future__ import annotations

import time
from typing import Iterator, NamedTuple

from support import images
from support.images import Content, Image
from support.pushing import Repository, push
from support.registries import V2, V3, RegistryProcess
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
# The same over the API. Distribution 2.8 can't delete app:1.0 alone: it is the image of app:stable.
KEPT_BY_URL = {
    V2: {"team/app": ["1.0", "stable", "1.2", "1.3", "latest"], "team/tools": ["2", "3"]},
    V3: {"team/app": ["stable", "1.2", "1.3", "latest"], "team/tools": ["2", "3"]},
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
    yield from _apps({"1.2": "stable", "1.3": "latest"}, base, python)
    for version, days in (("2.0", 20), ("2.1", 12), ("2.2", 3)):
        yield Sample("team/web", _on("team/web", version, days, base), (version,), days)
    yield from _tools()
    for build, days in ((101, 40), (102, 33), (103, 21), (104, 8), (105, 2)):
        yield Sample("ci/app/pr-7", _on("ci/app/pr-7", str(build), days, base), (f"build-{build}",), days)
    yield from _signed(base)


def samples_by_url() -> Iterator[Sample]:
    """The images of the registry of which only the URL is known; `stable` is the oldest application there."""
    yield from _apps({"1.0": "stable", "1.3": "latest"}, images.layer("debian", 900 * KILOBYTE))
    yield from _tools()


def _apps(more: dict[str, str], *base: Content) -> Iterator[Sample]:
    """Four versions, some with one tag more."""
    for version, days in (("1.0", 200), ("1.1", 120), ("1.2", 60), ("1.3", 5)):
        tags = (version, more[version]) if version in more else (version,)
        yield Sample("team/app", _on("team/app", version, days, *base), tags, days)


def _tools() -> Iterator[Sample]:
    for version, days in (("1", 300), ("2", 150), ("3", 9)):
        image = images.multi_platform(f"tools {version}", created=_date(days))
        yield Sample("team/tools", image, (version,), days)


def _signed(base: Content) -> Iterator[Sample]:
    for version, days in (("1", 90), ("2", 45), ("3", 4)):
        image = _on("team/signed", version, days, base)
        yield Sample("team/signed", image, (version,), days)
        yield Sample("team/signed", images.signature(image), (images.fallback_tag(image, ".sig"),), days)


def _on(name: str, version: str, days: float, *base: Content) -> Image:
    """An image of `name`, built so many days ago, with one layer of its own on top of `base`."""
    layers = [*base, images.layer(f"{name} {version}", 250 * KILOBYTE)]
    return images.image(f"{name} {version}", layers, created=_date(days))


def _date(days: float) -> str:
    """So many days ago, as an image's configuration has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * DAY))


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


def fill_by_url(registry: RegistryProcess) -> None:
    """Push the samples of the other registry. Over the API the date of an image is its age."""
    for sample in samples_by_url():
        push(registry, sample.repository, sample.image, *sample.tags)
