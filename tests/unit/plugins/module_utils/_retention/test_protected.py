# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of protect_images protects something, or is refused with the form expected."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.names import NAMES
from ansible_collections.drydock.registry.plugins.module_utils._graph.graph import Graph, Manifest, Repository, Tag
from ansible_collections.drydock.registry.plugins.module_utils._retention.retention import is_protected
from support.graphs import OCI, digest, settings

HEX = f"{1:064x}"
CONFIG = f"{900:064x}"
TAG = Tag("v1", digest(1), None)


def protects(reference: object, repository: str = "team/app", version: str = "v2") -> bool:
    """Whether it protects the tag `v1` of the repository."""
    read = settings(protect_images=[reference])
    read.check_possible(NAMES[version])
    graph = Graph({repository: Repository(repository, {"v1": TAG}, {TAG.digest: 0.0})})
    graph.manifests[TAG.digest] = Manifest(OCI, 1, config=digest(900))
    return is_protected(graph, read.protected, repository, TAG)


@pytest.mark.parametrize(
    "reference",
    [
        "team/app:v1",
        "team/app:*",
        "registry.example.com/team/app:v1",
        "registry:5000/team/app:*",
        "localhost/team/app:v1",
        "https://registry.example.com/team/app:v1",
        HEX,
        CONFIG,
        f"sha256:{HEX}",
        f"docker://sha256:{CONFIG}",
        f"docker-pullable://registry.example.com/team/app@sha256:{HEX}",
        f"registry.example.com/team/app:v1@sha256:{5:064x}",
        f"registry.example.com/team/app:gone@sha256:{HEX}",
        f"team/app:v1@sha256:{HEX}",
    ],
)
def test_what_is_clear_protects(reference: str) -> None:
    assert protects(reference)


@pytest.mark.parametrize(
    "reference", ["other:v1", "team/app:v2", "app:*", "team:*", f"{2:064x}", f"team/app@sha256:{2:064x}"]
)
def test_what_names_another_image_does_not_protect_this_one(reference: str) -> None:
    assert not protects(reference)


def test_both_the_tag_and_the_digest_of_a_pinned_reference_are_protected() -> None:
    graph = Graph({"app": Repository("app", {"v1": TAG, "v2": Tag("v2", digest(2), None)})})
    protected = settings(protect_images=[f"app:v1@{digest(2)}"]).protected
    assert all(is_protected(graph, protected, "app", tag) for tag in graph.repositories["app"].tags.values())


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("a1b2c3d4e5f6", "--no-trunc"),
        ("a1b2c3d4e5f60", "--no-trunc"),
        ("0123456789abcdef", "--no-trunc"),
        ("sha256:a1b2c3d4e5f6", "--no-trunc"),
        (f"sha256:{HEX}00", "--no-trunc"),
        (f"containerd://{HEX}", "the id of a container"),
        ("team/app", "write 'team/app:latest' for that tag, 'team/app:*' for all tags"),
        ("registry.example.com:5000/team/app", "'registry.example.com:5000/team/app:*'"),
        ("app@sha256:a1b2c3d4e5f6", "behind the @"),
        ("team/app:<none>", "a digest alone"),
        ("team/app:v*", "keep_tags"),
        ("team/**:*", "exclude_repositories"),
        ("~team/.*:v1", "exclude_repositories"),
        ("Team/App:v1", "can be called so"),
        ("team/app:.v1", "can be called so"),
        ("two words:v1", "can be called so"),
        ("team/app:v1,team/web:v1", "can be called so"),
        ("", "write"),
    ],
)
def test_what_protects_nothing_is_refused(reference: object, why: str) -> None:
    with pytest.raises(InvalidOptionError) as error:
        protects(reference)
    assert re.match(r"protect_images: .* cannot be used, expected a reference such as team/app:1.2", str(error.value))
    assert str(reference) in str(error.value)
    assert why in str(error.value)


def test_what_only_an_old_registry_has() -> None:
    assert not protects("0123456789abcdef", version="v1")
    assert protects("app:v1", "library/app", version="v1")
    assert protects("Team/App:v1", "Team/App", version="v1")


PART = r"[a-z0-9]{1,9}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}"


@given(st.from_regex(rf"{PART}(?:/{PART}){{0,2}}", fullmatch=True), st.sampled_from(["", "r.example.com/", "r:5000/"]))
def test_a_tag_of_any_legal_repository_can_be_protected(repository: str, host: str) -> None:
    if repository not in ("sha256", "sha512") and len(repository) <= 100:
        assert protects(f"{host}{repository}:v1", repository)
        assert protects(f"{host}{repository}:*", repository)
