# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reachability on real stores: what refers to what, in every way that registries and their clients know."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import images
from support.images import AMD64, ARM64
from support.pushing import PushError, Repository, push, skopeo_pull, skopeo_push
from support.registries import RegistryProcess
from support.store import Store, remove
from support.sweeping import DAY, push_aged, sweep
from support.verify import blob_exists, exists

KEEP_ONE = [{"name": "test", "keep_n": 1}]


@pytest.fixture
def registry(everywhere: RegistryProcess) -> RegistryProcess:
    """One on each storage: what refers to what does not depend on it."""
    return everywhere


def test_shared_layers_stay(registry: RegistryProcess, store: Store) -> None:
    base, other = images.layer("base"), images.layer("other")
    old, new = images.image("old", [base, other]), images.image("new", [base])
    push(registry, "app", old, "old")
    store.age_image("app", old, 9 * DAY)
    store.age_tag("app", "old", 9 * DAY)
    push(registry, "app", new, "new")
    swept = sweep(registry, {"app": ["new"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["blobs"] == 3
    assert not blob_exists(registry, "app", other.digest)


def test_a_layer_of_another_repository_stays(registry: RegistryProcess, store: Store) -> None:
    image = images.image("shared")
    for name in ("a", "b"):
        push(registry, name, image, "1")
        store.age_tag(name, "1", 9 * DAY)
        push(registry, name, images.image(f"new {name}"), "2")
    policies = [{"name": "test", "repositories": ["a"], "keep_n": 1}]
    swept = sweep(registry, {"a": ["2"], "b": ["1", "2"]}, policies=policies)
    assert swept.run["deleted"]["manifests"] == 1
    assert swept.run["deleted"]["layer_links"] == 2
    assert swept.run["deleted"]["blobs"] == 0
    assert not exists(registry, "a", image.digest)


def test_a_mounted_layer_stays_where_it_is_mounted(registry: RegistryProcess, store: Store) -> None:
    base = images.layer("mounted")
    source, user = images.image("source", [base]), images.image("user", [base])
    push(registry, "base", source, "1")
    repository = Repository(registry, "user")
    repository.mount_blob(base, "base")
    repository.push_blob(user.config)
    repository.push_manifest(user.manifest, "1")
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "repositories": ["base"], "keep_n": 0}]
    sweep(registry, {"user": ["1"]}, policies=policies, allow_empty=True)
    assert store.repositories() == ["user"]


@pytest.mark.parametrize("docker", [False, True])
def test_an_index_keeps_every_platform(registry: RegistryProcess, store: Store, docker: bool) -> None:
    gone, kept = images.multi_platform("gone", docker=docker), images.multi_platform("kept", docker=docker)
    push(registry, "app", gone, "gone")
    store.age_image("app", gone, 9 * DAY)
    store.age_tag("app", "gone", 9 * DAY)
    push(registry, "app", kept, "kept")
    swept = sweep(registry, {"app": ["kept"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["manifests"] == 3
    assert not any(exists(registry, "app", child.digest) for child in gone.children)


def test_an_index_in_an_index(registry: RegistryProcess, store: Store) -> None:
    inner = images.multi_platform("inner")
    push(registry, "app", images.index([inner, images.image("beside", platform=AMD64)]), "nested")
    push_aged(registry, "app", {"old": 9.0})
    swept = sweep(registry, {"app": ["nested"]}, policies=KEEP_ONE)
    assert len(swept.expectation["app"].manifests) == 5
    assert len(store.revisions("app")) == 5


def test_a_child_with_a_tag_of_its_own_stays(registry: RegistryProcess, store: Store) -> None:
    index = images.multi_platform("index")
    push(registry, "app", index, "index")
    push(registry, "app", index.children[0], "amd64")
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "tags": ["index"], "keep_n": 0}]
    sweep(registry, {"app": ["amd64"]}, policies=policies)
    assert not exists(registry, "app", index.children[1].digest)


def test_a_child_shared_by_two_indexes_stays(registry: RegistryProcess, store: Store) -> None:
    shared = images.image("shared", platform=AMD64)
    old = images.index([shared, images.image("old", platform=ARM64)])
    push(registry, "app", old, "old")
    store.age_everything(9 * DAY)
    push(registry, "app", images.index([shared, images.image("new", platform=ARM64)]), "new")
    store.age_tag("app", "old", 9 * DAY)
    swept = sweep(registry, {"app": ["new"]}, policies=KEEP_ONE)
    assert swept.run["deleted"]["manifests"] == 2


def test_a_child_unlinked_in_one_repository_keeps_its_layers_in_another(
    registry: RegistryProcess, store: Store
) -> None:
    """3.x's collector loses these layers (docs/registry_facts.md#mistakes-of-other-tools)."""
    index = images.multi_platform("index")
    for name in ("a", "b"):
        push(registry, name, index, "1")
    with registry.closed():
        remove(store.revision("a", index.children[0].digest))
    store.age_everything(9 * DAY)
    sweep(registry, {"a": ["1"], "b": ["1"]}, exact=False, policies=KEEP_ONE)


def test_referrers_follow_their_subject(registry: RegistryProcess, store: Store) -> None:
    kept, gone = images.image("kept"), images.image("gone")
    made = {}
    for name, subject in {"gone": gone, "kept": kept}.items():
        made[name] = images.referrer(subject, f"sbom of {name}")
        push(registry, "app", subject, name)
        push(registry, "app", made[name])
    on_referrer = images.referrer(made["kept"], "signature of the sbom")
    push(registry, "app", on_referrer)
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "keep_tags": ["kept"], "keep_n": 0}]
    pulls = {"app": [made["kept"].digest, on_referrer.digest]}
    sweep(registry, {"app": ["kept"]}, pulls=pulls, policies=policies)
    assert not exists(registry, "app", made["gone"].digest)


