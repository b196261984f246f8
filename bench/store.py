# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a synthetic v2 store, laid out as Distribution lays it out, the same for the same shape and seed.

Manifests, configs and layers are real: digests match, layers are little tar archives, indexes have two platforms, and
every image can be pulled. Times lie in the first half of 2025, spread over months and different for each push within a
repository, so that no grace period or age rule makes a difference. With the full shapes a store has the 184,020 files
whose costs docs/registry_facts.md#what-collectors-cost states: each image has three layers of its own and four of the
20 that all share.

Usage: store.py DESTINATION REPOSITORIESxTAGS+UNTAGGED [--seed TEXT]; writes DESTINATION/registry (the root directory)
and DESTINATION/counts.json, and prints the latter.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import random
import re
import tarfile
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

SEED = "drydock"
FIRST_PUSH = int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp())
HISTORY = 180 * 86400  # seconds from a repository's first push to its last
BASE_STACKS = 5
LAYERS_PER_STACK = 4
OWN_LAYERS = 3
INDEX_EVERY = 10
PLATFORMS = ("amd64", "arm64")

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."


@dataclasses.dataclass(frozen=True)
class Shape:
    """How much of what: `untagged` is the number of images without a tag in each repository."""

    repositories: int
    tags: int
    untagged: int

    @classmethod
    def parse(cls, text: str) -> Shape:
        found = re.fullmatch(r"(\d+)x(\d+)\+(\d+)", text)
        if found is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not REPOSITORIESxTAGS+UNTAGGED, such as 100x100+50")
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.repositories}x{self.tags}+{self.untagged}"


@dataclasses.dataclass(frozen=True)
class MediaTypes:
    manifest: str
    index: str
    config: str
    layer: str


OCI_TYPES = MediaTypes(OCI + "manifest.v1+json", OCI + "index.v1+json", OCI + "config.v1+json", OCI + "layer.v1.tar")
DOCKER_TYPES = MediaTypes(
    DOCKER + "distribution.manifest.v2+json",
    DOCKER + "distribution.manifest.list.v2+json",
    DOCKER + "container.image.v1+json",
    DOCKER + "image.rootfs.diff.tar",
)


@dataclasses.dataclass
class Counts:
    """What the store holds, as any reader should find it again."""

    repositories: int = 0
    tags: int = 0
    indexes: int = 0
    images: int = 0
    untagged: int = 0
    revisions: int = 0
    layer_links: int = 0
    blobs: int = 0
    blob_bytes: int = 0
    manifest_bytes: int = 0
    files: int = 0


