# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the images of a repository appeared: which push times and which image dates can be believed. Pure.

The time of a push is what counts, as long as it is one. After a copy of a registry (skopeo sync, a restored backup, a
mirror) all images show the hour of the copy, in whatever order that went through the tags. Such a copy is seen by both
times together, never by its speed: images that were pushed in one go, most of them a day or more after they were built,
and one among them was pushed no later than another and built a day or more after it.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Iterable, Iterator, NamedTuple

from .._graph.graph import Graph, Repository, Tag

# Pushes of one go follow each other within this time: a copy of large images over a slow link takes a while for each.
_PAUSE_SECONDS = 3600.0
# So many pushes in one go are looked at, also where they are a small part of the repository.
_MANY = 10
# What lies so far apart was not built and pushed by the same job, and comes in another order where the pushes do.
_APART_SECONDS = 86400.0
# Clocks of builders and registries differ by less; what lies further ahead is the time of nothing.
_AHEAD_SECONDS = 86400.0
# 2001-01-01: a clock that nobody has set yet begins at 1970, 1980 or 2000, and so do the times in some archives.
_CLOCK_SET = 978307200.0


class Moment(NamedTuple):
    """When a tag's image appeared: `seconds` is None where that is unknown; `word` says which date it is."""

    seconds: float | None
    word: str

    def describe(self) -> str:
        """Return the day as reasons name it."""
        if self.seconds is None:
            return "its age is unknown"
        return f"{self.word} {datetime.fromtimestamp(self.seconds, timezone.utc).strftime('%Y-%m-%d')}"


class Moments:
    """The times of one repository's images, as far as the graph has their dates by now.

    `stamped` are the images whose dates tell nothing, because others carry the very same; `in_one_go` are those that
    may have been copied, together; `is_copied` tells whether push times and image dates disagree as after a copy.
    """

    def __init__(self, graph: Graph, repository: Repository, now: float) -> None:
        self._latest = now + _AHEAD_SECONDS
        images = {tag.digest for tag in repository.judged_tags()}
        found = {image: graph.created[image] for image in images if image in graph.created}
        self.stamped: set[str] = _stamped(graph, found)
        self._dates = {
            image: date for image, date in found.items() if image not in self.stamped and date <= self._latest
        }
        # When an image came: a tag that it was given later tells nothing of that.
        self._pushes: dict[str, float] = {}
        for tag in repository.judged_tags():
            pushed = self.pushed(tag)
            if pushed is not None:
                self._pushes[tag.digest] = min(pushed, self._pushes.get(tag.digest, pushed))
        self.in_one_go = _in_one_go(self._pushes)
        self.is_copied = any(self._disagree(images) for images in self.in_one_go)

    def undated(self, tags: Iterable[Tag]) -> set[str]:
        """Return the images among those of `tags` whose dates are needed to judge by the time of the push.

        Those that may have been copied show whether they were; if so, everything is judged by dates.
        """
        suspects = set().union(*self.in_one_go)
        return {tag.digest for tag in tags if self.is_copied or tag.digest in suspects or self.pushed(tag) is None}

    def witnesses(self, staying: Iterable[str], going: Iterable[str]) -> set[str]:
        """Return those of the images `going` that have to stay so that a copy is seen by what is left, too.

        Empty where it is seen by the images `staying` alone. Asked again of what then is left, they are the same.
        """
        staying, witnesses = set(staying), set(going)
        while True:
            fewer = self._first_witnesses(staying, witnesses)
            if len(fewer) == len(witnesses):
                return witnesses
            witnesses = fewer

    def _first_witnesses(self, staying: set[str], going: set[str]) -> set[str]:
        """Return as few of the images `going` as it takes, those first that are in the wrong order."""
        left = staying | going
        first = set().union(*(self._out_of_order(images & left) for images in self.in_one_go))
        ordered = sorted(going, key=lambda image: (image not in first, -self._apart(image), image))
        fewest, enough = 0, len(ordered)
        while fewest < enough:
            middle = (fewest + enough) // 2
            if self._is_copied_by(staying.union(ordered[:middle])):
                enough = middle
            else:
                fewest = middle + 1
        return set(ordered[:enough])

    def _is_copied_by(self, images: set[str]) -> bool:
        pushes = {image: pushed for image, pushed in self._pushes.items() if image in images}
        return any(self._disagree(together) for together in _in_one_go(pushes))

    def rank(self, tag: Tag, sort_by: str) -> Moment:
        """Return by what time the tag is newer than another."""
        pushed = self.pushed(tag)
        if sort_by == "created" or self.is_copied or pushed is None:
            return self._built(tag)
        return Moment(pushed, "pushed")

    def age(self, tag: Tag, sort_by: str) -> Moment:
        """Return since when the tag is there: after a copy the later of both times, and both must be known."""
        pushed, built = self.pushed(tag), self._built(tag)
        if sort_by == "created" or pushed is None:
            return built
        if self.is_copied and (built.seconds is None or built.seconds > pushed):
            return built
        return Moment(pushed, "pushed")

    def pushed(self, tag: Tag) -> float | None:
        """Return when the tag was pushed, None where that is not known or can't be."""
        return tag.pushed if tag.pushed is not None and _CLOCK_SET <= tag.pushed <= self._latest else None

    def is_dated(self, tag: Tag) -> bool:
        """Tell whether the date of the tag's image is known and tells something."""
        return tag.digest in self._dates

    def _built(self, tag: Tag) -> Moment:
        return Moment(self._dates.get(tag.digest), "created")

    def _disagree(self, images: Iterable[str]) -> bool:
        """Tell whether most came long after they were built (or before), and one that is no newer came no earlier."""
        dated = [image for image in images if image in self._dates]
        apart = sum(self._apart(image) >= _APART_SECONDS for image in dated)
        return 2 * apart >= len(dated) > 0 and bool(self._out_of_order(dated))

    def _apart(self, image: str) -> float:
        """Return how many seconds lie between push and date, 0 where there is no date."""
        return abs(self._pushes[image] - self._dates[image]) if image in self._dates and image in self._pushes else 0.0

    def _out_of_order(self, images: Iterable[str]) -> set[str]:
        """Return an image that was pushed no earlier than another that was built long after it, and that other.

        Or one that was built long after its push. Empty where there is none.
        """
        dated = [image for image in images if image in self._dates]
        latest: str | None = None
        for image in sorted(dated, key=lambda image: (self._pushes[image], -self._dates[image], image)):
            if self._dates[image] - self._pushes[image] >= _APART_SECONDS:
                return {image}
            if latest is not None and self._dates[latest] - self._dates[image] >= _APART_SECONDS:
                return {latest, image}
            if latest is None or self._dates[image] > self._dates[latest]:
                latest = image
        return set()


