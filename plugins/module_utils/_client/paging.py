# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that come in pages: catalogue, tags and referrers.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags. What registries make of it
was seen on Distribution 2.8.2 and 3.1.1 and on go-containerregistry 0.22.1.
"""

from __future__ import annotations

import re
from typing import Callable, Iterator
from urllib.parse import quote, urlsplit

from .._basics.errors import RegistryError
from .http import Answer

# Distribution's maximum for the catalogue, unless its configuration says otherwise.
PAGE_SIZE = 1000
FIRST_PAGE = f"n={PAGE_SIZE}"
# RFC 8288, "Link Serialisation in HTTP Headers": a target and its parameters, and one of these.
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[^\s;,="]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"?|[^\s;,"]*))?)*)')
_PARAMETER = re.compile(r';\s*([^\s;,="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s;,"]*))')


def read_pages(
    ask: Callable[[str], Answer | None], names_of: Callable[[Answer], list[str]], query: str = FIRST_PAGE
) -> Iterator[list[str]]:
    """Yield what is new on each page; no page at all where `ask`, which gets a page's query, answers None at once.

    Raises RegistryError where a page does not get further, so that a list neither goes on for ever nor is cut short.
    """
    seen: set[str] = set()
    asked = {query}
    unlinked = False
    while True:
        answer = ask(query)
        if answer is None:
            if seen:
                raise RegistryError(f"a list went away after {len(seen)} names, at the page {query}; try again")
            return
        names = names_of(answer)
        fresh = [name for name in dict.fromkeys(names) if name not in seen]
        seen.update(fresh)
        yield fresh
        following = _next_query(answer)
        if following is None:
            # A full page may have been cut there without a word (seen: go-containerregistry's catalogue).
            unlinked = unlinked or len(names) == PAGE_SIZE
            if not unlinked or not fresh:
                return
            following = "last=" + quote(names[-1], safe="")
        elif not fresh or following in asked:
            raise RegistryError(
                f"{answer.method} {answer.url}: the pages of this list lead nowhere after {len(seen)} names "
                f"(the next one is said to be {following!r}); look at the registry, and at a proxy in front of it"
            )
        asked.add(following)
        query = following


def _next_query(answer: Answer) -> str | None:
    """Return the query of the next page. The rest of its address is not used: proxies write wrong hosts and paths."""
    for link in _LINK.finditer(answer.headers.get("Link", "")):
        if "next" in _relations(link.group(2)):
            return urlsplit(link.group(1)).query
    return None


def _relations(parameters: str) -> list[str]:
    """Return the relations of a link, lower case: a parameter may name several, and only the first of them counts."""
    for found in _PARAMETER.finditer(parameters):
        if found.group(1).lower() == "rel":
            return (found.group(2) or found.group(3) or "").lower().split()
    return []


def names_in(key: str) -> Callable[[Answer], list[str]]:
    """Read the list `key` of an answer, where null stands for an empty one."""

    def names_of(answer: Answer) -> list[str]:
        body = answer.json()
        names = (body[key] or []) if isinstance(body, dict) and key in body else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RegistryError(f"{answer.describe()}: expected JSON with a list {key!r}; is registry_url right?")
        return names

    return names_of


def digests_in(answer: Answer) -> list[str]:
    """Return the digests of the manifests that an index names."""
    try:
        return [str(descriptor["digest"]) for descriptor in answer.json()["manifests"] or []]
    except (KeyError, TypeError):
        raise RegistryError(f"{answer.describe()}: expected an image index; is registry_url right?") from None
