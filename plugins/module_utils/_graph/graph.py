# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The graph: plain data about what a registry holds and what refers to what.

Every source fills the same graph. Digests are strings such as `sha256:<hex>`, sizes are bytes, times are seconds since
the epoch. Nothing here reads anything or decides anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterator, NamedTuple

from .._basics.weight import Weight

#: The digest of content without a single byte.
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# The referrers tag schema of the OCI distribution spec ("Referrers Tag Schema"); behind a dot cosign (sig, att, sbom),
# imgpkg, source images and others say what they attach.
_SUBJECT_TAG = re.compile(r"(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?:\.[A-Za-z0-9._-]+)?")


class Tag(NamedTuple):
    """A tag of a repository; `pushed` is None where the source does not know it.

    `digest` is empty where a registry lists the tag over its API and can't tell it: it answers 404, or can't read it.
    """

    name: str
    digest: str
    pushed: float | None

    @property
    def named_subject(self) -> str | None:
        """Return the digest to which its name says it belongs, None for an ordinary tag; see `Repository.attached`."""
        match = _SUBJECT_TAG.fullmatch(self.name) if self.name.startswith("sha") else None
        return match.group(1).replace("-", ":") if match else None


class Debris(NamedTuple):
    """Something that no registry needs: an empty link directory, a tag without `current`, a stray `*.tmp`."""

    repository: str | None
    size: int
    modified: float


class Manifest(NamedTuple):
    """What a manifest refers to.

    `children` are manifests (of an index), `config` and `layers` are blobs; `artifact_type` is None for an ordinary
    image. Where `is_known` is False the content could not be understood: then every digest found in it is in both
    `children` and `layers`, and it is always kept. `damage` says in words why its content is not what was pushed,
    None where it is: then it may refer to more than what was found in it. `created` is the date in the annotations
    of an artifact or an index, None where there is none. `content_size` are the bytes that it says its
    configuration and layers have together, without those elsewhere, None where it does not. `elsewhere` are those
    of the layers that a client may get from another place, and that need not be here (OCI image spec,
    "Non-Distributable Layers").
    """

    media_type: str
    size: int
    config: str | None = None
    layers: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    subject: str | None = None
    is_known: bool = True
    artifact_type: str | None = None
    damage: str | None = None
    created: float | None = None
    content_size: int | None = None
    elsewhere: tuple[str, ...] = ()


@dataclass
class Repository:
    """One repository: its tags, and what is linked into it.

    `revisions` and `layer_links` give the time of each link by digest, 0.0 over the API, which tells none. `dangling`
    are tags whose directory holds no link: a registry lists them and does not have them. `absent` are the blobs that
    were asked for over the API and are not there; of a v1 registry the images that are not there whole. `kept_whole`
    says why nothing of this repository may be removed, None where that is not so. `is_tidy` is False where its
    directory holds what no registry writes. `attached` tells of each tag that belongs to another image by its name the
    digest of that subject; `detached` does so of those whose subject is in no repository: both are found once all is
    read (_graph/attached.py).
    """

    name: str
    tags: dict[str, Tag] = field(default_factory=dict)
    revisions: dict[str, float] = field(default_factory=dict)
    layer_links: dict[str, float] = field(default_factory=dict)
    uploads: dict[str, Weight] = field(default_factory=dict)
    dangling: list[str] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    kept_whole: str | None = None
    is_tidy: bool = True
    attached: dict[str, str] = field(default_factory=dict)
    detached: dict[str, str] = field(default_factory=dict)

    def attached_tags(self) -> Iterator[tuple[Tag, str]]:
        """Yield the tags that belong to another image, each with the digest of that subject."""
        return ((self.tags[name], subject) for name, subject in self.attached.items() if name in self.tags)

    def judged_tags(self) -> Iterator[Tag]:
        """Yield the tags that policies judge: all but those that belong to a subject."""
        return (tag for tag in self.tags.values() if tag.name not in self.attached and tag.name not in self.detached)


@dataclass
class Graph:
    """Everything a source found.

    `aliases` maps a digest that manifests name to the digest under which its blob is stored (a layer pushed by sha512).
    `created` holds image dates by manifest digest, where they were asked for and are known. `debris` is by path.
    `notes` are benign findings, `warnings` what somebody should look into. With `has_all_blobs`, as in a storage,
    `blobs` and the layer links are all there are: what is not among them is gone. With `images_are_global` (the v1
    registry) manifests belong to no repository, and nobody can pull one without a tag; of the `unknown_bases` among
    them it is not known what they refer to.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Weight] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    created: dict[str, float] = field(default_factory=dict)
    debris: dict[str, Debris] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    has_all_blobs: bool = False
    images_are_global: bool = False
    unknown_bases: set[str] = field(default_factory=set)
    #: Names of repositories that are there, or that were given, and were not read, because they are not selected.
    unread: list[str] = field(default_factory=list)
    #: While it is read every digest once, so that equal ones share memory. (Under Ansible sys.intern is slow.)
    digests: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def forget(self) -> None:
        """Make room for a graph that is read anew: hold nothing any more, whoever holds this."""
        vars(self).update(vars(Graph()))

    def children_of(self, digest: str) -> tuple[str, ...]:
        """Return the manifests that an index names, nothing for any other manifest."""
        manifest = self.manifests.get(digest)
        return manifest.children if manifest is not None else ()

    def stored_as(self, digest: str) -> str:
        """Return the digest under which the content that manifests call `digest` is stored."""
        return self.aliases.get(digest, digest)

    def warn_of_unknown_manifests(self) -> None:
        """Add a warning for each repository that holds manifests which could not be understood."""
        for repository in self.repositories.values():
            kinds = {digest: self.manifests[digest] for digest in repository.revisions if digest in self.manifests}
            unknown = [digest for digest, manifest in kinds.items() if not (manifest.is_known or manifest.damage)]
            if unknown:
                media_types = ", ".join(sorted({kinds[digest].media_type for digest in unknown}))
                self.warnings.append(
                    f"{repository.name}: {len(unknown)} manifests that are not understood ({media_types}) are kept "
                    f"with all they may refer to, such as {min(unknown)}"
                )