def _in_one_go(pushes: dict[str, float]) -> list[set[str]]:
    """Return the images that may have been copied: many pushed in one go, or then half of what the repository held."""
    copies = []
    done = 0
    for images in _without_pause(pushes):
        done += len(images)
        if len(images) >= _MANY or (len(images) > 1 and 2 * len(images) >= done):
            copies.append(set(images))
    return copies


def _without_pause(pushes: dict[str, float]) -> Iterator[list[str]]:
    together: list[str] = []
    for image in sorted(pushes, key=lambda image: (pushes[image], image)):
        if together and pushes[image] - pushes[together[-1]] > _PAUSE_SECONDS:
            yield together
            together = []
        together.append(image)
    if together:
        yield together


def _stamped(graph: Graph, dates: dict[str, float]) -> set[str]:
    """Return the images that carry the very second of a different one, as reproducible builds do."""
    by_second: dict[int, list[str]] = {}
    for image, date in dates.items():
        by_second.setdefault(int(date), []).append(image)
    return {image for images in by_second.values() if not _are_one_build(graph, images) for image in images}


def _are_one_build(graph: Graph, images: list[str]) -> bool:
    """Tell whether these hang together as an index, its parts, and what was only compressed anew do."""
    holders: dict[str, list[str]] = {}
    for image in images if len(images) > 1 else ():
        for part in _parts(graph, image):
            holders.setdefault(part, []).append(image)
    waiting, reached = [images[0]], {images[0]}
    while waiting and holders:
        found = {image for part in _parts(graph, waiting.pop()) for image in holders.pop(part, ())} - reached
        reached |= found
        waiting.extend(found)
    return len(reached) == len(images)


def _parts(graph: Graph, image: str) -> list[str]:
    """Return what tells one build from another: the configurations, where these are dated."""
    if graph.images_are_global:
        return [image]
    manifests = {part: graph.manifests.get(part) for part in graph.children_of(image) or (image,)}
    return [
        manifest.config if manifest is not None and manifest.config and manifest.created is None else part
        for part, manifest in manifests.items()
    ]
