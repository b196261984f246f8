# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every document, section, file and test that anything in the repository names is there."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Iterator

import yaml

ROOT = Path(__file__).resolve().parents[2]
MADE_BY_TOOLS = {"collections", "dist", "__pycache__"}
TEXTS = {"", ".cfg", ".conf", ".md", ".py", ".rst", ".sh", ".toml", ".txt", ".yaml", ".yml"}


@lru_cache(maxsize=None)
def texts() -> dict[str, str]:
    """Return the text of each file by its path from the top, without addresses elsewhere."""
    found = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE_BY_TOOLS and (name[0] != "." or name == ".ci")]
        for path in (Path(folder, name) for name in names):
            if path.suffix in TEXTS and not path.is_symlink():
                found[str(path.relative_to(ROOT))] = re.sub(r"https?://\S+", "", path.read_text())
    return found


def documents() -> dict[str, str]:
    return {path: text for path, text in texts().items() if path.endswith(".md")}


def named(pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield each match of the pattern and the file that it stands in."""
    for path, text in texts().items():
        for match in re.finditer(pattern, text):
            yield path, match


def places(name: str) -> list[str]:
    """Return the files that are called so, by as much of their paths as is given."""
    end = "/" + re.sub(r"^(\.+/)+", "", name)
    return [path for path in texts() if f"/{path}".endswith(end)]


def anchors(document: str) -> set[str]:
    """Return how GitHub calls the sections of a document."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", texts()[document], flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: str) -> list[str]:
    """Return the paths from the top that a document links to."""
    targets = re.findall(r"\]\(([^)#\s]+)", texts()[document])
    return [os.path.normpath(os.path.join(os.path.dirname(document), target)) for target in targets]


def test_every_document_that_is_named_is_there() -> None:
    missing = [(path, match[0]) for path, match in named(r"(?<![\w./-])[\w./-]*\w\.md\b") if not places(match[0])]
    assert not missing


def test_every_section_that_is_named_is_there() -> None:
    found = [(path, *match.groups()) for path, match in named(r"(?<![\w./-])([\w./-]*\w\.md)#([\w-]+)")]
    found += [(path, path, match[1]) for path, match in named(r"\]\(#([\w-]+)\)")]
    missing = [one for one in found if not any(one[2] in anchors(place) for place in places(one[1]))]
    assert found
    assert not missing


def test_a_section_is_named_by_its_anchor() -> None:
    """A document, `#` and its anchor, never the heading in quotes: that can be followed, and is looked for above."""
    quoted = [(path, match[0]) for path, match in named(r"\.md`?[),]?\s+\(?[\"\u201c][A-Z]")]
    assert not quoted


def test_every_file_that_is_named_is_there() -> None:
    """By a path that begins with a folder at the top, or with one of those that the code lies in.

    Findings are without our code: the files that they name are those that they make.
    """
    parts = [Path(path).parts[:-1] for path in texts()]
    folders = {one for path in parts for one in (path if path[:1] in [("plugins",), ("roles",)] else path[:1])}
    pattern = rf"(?<![\w./}}>*-])(?:{'|'.join(sorted(folders))})/[\w./-]*\w\.(?:py|sh|yml|rst|conf|txt)\b(?![/{{<*])"
    missing = [(path, match[0]) for path, match in named(pattern) if not places(match[0])]
    assert not [one for one in missing if not one[0].startswith("findings/")]


def test_every_test_that_is_named_is_there() -> None:
    found = [(path, match[1], match[2] or "") for path, match in named(r"\b(test_\w+\.py)(?:::(test_\w+))?")]
    missing = [one for one in found if not any(one[2] in texts()[place] for place in places(one[1]))]
    assert not missing


def test_every_link_of_a_document_leads_somewhere() -> None:
    missing = [(document, path) for document in documents() for path in links(document) if not (ROOT / path).exists()]
    assert not missing


#: What addresses in documents may lead to; the forge where this is published is named in galaxy.yml alone.
ELSEWHERE = {"docs.ansible.com", "github.com/distribution", "github.com/opencontainers", "semver.org", "www.gnu.org"}


def test_addresses_lead_to_few_places() -> None:
    named_in = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")]
    named_in += [path for path in ROOT.glob("docs/**/*") if path.is_file()]
    found = {
        match for path in named_in for match in re.findall(r"https?://((?:github\.com/)?[\w.-]+)", path.read_text())
    }
    here = {name for name in found if name.endswith("example.com") or name[0].isdigit() or "." not in name}
    assert found - here == ELSEWHERE


def test_what_is_installed_links_only_to_what_is_installed() -> None:
    """An archive for ansible-galaxy has neither tests nor tools."""
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text())["build_ignore"]

    def is_installed(path: str) -> bool:
        folders = [str(folder) for folder in Path(path).parents]
        return not any(fnmatch(one, pattern) for one in [path, *folders] for pattern in ignored)

    installed = {path for path in documents() if is_installed(path)}
    astray = [(document, path) for document in installed for path in links(document) if not is_installed(path)]
    assert "README.md" in installed
    assert not [path for path in texts() if path.startswith(("docs/", "examples/")) and not is_installed(path)]
    assert not astray
