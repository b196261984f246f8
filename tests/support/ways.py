# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of cleaning up, in the storage and over the API, so that one description is tried in each."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import Any, Iterable, Mapping

from support import images
from support.images import Image
from support.playbook import Result
from support.pushing import push
from support.registries import Registry, RegistryProcess
from support.store import Store
from support.sweeping import DAY, Swept, cleanup, ordinary_tags, sweep
from support.sweeping_api import DeletingRegistry, Seen, cleanup_over_api, date, sweep_over_api


class Way(ABC):
    """A registry, and how it is filled and cleaned up."""

    registry: Registry

    def push(self, repository: str, image: Image, *tags: str, age: float) -> None:
        """Push an image that is dated `age` days ago, and as far as a push has a time, make it look pushed then."""
        push(self.registry, repository, image, *tags)
        self.age(repository, image, tags, age)

    @abstractmethod
    def age(self, repository: str, image: Image, tags: Iterable[str], days: float) -> None:
        """Make it look pushed so many days ago."""

    @abstractmethod
    def cleanup(self, *, check: bool = False, **options: Any) -> Result:
        """One run of the module on a registry that is `ready`."""

    @abstractmethod
    def ready(self) -> contextlib.AbstractContextManager[None]:
        """Make the registry as this way needs it to be."""

    @abstractmethod
    def sweep(self, keeps: Mapping[str, Iterable[str]], **options: Any) -> Swept:
        """Preview, run and run again, with all that must hold; `keeps` are the tags that must be left."""

    def push_aged(self, repository: str, days: Mapping[str, float], **image: Any) -> dict[str, Image]:
        """Push an image of its own under each tag, that many days old."""
        made = {
            tag: images.image(f"{repository}:{tag}", **{"created": date(age), **image}) for tag, age in days.items()
        }
        for tag, one in made.items():
            self.push(repository, one, tag, age=days[tag])
        return made

    @abstractmethod
    def tags(self, repository: str) -> list[str]:
        """The ordinary tags that are there."""


class StorageWay(Way):
    """In the storage, while the registry is stopped."""

    def __init__(self, registry: RegistryProcess) -> None:
        self.registry: RegistryProcess = registry
        self.store = Store(registry.storage)

    def age(self, repository: str, image: Image, tags: Iterable[str], days: float) -> None:
        self.store.age_image(repository, image, days * DAY)
        for tag in tags:
            self.store.age_tag(repository, tag, days * DAY)

    def cleanup(self, *, check: bool = False, **options: Any) -> Result:
        return cleanup(self.registry, check=check, **options)

    def ready(self) -> contextlib.AbstractContextManager[None]:
        return self.registry.closed()

    def sweep(self, keeps: Mapping[str, Iterable[str]], **options: Any) -> Swept:
        return sweep(self.registry, keeps, **options)

    def tags(self, repository: str) -> list[str]:
        return ordinary_tags(self.store, repository)


class ApiWay(Way):
    """Over the API, while the registry is open. An image is as old as its own date says."""

    def __init__(self, registry: DeletingRegistry) -> None:
        self.registry: DeletingRegistry = registry

    def age(self, repository: str, image: Image, tags: Iterable[str], days: float) -> None:
        """Nobody is told over the API when something was pushed."""

    def cleanup(self, *, check: bool = False, **options: Any) -> Result:
        return cleanup_over_api(self.registry, check=check, **options)

    def ready(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def sweep(self, keeps: Mapping[str, Iterable[str]], **options: Any) -> Swept:
        return sweep_over_api(self.registry, keeps, **options)

    def tags(self, repository: str) -> list[str]:
        return Seen(self.registry).ordinary_tags().get(repository, [])