def test_a_referrer_never_keeps_its_subject(registry: RegistryProcess, store: Store) -> None:
    subject = images.image("subject")
    sbom = images.referrer(subject, "sbom")
    push(registry, "app", subject, "subject")
    push(registry, "app", sbom, "sbom")
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "tags": ["subject"], "keep_n": 0}]
    sweep(registry, {"app": ["sbom"]}, policies=policies)
    assert not exists(registry, "app", subject.digest)


def test_a_referrers_fallback_tag_follows_its_subject(registry: RegistryProcess, store: Store) -> None:
    kept, gone = images.image("kept"), images.image("gone")
    for name, subject in {"gone": gone, "kept": kept}.items():
        sbom = images.referrer(subject, f"sbom of {name}")
        push(registry, "app", subject, name)
        push(registry, "app", images.index([sbom]), images.fallback_tag(subject))
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "keep_tags": ["kept"], "keep_n": 0}]
    sweep(registry, {"app": ["kept"]}, policies=policies)
    assert store.tags("app") == sorted(["kept", images.fallback_tag(kept)])


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_cosign_tags_follow_their_subject(registry: RegistryProcess, store: Store, suffix: str) -> None:
    kept, gone = images.image("kept"), images.image("gone")
    for name, subject in {"gone": gone, "kept": kept}.items():
        push(registry, "app", subject, name)
        push(registry, "app", images.signature(subject), images.fallback_tag(subject, suffix))
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "keep_tags": ["kept"], "keep_n": 0}]
    swept = sweep(registry, {"app": ["kept"]}, policies=policies)
    assert store.tags("app") == sorted(["kept", images.fallback_tag(kept, suffix)])
    assert "app:gone" in swept.reasons


def test_cosign_tags_are_not_counted(registry: RegistryProcess) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0, "3": 7.0})
    for image in made.values():
        push(registry, "app", images.signature(image), images.fallback_tag(image, ".sig"))
    sweep(registry, {"app": ["2", "3"]}, policies=[{"name": "test", "keep_n": 2}])


def test_a_signature_of_a_platform_stays(registry: RegistryProcess, store: Store) -> None:
    index = images.multi_platform("index")
    push(registry, "app", index, "1")
    child = index.children[1]
    push(registry, "app", images.signature(child), images.fallback_tag(child, ".sig"))
    push_aged(registry, "app", {"old": 9.0})
    sweep(registry, {"app": ["1"]}, policies=KEEP_ONE)
    assert images.fallback_tag(child, ".sig") in store.tags("app")