@dataclasses.dataclass(frozen=True)
class Blob:
    digest: str
    size: int

    def descriptor(self, media_type: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


def _tar_header() -> bytes:
    entry = tarfile.TarInfo("etc/layer")
    entry.size = tarfile.BLOCKSIZE
    return entry.tobuf()


_TAR_HEADER = _tar_header()


def layer_content(text: str) -> bytes:
    """A tar archive with one file of one block; made by hand, as tarfile is too slow for 50,000 of them."""
    return _TAR_HEADER + text.encode().ljust(tarfile.BLOCKSIZE, b"\n") + bytes(2 * tarfile.BLOCKSIZE)


def is_layer(content: bytes) -> bool:
    return content.startswith(_TAR_HEADER)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Tree:
    """The files of a v2 store below `root`, counted as they are written; `time` is the push that writes them."""

    def __init__(self, root: str) -> None:
        self.blobs = os.path.join(root, "docker/registry/v2/blobs/sha256")
        self.repositories = os.path.join(root, "docker/registry/v2/repositories")
        self.counts = Counts()
        self.time_ns = FIRST_PUSH * 10**9
        self._prefixes: set[str] = set()
        self.make_directory(self.blobs)
        self.make_directory(self.repositories)

    def make_directory(self, path: str) -> None:
        """A directory that is not there yet, and its parents."""
        os.makedirs(path)

    def write(self, directory: str, name: str, content: bytes) -> None:
        """A new directory with one file in it; both have the time of the push, as after a real one."""
        os.mkdir(directory)
        fd = os.open(f"{directory}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.write(fd, content)
            os.utime(fd, ns=(self.time_ns, self.time_ns))
        finally:
            os.close(fd)
        os.utime(directory, ns=(self.time_ns, self.time_ns))

    def _put(self, directory: str, name: str, content: bytes) -> None:
        self.write(directory, name, content)
        self.counts.files += 1

    def link(self, directory: str, digest: str) -> None:
        """`directory`/link, as the registry writes it: the digest, no newline; the parent directory is there."""
        self._put(directory, "link", digest.encode())

    def blob(self, content: bytes) -> Blob:
        hexadecimal = hashlib.sha256(content).hexdigest()
        prefix = f"{self.blobs}/{hexadecimal[:2]}"
        if prefix not in self._prefixes:
            self.make_directory(prefix)
            self._prefixes.add(prefix)
        self._put(f"{prefix}/{hexadecimal}", "data", content)
        self.counts.blobs += 1
        self.counts.blob_bytes += len(content)
        return Blob(f"sha256:{hexadecimal}", len(content))


class Repository:
    """One repository of the tree; its images are pushed in the order of their times."""

    def __init__(self, tree: Tree, name: str, types: MediaTypes) -> None:
        self._tree = tree
        self._types = types
        self.name = name
        self._path = f"{tree.repositories}/{name}"
        for part in ("_layers/sha256", "_manifests/revisions/sha256", "_manifests/tags", "_uploads"):
            tree.make_directory(f"{self._path}/{part}")
        tree.counts.repositories += 1

    def link_layer(self, blob: Blob) -> None:
        self._tree.link(f"{self._path}/_layers/sha256/{blob.digest[7:]}", blob.digest)
        self._tree.counts.layer_links += 1

    def _push_blob(self, content: bytes) -> Blob:
        blob = self._tree.blob(content)
        self.link_layer(blob)
        return blob

    def _push_manifest(self, manifest: dict[str, Any]) -> Blob:
        blob = self._tree.blob(_json(manifest))
        self._tree.link(f"{self._path}/_manifests/revisions/sha256/{blob.digest[7:]}", blob.digest)
        self._tree.counts.revisions += 1
        self._tree.counts.manifest_bytes += blob.size
        return blob

    def _config(self, label: str, architecture: str, layers: list[Blob]) -> bytes:
        created = datetime.fromtimestamp(self._tree.time_ns // 10**9 - 600, timezone.utc)
        return _json(
            {
                "architecture": architecture,
                "os": "linux",
                "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "config": {"Labels": {"image": label}},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
            }
        )

    def push_image(self, label: str, architecture: str, base: list[Blob]) -> Blob:
        """An image of the shared layers in `base` and OWN_LAYERS that no other image has."""
        layers = base + [self._push_blob(layer_content(f"{label} layer {n}")) for n in range(OWN_LAYERS)]
        config = self._push_blob(self._config(label, architecture, layers))
        self._tree.counts.images += 1
        return self._push_manifest(
            {
                "schemaVersion": 2,
                "mediaType": self._types.manifest,
                "config": config.descriptor(self._types.config),
                "layers": [layer.descriptor(self._types.layer) for layer in layers],
            }
        )

    def push_index(self, label: str, base: list[Blob]) -> Blob:
        entries = [
            {
                **self.push_image(f"{label} {architecture}", architecture, base).descriptor(self._types.manifest),
                "platform": {"architecture": architecture, "os": "linux"},
            }
            for architecture in PLATFORMS
        ]
        self._tree.counts.indexes += 1
        return self._push_manifest({"schemaVersion": 2, "mediaType": self._types.index, "manifests": entries})

    def tag(self, tag: str, manifest: Blob) -> None:
        path = f"{self._path}/_manifests/tags/{tag}"
        self._tree.make_directory(f"{path}/index/sha256")
        self._tree.link(f"{path}/current", manifest.digest)
        self._tree.link(f"{path}/index/sha256/{manifest.digest[7:]}", manifest.digest)
        self._tree.counts.tags += 1


def repository_name(number: int) -> str:
    """Every tenth repository lies below another, as `team/app` and `team/app/worker`."""
    team = f"team-{number // 10:02d}"
    return f"{team}/app-{number - 1:03d}/worker" if number % 10 == 9 else f"{team}/app-{number:03d}"


def tag_name(number: int) -> str:
    return f"v{1 + number // 100}.{number // 10 % 10}.{number % 10}"


def _spread(count: int, dice: random.Random) -> Iterator[int]:
    """`count` times in nanoseconds, rising, all different."""
    for number in range(count):
        step = HISTORY * 10**9 // count
        yield FIRST_PUSH * 10**9 + number * step + dice.randrange(step)


def pushes(shape: Shape, dice: random.Random) -> Iterator[tuple[int, int | None]]:
    """(nanoseconds, number of the tag or None for an image without one), in order of time, all times different."""
    tagged: list[tuple[int, int | None]] = [(time, tag) for tag, time in enumerate(_spread(shape.tags, dice))]
    untagged: list[tuple[int, int | None]] = [(time, None) for time in _spread(shape.untagged, dice)]
    yield from sorted(tagged + untagged, key=lambda push: push[0])


def fill_repository(repository: Repository, tree: Tree, shape: Shape, seed: str, stacks: list[list[Blob]]) -> None:
    dice = random.Random(f"{seed} {repository.name}")  # noqa: S311
    for stack in stacks:
        for layer in stack:
            repository.link_layer(layer)
    for count, (tree.time_ns, tag) in enumerate(pushes(shape, dice)):
        label = f"{seed} {repository.name} push {count}"
        base = dice.choice(stacks)
        if tag is None:
            repository.push_image(label, PLATFORMS[0], base)
            tree.counts.untagged += 1
        elif tag % INDEX_EVERY == 0:
            repository.tag(tag_name(tag), repository.push_index(label, base))
        else:
            repository.tag(tag_name(tag), repository.push_image(label, PLATFORMS[0], base))


def fill(tree: Tree, shape: Shape, seed: str = SEED) -> Counts:
    """Write the whole store into a new tree."""
    stacks = [
        [tree.blob(layer_content(f"{seed} base {stack} {layer}")) for layer in range(LAYERS_PER_STACK)]
        for stack in range(BASE_STACKS)
    ]
    for number in range(shape.repositories):
        tree.time_ns = FIRST_PUSH * 10**9
        repository = Repository(tree, repository_name(number), DOCKER_TYPES if number % 2 else OCI_TYPES)
        fill_repository(repository, tree, shape, seed, stacks)
    return tree.counts


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a synthetic v2 store.")
    parser.add_argument("destination", help="a directory that is not there yet")
    parser.add_argument("shape", type=Shape.parse, help="REPOSITORIESxTAGS+UNTAGGED, such as 100x100+50")
    parser.add_argument("--seed", default=SEED)
    arguments = parser.parse_args()
    counts = fill(Tree(os.path.join(arguments.destination, "registry")), arguments.shape, arguments.seed)
    text = json.dumps(dataclasses.asdict(counts), indent=1)
    with open(os.path.join(arguments.destination, "counts.json"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
