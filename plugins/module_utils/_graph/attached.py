# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tags and manifests belong to another image, and are neither judged nor counted as images of their own. Pure."""

from __future__ import annotations

from itertools import chain
from typing import Iterator

from .graph import Graph, Manifest, Repository, Tag

# What cosign attaches to an image, which is never an image by itself.
_ATTACHMENTS = (".sig", ".att", ".sbom")


def find_attached(graph: Graph) -> None:
    """Tell of every repository which of its tags are attached to a subject by their name, and which to nothing.

    Such a tag is an ordinary one where it points to the very image that it names (imgpkg keeps images by such tags), or
    where that image is in no repository and the tag's own may well be an image. Whether it is in none only a storage
    tells: over the API a tag may not be listed.
    """
    candidates = [
        (repository, tag, subject)
        for repository in graph.repositories.values()
        for tag in repository.tags.values()
        for subject in [tag.named_subject]
        if subject is not None and subject != tag.digest
    ]
    there = _linked(graph, {subject for _repository, _tag, subject in candidates})
    for repository, tag, subject in candidates:
        if subject in there or not graph.has_all_blobs:
            repository.attached[tag.name] = subject
        elif _is_attachment(graph, tag, subject):
            repository.detached[tag.name] = subject
    for repository in graph.repositories.values():
        _note_detached(graph, repository)


def subjects(graph: Graph) -> dict[str, str]:
    """Return, by its digest, the subject of every manifest that names one."""
    return {digest: manifest.subject for digest, manifest in graph.manifests.items() if manifest.subject}


def replaced_lists(graph: Graph) -> dict[tuple[str, str], str]:
    """Return the subject of every list of referrers without a tag, by (repository, digest).

    Such a list is what a client replaces under the tag `sha256-<hex>` whenever something is attached, and the list that
    was replaced stays untagged (seen with oras 1.3.6, regctl 0.11.7). Where somebody tagged one, that tag tells what
    becomes of it.
    """
    lists = _lists(graph)
    found: dict[tuple[str, str], str] = {}
    for name, repository in graph.repositories.items() if lists else ():
        tagged = {tag.digest for tag in repository.tags.values()}
        found.update(
            ((name, one), lists[one]) for one in lists.keys() & repository.revisions.keys() if one not in tagged
        )
    return found


def detached(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield (repository, digest) of every manifest and list of referrers whose subject is in no repository."""
    by_digest = {**_lists(graph), **subjects(graph)}
    absent = set(by_digest.values()) - _linked(graph, set(by_digest.values()))
    for name, repository in graph.repositories.items():
        yield from ((name, digest) for digest in repository.revisions if by_digest.get(digest) in absent)


def _lists(graph: Graph) -> dict[str, str]:
    """Return, by its digest, the subject of every index that names nothing but the referrers of one."""
    indexes = (digest for digest, manifest in graph.manifests.items() if manifest.children and not manifest.subject)
    listed = ((digest, _listed_subject(graph, digest)) for digest in indexes)
    return {digest: subject for digest, subject in listed if subject}


def _linked(graph: Graph, digests: set[str]) -> set[str]:
    return set(chain.from_iterable(digests & one.revisions.keys() for one in graph.repositories.values()))


def _is_attachment(graph: Graph, tag: Tag, subject: str) -> bool:
    """Tell whether what the tag points to is no image: by its name, by its own subject, or as a list of referrers."""
    manifest = graph.manifests.get(tag.digest)
    if tag.name.endswith(_ATTACHMENTS) or manifest is None:
        return True
    return subject in (manifest.subject, _listed_subject(graph, tag.digest)) or _lists_nothing(graph, manifest)


def _lists_nothing(graph: Graph, manifest: Manifest) -> bool:
    """Tell whether this is an index of which nothing is there: clients leave it when they delete the last referrer."""
    is_index = manifest.is_known and manifest.config is None and not manifest.layers
    return is_index and graph.manifests.keys().isdisjoint(manifest.children)


def _listed_subject(graph: Graph, digest: str) -> str | None:
    """Return the one subject that all named by an index have, as far as these are there, None where it is not one."""
    listed: str | None = None
    for child in graph.children_of(digest):
        manifest = graph.manifests.get(child)
        if manifest is None:
            continue
        if manifest.subject is None or listed not in (None, manifest.subject):
            return None
        listed = manifest.subject
    return listed


def _note_detached(graph: Graph, repository: Repository) -> None:
    if repository.detached:
        graph.notes.append(
            f"{repository.name}: {len(repository.detached)} tags belong to images that are in no repository "
            f"(delete_detached_referrers removes them), such as {min(repository.detached)}"
        )
