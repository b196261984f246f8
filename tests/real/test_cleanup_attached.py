# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an image, and what names one that is nowhere, on real registries."""

from __future__ import annotations

import pytest

from support import images
from support.pushing import push
from support.registries import RegistryProcess
from support.store import Store
from support.sweeping import DAY, cleanup, push_aged, refused, successful, sweep
from support.sweeping_api import cleanup_over_api
from support.verify import exists


@pytest.fixture
def store(everywhere: RegistryProcess) -> Store:
    return Store(everywhere.storage)


def keep(number: int) -> list[dict[str, object]]:
    return [{"name": "test", "keep_n": number}]


def test_sources_beside_images_take_no_place(everywhere: RegistryProcess, store: Store) -> None:
    made = push_aged(everywhere, "app", {"v0": 9.0, "v1": 8.0, "v2": 7.0})
    for tag, image in made.items():
        push(everywhere, "app", images.image(f"source of {tag}"), images.fallback_tag(image, ".src"))
    swept = sweep(everywhere, {"app": ["v1", "v2"]}, exact=False, policies=keep(2))
    assert swept.run["deleted"]["tags"] == 2
    left = {images.fallback_tag(made[tag], ".src") for tag in ("v1", "v2")}
    assert set(store.tags("app")) == {"v1", "v2", *left}


def test_a_tag_that_is_the_image_it_names_keeps_it(everywhere: RegistryProcess, store: Store) -> None:
    bundle = images.image("bundle")
    push(everywhere, "app", bundle, images.fallback_tag(bundle, ".imgpkg"))
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "tags": ["v*"], "keep_n": 0}]
    tag = images.fallback_tag(bundle, ".imgpkg")
    push_aged(everywhere, "app", {"v1": 9.0})
    with everywhere.closed():
        assert successful(cleanup(everywhere, policies=policies, delete_untagged=True))["deleted"]["tags"] == 1
    assert store.tags("app") == [tag]
    assert exists(everywhere, "app", bundle.digest)


def test_a_list_that_was_replaced_goes_with_its_image(everywhere: RegistryProcess, store: Store) -> None:
    gone, kept = images.image("gone"), images.image("kept")
    for name, subject in {"gone": gone, "kept": kept}.items():
        push(everywhere, "app", subject, name)
        sboms = [images.referrer(subject, f"{number} of {name}") for number in range(2)]
        for listed in (sboms[:1], sboms):
            push(everywhere, "app", images.index(listed), images.fallback_tag(subject))
    store.age_everything(9 * DAY)
    policies = [{"name": "test", "tags": ["gone"], "keep_n": 0}]
    swept = sweep(everywhere, {"app": ["kept"]}, exact=False, policies=policies)
    # The image, two attachments, the list that was replaced and the last one.
    assert swept.run["deleted"]["manifests"] == 5
    assert len(store.revisions("app")) == 5


def test_what_is_attached_to_nothing(everywhere: RegistryProcess, store: Store) -> None:
    absent = images.image("absent")
    push_aged(everywhere, "app", {"1": 9.0})
    signature = images.fallback_tag(absent, ".sig")
    push(everywhere, "app", images.signature(absent), signature)
    sbom = images.referrer(absent, "sbom")
    push(everywhere, "app", sbom)
    store.age_everything(9 * DAY)
    swept = sweep(everywhere, {"app": ["1"]}, pulls={"app": [signature, sbom.digest]}, policies=keep(1))
    assert "delete_detached_referrers" in swept.said
    swept = sweep(everywhere, {"app": ["1"]}, policies=keep(1), delete_detached_referrers=True)
    assert (swept.run["deleted"]["tags"], swept.run["deleted"]["manifests"]) == (1, 2)
    assert absent.digest in swept.reasons[f"app:{signature}"]
    refused(cleanup_over_api(everywhere, delete_detached_referrers=True), "delete_detached_referrers", "listed")


def test_an_empty_list_of_referrers_takes_no_place(everywhere: RegistryProcess, store: Store) -> None:
    """What oras leaves of the last referrer (findings/empty-list-of-referrers-stays.sh), without its image."""
    push_aged(everywhere, "app", {"1": 9.0, "2": 8.0})
    left = images.fallback_tag(images.image("absent"))
    push(everywhere, "app", images.index([]), left)
    sweep(everywhere, {"app": ["2"]}, pulls={"app": [left]}, policies=keep(1))
    assert set(store.tags("app")) == {"2", left}
    sweep(everywhere, {"app": ["2"]}, policies=keep(1), delete_detached_referrers=True)
    assert store.tags("app") == ["2"]
