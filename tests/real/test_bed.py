# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test bed itself: what the other tests rely on, seen on both registries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support import images
from support.credentials import TlsFiles, TokenAuth
from support.playbook import run_playbook
from support.pushing import PushError, Repository, push, skopeo_pull, skopeo_push
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.schema1 import schema1_image
from support.store import Store, assert_untouched, snapshot
from support.verify import assert_pulls, capture, exists


def test_images_of_every_kind_push_and_pull(registry: RegistryProcess) -> None:
    subject = images.image("subject")
    signature = images.signature(subject)
    sbom = images.referrer(subject, "sbom")
    push(registry, "team/app", subject, "1.0")
    push(registry, "team/app", images.image("docker", docker=True), "docker")
    push(registry, "team/app", images.multi_platform("index"), "index")
    push(registry, "team/app", images.multi_platform("list", docker=True), "list")
    push(registry, "team/app", signature, images.fallback_tag(subject, ".sig"))
    push(registry, "team/app", sbom)

    expectation = capture(registry, {"team/app": ["1.0", "docker", "index", "list", sbom.digest]})

    assert_pulls(registry, expectation)
    assert {subject.digest, signature.digest, sbom.digest} <= expectation["team/app"].manifests
    assert len(expectation["team/app"].manifests) == 3 + 1 + 3 + 3


def test_a_lost_layer_is_seen(registry: RegistryProcess, store: Store) -> None:
    image = images.image("app")
    push(registry, "app", image, "1")
    expectation = capture(registry, {"app": ["1"]})
    with registry.closed():
        shutil.rmtree(store.blob(image.layers[0].digest))

    with pytest.raises(AssertionError, match="blob app@" + image.layers[0].digest):
        assert_pulls(registry, expectation)


def test_sha512_layer_is_stored_under_sha256(registry: RegistryProcess, store: Store) -> None:
    layer = images.layer("sha512", algorithm="sha512")
    push(registry, "app", images.image("app", [layer]), "1")

    link = store.layer_link("app", layer.digest).read_text()

    assert link == images.digest_of(layer.data)
    assert_pulls(registry, capture(registry, {"app": ["1"]}))


def test_sparse_index_answers_without_its_child(registry: RegistryProcess, store: Store) -> None:
    index = images.multi_platform("sparse")
    push(registry, "app", index, "1")
    with registry.closed():
        store.remove_manifest("app", index.children[1].digest)

    assert exists(registry, "app", "1")
    assert exists(registry, "app", index.children[0].digest)
    assert not exists(registry, "app", index.children[1].digest)


def test_abandoned_upload_stays(registry: RegistryProcess, store: Store) -> None:
    assert store.uploads("app") == []
    uuid = Repository(registry, "app").abandon_upload()
    assert store.uploads("app") == [uuid]


def test_schema1_as_far_as_a_registry_takes_it(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V2, settings={"compatibility": {"schema1": {"enabled": True}}})
    push(registry, "old", schema1_image("old", "1", "old", workspace), "1")
    assert_pulls(registry, capture(registry, {"old": ["1"]}))

    with pytest.raises(PushError):
        push(new_registry(V3, name="newer"), "old", schema1_image("old", "1", "old", workspace), "1")


def test_read_only_refuses_a_push(registry: RegistryProcess) -> None:
    registry.read_only = True
    registry.restart()
    with pytest.raises(PushError, match="405"):
        push(registry, "app", images.image("app"), "1")


@pytest.mark.usefixtures("skopeo_installed")
def test_skopeo_pushes_and_pulls(registry: RegistryProcess, workspace: Path) -> None:
    for tag, image in {"index": images.multi_platform("app"), "image": images.image("plain")}.items():
        skopeo_push(registry, "team/app", tag, image, workspace)
        assert skopeo_pull(registry, "team/app", tag, workspace / f"pulled-{tag}") == image.digest


def test_htpasswd_tls_and_client_certificate(version: str, new_registry: NewRegistry, tls: TlsFiles) -> None:
    registry = new_registry(version, htpasswd=("me", "secret"), tls=tls, client_certificates=True)
    push(registry, "app", images.image("app"), "1")
    assert_pulls(registry, capture(registry, {"app": ["1"]}))
    assert registry.bare_session().get(f"{registry.url}/v2/", timeout=10).status_code == 401


def test_token_realm(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, token=TokenAuth())
    push(registry, "app", images.image("app"), "1")
    assert_pulls(registry, capture(registry, {"app": ["1"]}))
    assert ["repository:app:pull"] in registry.token_server.requests_seen


def test_snapshot_sees_a_touch(registry: RegistryProcess, store: Store) -> None:
    push(registry, "app", images.image("app"), "1")
    before = snapshot(store.root)
    assert_untouched(store.root, before)
    store.age_tag("app", "1", 3600)
    with pytest.raises(AssertionError, match="tags/1/current/link"):
        assert_untouched(store.root, before)


def test_playbook_results_are_recorded() -> None:
    tasks = [{"name": "say", "ansible.builtin.debug": {"msg": "hello"}}, {"name": "no", "ansible.builtin.fail": {}}]
    run = run_playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}])

    assert run.returncode == 2
    assert [one["msg"] for one in run.of("say")] == ["hello"]
    assert [one.status for one in run.tasks] == ["ok", "failed"]
    assert run.stats["localhost"]["failures"] == 1
