# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where what lies in the storage of docker-registry 0.9.1 (its docker_registry/core/driver.py)."""

from __future__ import annotations

from urllib.parse import quote_plus, unquote_plus

IMAGES = "images"
REPOSITORIES = "repositories"
INDEX = "_index_images"
#: What a registry writes into a repository besides tags and what goes with them.
FILES = frozenset({INDEX, "_images_list", "_private", "json"})
_TAG = "tag_"
_COMPANION = "_json"


def image(digest: str) -> str:
    return f"{IMAGES}/{digest}"


def repository(name: str) -> str:
    namespace, _slash, rest = name.partition("/")
    return f"{REPOSITORIES}/{namespace}/{_quoted(_quoted(rest))}"


def repository_name(namespace: str, directory: str) -> str | None:
    """Return the name of the repository in a directory, None where no registry calls a directory so.

    It quotes what stands after the namespace twice: `a/b/c` lies in `a/b%252Fc`.
    """
    name = f"{namespace}/{unquote_plus(unquote_plus(directory))}"
    return name if repository(name) == f"{REPOSITORIES}/{namespace}/{directory}" else None


def index(name: str) -> str:
    return f"{repository(name)}/{INDEX}"


def tag(name: str, tag_name: str) -> str:
    return f"{repository(name)}/{_TAG}{_quoted(tag_name)}"


def tag_companion(name: str, tag_name: str) -> str:
    return f"{repository(name)}/{companion(_quoted(tag_name))}"


def tag_in(file: str) -> str | None:
    """Return the tag, quoted as in its file's name, None where it is the name of something else."""
    return file[len(_TAG) :] if file.startswith(_TAG) else None


def companion(quoted_tag: str) -> str:
    return f"tag{quoted_tag}{_COMPANION}"


def is_companion(file: str) -> bool:
    return file.startswith("tag") and file.endswith(_COMPANION)


def tag_name(quoted_tag: str) -> str | None:
    """Return the name of a tag, None where no registry quotes one so."""
    name = unquote_plus(quoted_tag)
    return name if _quoted(name) == quoted_tag else None


def repository_json(name: str) -> str:
    """Return what goes with the tag `latest`."""
    return f"{repository(name)}/json"


def _quoted(name: str) -> str:
    # As Python 2 does it.
    return quote_plus(name).replace("~", "%7E")
