"""Draws the pictures of docs/docsite/rst/guide_reach.rst: small image graphs, and what goes by the plans of them.

With --check it says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path
from typing import Iterator, NamedTuple

from ansible_collections.drydock.registry.plugins.module_utils._basics.weight import Weight
from ansible_collections.drydock.registry.plugins.module_utils._graph.attached import find_attached
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import (
    Graph,
    Manifest,
    Repository,
    Tag,
)
from ansible_collections.drydock.registry.plugins.module_utils._graph.removal import Removal
from ansible_collections.drydock.registry.plugins.module_utils._plan.permission import Aged
from ansible_collections.drydock.registry.plugins.module_utils._plan.planning import make_plan
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import retain
from support.graphs import NOW, digest, settings

GUIDE = Path(__file__).parents[1] / "docs/docsite/rst/guide_reach.rst"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
POLICY = {"name": "newest", "keep_n": 1}
LONG_AGO = NOW - 40 * 86400.0
WIDTH, HEIGHT, ACROSS, DOWN, TOP = 164, 30, 204, 46, 26
COLUMNS = ("tags", "indexes", "manifests", "layers")
STYLE = (
    'font-family="sans-serif" font-size="13"',
    'fill="#e6f4ea" stroke="#1e7d3c"',
    'fill="#fdecea" stroke="#b3261e" stroke-dasharray="5 3"',
)


class Thing(NamedTuple):
    """Something of a registry: its column from the left, what it leads to by name."""

    name: str
    column: int
    leads_to: tuple[str, ...] = ()


#: Pictures by name: tags in the first column, then indexes, manifests, and blobs.
PICTURES = {
    "platforms": [
        Thing("1.1", 0, ("index 1.1",)),
        Thing("1.2", 0, ("index 1.2",)),
        Thing("signature of 1.1", 0, ("signature 1.1",)),
        Thing("signature of 1.2", 0, ("signature 1.2",)),
        Thing("index 1.1", 1, ("amd64 1.1", "arm64 1.1")),
        Thing("index 1.2", 1, ("amd64 1.2", "arm64 1.2")),
        Thing("amd64 1.1", 2, ("layer a",)),
        Thing("arm64 1.1", 2, ("layer b",)),
        Thing("amd64 1.2", 2, ("layer c",)),
        Thing("arm64 1.2", 2, ("layer d",)),
        Thing("signature 1.1", 2, ("payload e",)),
        Thing("signature 1.2", 2, ("payload f",)),
        *(Thing(name, 3) for name in ("layer a", "layer b", "layer c", "layer d", "payload e", "payload f")),
    ],
    "shared": [
        Thing("1", 0, ("image 1",)),
        Thing("2", 0, ("image 2",)),
        Thing("image 1", 2, ("layer of 1", "base layer")),
        Thing("image 2", 2, ("base layer", "layer of 2")),
        *(Thing(name, 3) for name in ("layer of 1", "base layer", "layer of 2")),
    ],
    "untagged": [
        Thing("latest", 0, ("image 2",)),
        Thing("image 2", 2, ("layer of 2",)),
        Thing("was latest", 2, ("layer of 1",)),
        Thing("layer of 2", 3),
        Thing("layer of 1", 3),
        Thing("uploaded only", 3),
    ],
}


def tag_of(thing: Thing, digests: dict[str, str]) -> str:
    """Return how a tag is called in the registry: that of a signature by what is signed, as cosign does."""
    _before, is_signature, version = thing.name.partition("signature of ")
    return f"{digests[f'index {version}'].replace(':', '-')}.sig" if is_signature else thing.name


def graph_of(things: list[Thing]) -> tuple[Graph, dict[str, str]]:
    """Return the graph of one repository, and the digest of each thing that has one."""
    digests = {thing.name: digest(number) for number, thing in enumerate(things, 1) if thing.column}
    found = Repository("app")
    graph = Graph({"app": found}, has_all_blobs=True)
    for age, thing in enumerate(things):
        targets = tuple(digests[name] for name in thing.leads_to)
        if not thing.column:
            name = tag_of(thing, digests)
            found.tags[name] = Tag(name, targets[0], LONG_AGO + age)
            continue
        graph.blobs[digests[thing.name]] = Weight(100, LONG_AGO)
        if thing.column == 3:
            found.layer_links[digests[thing.name]] = LONG_AGO
        else:
            found.revisions[digests[thing.name]] = LONG_AGO
            is_index = thing.column == 1
            kind, children, layers = (INDEX, targets, ()) if is_index else (IMAGE, (), targets)
            graph.manifests[digests[thing.name]] = Manifest(kind, 100, None, layers, children)
    find_attached(graph)
    return graph, digests


def removal_of(graph: Graph) -> Removal:
    chosen = settings(policies=[POLICY])
    return make_plan(graph, chosen, retain(graph, chosen, NOW), {}, Aged(graph, chosen, NOW, set())).removal


def picture(name: str, things: list[Thing]) -> str:
    graph, digests = graph_of(things)
    removal = removal_of(graph)
    gone = {*removal.blobs, *(tag for repository in removal.repositories.values() for tag in repository.tags)}
    going = {thing.name for thing in things if (digests.get(thing.name) or tag_of(thing, digests)) in gone}
    rows = {thing.name: [one for one in things if one.column == thing.column].index(thing) for thing in things}
    columns = sorted({thing.column for thing in things})
    places = {thing.name: (columns.index(thing.column) * ACROSS, TOP + rows[thing.name] * DOWN) for thing in things}
    size = max(x for x, _y in places.values()) + WIDTH + 2, max(y for _x, y in places.values()) + HEIGHT + 2
    lines = [
        '<div class="picture">',
        f'<svg role="img" aria-label="{name}" width="{size[0]}" viewBox="-1 -1 {size[0]} {size[1]}" {STYLE[0]}>',
        *(head(COLUMNS[column], number * ACROSS) for number, column in enumerate(columns)),
        *edges(things, places, going),
        *(box(thing.name, places[thing.name], thing.name in going) for thing in things),
        "</svg>",
        "</div>",
    ]
    return "\n".join(lines)


def edges(things: list[Thing], places: dict[str, tuple[int, int]], going: set[str]) -> Iterator[str]:
    for thing in things:
        for target in thing.leads_to:
            (x, y), (to_x, to_y) = places[thing.name], places[target]
            color = "#b3261e" if thing.name in going else "#1e7d3c"
            start, end = f"{x + WIDTH} {y + HEIGHT // 2}", f"{to_x} {to_y + HEIGHT // 2}"
            yield f'  <path d="M{start} L{end}" stroke="{color}" fill="none"/>'


def head(word: str, x: int) -> str:
    return f'  <text x="{x + WIDTH // 2}" y="14" text-anchor="middle" fill="#555">{word}</text>'


def box(name: str, place: tuple[int, int], goes: bool) -> str:
    x, y = place
    word = escape(f"{name}: goes" if goes else name)
    return (
        f'  <rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" {STYLE[2] if goes else STYLE[1]}/>'
        f'<text x="{x + WIDTH // 2}" y="{y + 20}" text-anchor="middle">{word}</text>'
    )


def with_pictures(text: str) -> str:
    """Return the guide with each picture in its place, below a comment that names it."""
    for name, things in PICTURES.items():
        raw = "\n".join(f"   {line}" for line in picture(name, things).splitlines())
        block = f".. picture: {name}\n\n.. raw:: html\n\n{raw}\n\n"
        pattern = rf"\.\. picture: {name}\n\n(?:\.\. raw:: html\n\n(?:   .*\n)+\n)?"
        text, times = re.subn(pattern, lambda _match, block=block: block, text)  # type: ignore[misc]
        if times != 1:
            raise SystemExit(f"{GUIDE} has no place for the picture {name}")
    return text


def main() -> int:
    found = GUIDE.read_text()
    made = with_pictures(found)
    if "--check" not in sys.argv:
        GUIDE.write_text(made)
    elif found != made:
        sys.stderr.write(f"{GUIDE}: the pictures are out of date; run: make pictures\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