def test_signatures_in_a_repository_of_their_own(registry: RegistryProcess, store: Store) -> None:
    made = push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    for image in made.values():
        push(registry, "signatures", images.signature(image), images.fallback_tag(image, ".sig"))
    store.age(store.repository("signatures"), 9 * DAY)
    pulls = {"signatures": [images.fallback_tag(made["2"], ".sig")]}
    sweep(registry, {"app": ["2"]}, pulls=pulls, policies=KEEP_ONE)
    assert store.tags("signatures") == [images.fallback_tag(made["2"], ".sig")]


def test_a_signature_without_a_subject_stays(registry: RegistryProcess, store: Store) -> None:
    signature, elsewhere = images.signature(images.image("elsewhere")), images.image("elsewhere")
    tag = images.fallback_tag(elsewhere, ".sig")
    push(registry, "app", signature, tag)
    push_aged(registry, "app", {"1": 9.0, "2": 8.0})
    store.age_tag("app", tag, 99 * DAY)
    sweep(registry, {"app": ["2"]}, pulls={"app": [tag]}, policies=KEEP_ONE)


def test_a_layer_pushed_by_sha512_stays(registry: RegistryProcess, store: Store) -> None:
    """Both registries' own collectors delete it (docs/registry_facts.md#mistakes-of-other-tools)."""
    gone, kept = (images.layer(name, algorithm="sha512") for name in ("gone", "kept"))
    push(registry, "app", images.image("gone", [gone]), "gone")
    store.age_everything(9 * DAY)
    push(registry, "app", images.image("kept", [kept]), "kept")
    swept = sweep(registry, {"app": ["kept"]}, exact=False, policies=KEEP_ONE)
    assert swept.run["deleted"]["blobs"] == 3
    # The link by sha256 stays as well: with a cold cache the registry answers 500 without it.
    stored, config = images.digest_of(kept.data), images.image("kept", [kept]).config.digest
    assert store.layer_links("app") == sorted([kept.digest, stored, config])


def test_a_moved_tags_old_image_stays_and_its_index_entry_goes_with_it(registry: RegistryProcess, store: Store) -> None:
    first, second = images.image("first"), images.image("second")
    push(registry, "app", first, "moving", "pinned")
    store.age_everything(9 * DAY)
    push(registry, "app", second, "moving")
    entry = store.tag("app", "moving") / "index" / first.digest.replace(":", "/")
    assert entry.exists()
    sweep(registry, {"app": ["moving"]}, policies=[{"name": "test", "tags": ["pinned"], "keep_n": 0}])
    assert not entry.exists()


def test_several_kinds_at_once_on_deep_repositories(registry: RegistryProcess, store: Store) -> None:
    base = images.layer("base of all")
    for name in ("a", "a/b", "a/b/c", "a/b/c/d"):
        old, new = images.image(f"old {name}", [base]), images.multi_platform(f"new {name}")
        push(registry, name, old, "old")
        store.age_tag(name, "old", 9 * DAY)
        push(registry, name, new, "new")
        push(registry, name, images.signature(new), images.fallback_tag(new, ".sig"))
    keeps = {name: ["new"] for name in ("a", "a/b", "a/b/c", "a/b/c/d")}
    swept = sweep(registry, keeps, policies=KEEP_ONE)
    assert swept.run["deleted"]["tags"] == 4
    assert not store.blob(base.digest).exists()


@pytest.mark.usefixtures("skopeo_installed")
def test_what_skopeo_pushed_skopeo_pulls(registry: RegistryProcess, store: Store, workspace: Path) -> None:
    base = images.layer("base")
    made = {"old": images.image("old", [base]), "new": images.image("new", [base]), "multi": images.multi_platform("m")}
    for tag, image in made.items():
        skopeo_push(registry, "team/app", tag, image, workspace)
    store.age_tag("team/app", "old", 9 * DAY)
    sweep(registry, {"team/app": ["multi", "new"]}, policies=[{"name": "test", "keep_n": 2}])
    for tag in ("new", "multi"):
        assert skopeo_pull(registry, "team/app", tag, workspace / f"pulled-{tag}") == made[tag].digest
    with pytest.raises(PushError):
        skopeo_pull(registry, "team/app", "old", workspace / "gone")
