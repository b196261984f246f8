# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions on tags that somebody named, in place of those of policies. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .._basics.errors import InvalidOptionError
from .._basics.names import NAMES, Grammar
from .._basics.texts import read_texts
from .._graph.graph import Graph, Tag
from .._graph.v1_image import is_image_id
from .protected import DIGEST
from .retention import BEGUN, Retention, is_thrown_away
from .rules import Decision

_NAMES = NAMES["v2"]
_PATTERNS = "not a pattern (drydock.registry.cleanup deletes by pattern)"


def decide_tags(graph: Graph, repository: str, names: Iterable[str], digest: str | None) -> Retention:
    """Decide on the tags of these names that are there; with `digest`, only what points to it goes."""
    found = graph.repositories.get(repository)
    tags = found.tags if found else {}
    return Retention({repository: [_decide(graph, tags[name], digest) for name in names if name in tags]}, [])


def decide_repositories(graph: Graph) -> Retention:
    """Let every tag of every repository go, those of signatures too."""
    decisions = {
        name: [_named_whole(tag) for tag in repository.tags.values()] for name, repository in graph.repositories.items()
    }
    return Retention(decisions, [])


def hidden_tags(graph: Graph, listed: dict[str, set[str]]) -> dict[str, list[str]]:
    """Return the tags by repository that are there now and that the listing before hid; `listed` grows by them.

    On S3 Distribution 3.1 leaves out tags whose name begins another's, at the end of a page (distribution #4891; seen
    on 3.1.1 and 3.1.2).
    """
    hidden: dict[str, list[str]] = {}
    for name, repository in graph.repositories.items():
        known = listed.setdefault(name, set())
        found = [tag for tag in repository.tags if tag not in known and any(one.startswith(tag) for one in known)]
        if found:
            hidden[name] = found
            known.update(found)
    return hidden


def decide_hidden(graph: Graph, hidden: Mapping[str, Iterable[str]]) -> Retention:
    """Let these tags go with the rest of their repositories."""
    return Retention(
        {name: [_named_whole(graph.repositories[name].tags[tag]) for tag in tags] for name, tags in hidden.items()}, []
    )


def _named_whole(tag: Tag) -> Decision:
    return Decision(tag, False, "deleted: its repository was named")


def _decide(graph: Graph, tag: Tag, digest: str | None) -> Decision:
    if digest is None or tag.digest == digest:
        return Decision(tag, False, "deleted: it was named")
    if is_thrown_away(graph, tag):
        return Decision(tag, False, BEGUN)
    return Decision(tag, True, f"kept: it does not point to {digest}")


def read_tag_names(names: Any) -> list[str]:
    """Return the names without repetitions. Raises InvalidOptionError for what no tag can be called."""
    return _checked(names, "name", _NAMES.tag, f"the name of a tag such as 1.2, {_PATTERNS}")


def read_repository_names(names: Any, option: str) -> list[str]:
    """Return the names without repetitions. Raises InvalidOptionError for what no repository can be called."""
    return _checked(names, option, _NAMES.repository, f"the name of a repository such as team/app, {_PATTERNS}")


def read_digest(digest: str | None) -> str | None:
    """Return the digest. Raises InvalidOptionError where it is none."""
    if digest is not None and not DIGEST.fullmatch(digest) and not is_image_id(digest):
        raise InvalidOptionError("digest", digest, "a whole digest, sha256:<64 hexadecimal digits>")
    return digest


def _checked(given: Any, option: str, grammar: Grammar, expected: str) -> list[str]:
    names = read_texts(given, option)
    for name in names:
        if not grammar.has(name):
            raise InvalidOptionError(option, name, expected)
    return list(dict.fromkeys(names))
