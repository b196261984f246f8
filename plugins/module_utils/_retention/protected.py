# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in use somewhere, as `docker ps`, Kubernetes or a person writes them. Pure.

The registry's name in a reference is not compared: a registry has many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Iterable, NamedTuple, Sequence

from .._basics.errors import InvalidOptionError
from .._basics.names import Names
from .._graph.v1_image import is_image_id

OPTION = "protect_images"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
ALL_TAGS = "*"
_ID = re.compile(r"[0-9a-f]{64}")
_SHORT_ID = re.compile(r"[0-9a-f]{7,63}|sha(?:256|512):.*")
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?")
_EXPECTED = (
    "a reference such as team/app:1.2, team/app:* for all tags, or a whole digest, sha256:<64 hexadecimal digits>"
)


class Reference(NamedTuple):
    """What one entry protects: digests (of a manifest, an index child or a config) and (repository, tag) names.

    A name with ALL_TAGS is that of a whole repository. One of `names` is enough, for it is not known which part of
    what was written is the registry's name.
    """

    text: str
    digests: frozenset[str] = frozenset()
    names: frozenset[tuple[str, str]] = frozenset()

    def check_possible(self, names: Names) -> None:
        """Raise InvalidOptionError where nothing in such a registry can be called so."""
        repositories = {name for name, _tag in self.names if names.repository.has(name)}
        tags = {tag for _name, tag in self.names if tag == ALL_TAGS or names.tag.has(tag)}
        if self.names and not (repositories and tags):
            raise _refusal(self.text, "no repository or no tag can be called so")
        if not self.names and all(len(digest) < names.shortest_id for digest in self.digests):
            raise _refusal(self.text, _SHORTENED)


@dataclass(frozen=True)
class ProtectedImages:
    """All of them: what any of the references protects."""

    references: Sequence[Reference] = ()

    @cached_property
    def digests(self) -> set[str]:
        """Return the digests of manifests, of an index's children, of configurations."""
        return {digest for reference in self.references for digest in reference.digests}

    @cached_property
    def names(self) -> set[tuple[str, str]]:
        """Return names as (repository, tag)."""
        return {name for reference in self.references for name in reference.names}

    def has(self, repository: str, tag: str) -> bool:
        """Tell whether the tag is protected by its name, or with its whole repository."""
        return (repository, tag) in self.names or (repository, ALL_TAGS) in self.names


def read_protected(references: Iterable[object]) -> ProtectedImages:
    """Return what is protected. Raises InvalidOptionError, with the form expected, for what is not clear."""
    return ProtectedImages([_read(reference) for reference in references])


_SHORTENED = "this id is shortened: --no-trunc shows the whole one"


def _read(reference: object) -> Reference:
    written = str(reference).strip()
    scheme = _SCHEME.match(written).group()  # type: ignore[union-attr]
    text = written[len(scheme) :]
    if DIGEST.fullmatch(text):
        return Reference(written, frozenset({text}))
    if _ID.fullmatch(text):
        if scheme:
            raise _refusal(written, "this is the id of a container: its image is meant")
        # Podman's and CRI-O's id of an image is the digest of its configuration; the v1 registry's has no algorithm.
        return Reference(written, frozenset({text, f"sha256:{text}"}))
    if is_image_id(text):
        return Reference(written, frozenset({text}))
    if _SHORT_ID.fullmatch(text):
        raise _refusal(written, _SHORTENED)
    return _read_name(written, text)


def _read_name(written: str, text: str) -> Reference:
    name, at, digest = text.partition("@")
    if at and not DIGEST.fullmatch(digest):
        raise _refusal(written, "what stands behind the @ is no whole digest")
    path, colon, tag = name.rpartition(":")
    has_tag = bool(colon) and "/" not in tag
    if tag == "<none>":
        raise _refusal(written, "an image without a tag has a digest alone")
    if at and not has_tag:
        return Reference(written, frozenset({digest}))
    if not has_tag:
        raise _refusal(written, f"write '{name}:latest' for that tag, '{name}:*' for all tags")
    if set("*?[{~") & set(path if tag == ALL_TAGS else name):
        raise _refusal(written, "this is a pattern: those stand in exclude_repositories, or in a policy's keep_tags")
    return Reference(written, frozenset({digest} if at else ()), frozenset(_names_of(path, tag)))


def _names_of(path: str, tag: str) -> set[tuple[str, str]]:
    host, slash, rest = path.partition("/")
    names = {(path, tag)}
    if slash and ("." in host or ":" in host or host == "localhost"):
        names.add((rest, tag))
    # The v1 registry keeps what has no namespace in one called so.
    return names | {(f"library/{name}", tag) for name, tag in names if "/" not in name}


def _refusal(written: str, why: str) -> InvalidOptionError:
    return InvalidOptionError(OPTION, written, f"{_EXPECTED}; {why}")
