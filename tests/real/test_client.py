# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry client on real registries: lists, manifests, blobs, pushing and deleting, and every way to be let in."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import RegistryError
from ansible_collections.drydock.registry.plugins.module_utils._client.client import RegistryClient
from ansible_collections.drydock.registry.plugins.module_utils._client.options import read_client_options
from support import images
from support.crane import CraneRegistry
from support.credentials import TlsFiles, TokenAuth
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, Registry, RegistryProcess, wait_for
from support.scripted import Fault, NewScripted, Request, in_turn, json_fault
from support.store import Store
from support.verify import exists

USER, PASSWORD = "cleaner", "correct horse"
LOGIN = {"registry_username": USER, "registry_password": PASSWORD}
Pushed = tuple[RegistryProcess, images.Image]
ABSENT = "sha256:" + "0" * 64
LIMIT = 1 << 20


def client(registry: Registry, **params: Any) -> RegistryClient:
    return RegistryClient(read_client_options(params)._replace(url=registry.url))


@pytest.fixture(params=[V2, V3, "crane"])
def any_registry(request: pytest.FixtureRequest, new_registry: NewRegistry) -> Registry:
    """A started, empty registry of each make, which deletes."""
    if request.param == "crane":
        found: CraneRegistry = request.getfixturevalue("crane")
        return found
    return new_registry(request.param, delete_enabled=True)


def push_tags(registry: Registry, repository: str, tags: list[str]) -> None:
    """One image with many tags; within a Distribution's storage they are copied, which takes a tenth of the time."""
    image = images.image("app")
    push(registry, repository, image, tags[0])
    for tag in tags[1:]:
        if isinstance(registry, RegistryProcess):
            store = Store(registry.storage)
            shutil.copytree(store.tag(repository, tags[0]), store.tag(repository, tag))
        else:
            Repository(registry, repository).push_manifest(image.manifest, tag)


def push_repositories(registry: Registry, names: list[str]) -> None:
    """The same image in many repositories, as `push_tags` does it."""
    image = images.image("app")
    push(registry, names[0], image, "1")
    for name in names[1:]:
        if isinstance(registry, RegistryProcess):
            store = Store(registry.storage)
            shutil.copytree(store.repository(names[0]), store.repository(name))
        else:
            Repository(registry, name).push_manifest(image.manifest, "1")


# Lists.


@pytest.mark.parametrize("count", [1000, 1001])
def test_every_tag_is_listed(any_registry: Registry, count: int) -> None:
    tags = [f"t{number:04}" for number in range(count)]
    push_tags(any_registry, "team/app", tags)

    assert sorted(client(any_registry).tags("team/app") or []) == tags


def test_every_repository_is_listed(any_registry: Registry) -> None:
    names = [f"app-{number:04}" for number in range(1001)]
    push_repositories(any_registry, names)

    assert sorted(client(any_registry).repositories()) == names


def test_a_catalogue_with_smaller_pages_than_asked_for(version: str, new_registry: NewRegistry) -> None:
    registry = new_registry(version, settings={"catalog": {"maxentries": 3}})
    names = [f"app-{number}" for number in range(8)]
    push_repositories(registry, names)

    assert list(client(registry).repositories()) == names


def test_an_empty_registry_and_an_absent_repository(any_registry: Registry) -> None:
    assert list(client(any_registry).repositories()) == []
    assert client(any_registry).tags("team/app") is None


@pytest.mark.parametrize(
    ("repository", "reference"), [("team/../prod", "1"), ("team/app", "../../../prod/manifests/1")]
)
def test_no_name_leads_into_another_repository(scripted: NewScripted, repository: str, reference: str) -> None:
    server = scripted()
    with pytest.raises(RegistryError, match="is no name of a repository"):
        client(server).delete_manifest(repository, reference)
    assert server.seen == []


def test_a_repository_without_tags(any_registry: Registry) -> None:
    push(any_registry, "team/app", images.image("app"), "1")
    speaker = client(any_registry)
    digest = speaker.manifest_digest("team/app", "1")
    assert digest
    assert speaker.delete_manifest("team/app", digest).status == 202
    speaker.delete_manifest("team/app", "1")

    assert not speaker.tags("team/app")


def test_the_catalogue_is_closed(scripted: NewScripted) -> None:
    server = scripted(in_turn(json_fault({"errors": [{"code": "DENIED"}]}, 403)))
    with pytest.raises(RegistryError, match=r"_catalog\?n=1000 answered 403 \(DENIED\): .*without patterns"):
        list(client(server).repositories())


def test_a_registry_without_a_catalogue_is_not_an_empty_one(scripted: NewScripted) -> None:
    server = scripted(in_turn(json_fault({"errors": [{"code": "UNSUPPORTED"}]}, 404)))
    with pytest.raises(RegistryError, match="without patterns"):
        list(client(server).repositories())


def test_pages_in_a_ring(scripted: NewScripted) -> None:
    def script(request: Request) -> Fault:
        last = "b" if "last=a" in request.path else "a"
        return json_fault({"tags": [last]}, Link=f'</v2/team/app/tags/list?n=1&last={last}>; rel="next"')

    server = scripted(script)
    with pytest.raises(RegistryError, match=f"GET {server.url}/v2/team/app/tags/list.* lead nowhere after 2 names"):
        client(server).tags("team/app")
    assert len(server.seen) == 3


# Manifests and blobs.

EVERY_KIND = {
    "oci": images.image("oci"),
    "docker": images.image("docker", docker=True),
    "index": images.multi_platform("index"),
    "list": images.multi_platform("list", docker=True),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_manifest_is_fetched_as_it_was_pushed(any_registry: Registry, kind: str) -> None:
    image = EVERY_KIND[kind]
    push(any_registry, "team/app", image, "1")
    speaker = client(any_registry)

    for reference in ("1", image.digest):
        assert speaker.manifest("team/app", reference) == (image.digest, image.manifest.media_type, image.manifest.data)
        assert speaker.manifest_digest("team/app", reference) == image.digest


def test_what_is_not_there(any_registry: Registry) -> None:
    push(any_registry, "team/app", images.image("app"), "1")
    speaker = client(any_registry)
    for repository, reference in (("team/app", "2"), ("team/app", ABSENT), ("team/other", "1")):
        assert speaker.manifest(repository, reference) is None
        assert speaker.manifest_digest(repository, reference) is None
    assert speaker.blob("team/app", ABSENT, LIMIT) is None
    assert not speaker.has_blob("team/app", ABSENT)


def test_a_blob_is_fetched_up_to_its_limit(any_registry: Registry) -> None:
    image = images.image("app")
    push(any_registry, "team/app", image, "1")
    data = image.config.data
    speaker = client(any_registry)

    assert speaker.blob("team/app", image.config.digest, len(data)) == data
    assert speaker.has_blob("team/app", image.config.digest)
    with pytest.raises(RegistryError, match=f"/blobs/{image.config.digest} sends more than {len(data) - 1} bytes"):
        speaker.blob("team/app", image.config.digest, len(data) - 1)


def test_none_of_these_registries_has_a_referrers_api(any_registry: Registry) -> None:
    image = images.image("app")
    push(any_registry, "team/app", image, "1")
    assert client(any_registry).referrers("team/app", image.digest) is None


def test_referrers_by_pages(scripted: NewScripted) -> None:
    found = [images.referrer(images.image("app"), seed) for seed in ("one", "two")]

    def script(request: Request) -> Fault:
        first, second = (json.loads(images.index([one]).manifest.data) for one in found)
        return json_fault(second) if "page=2" in request.path else json_fault(first, Link='<?page=2>; rel="next"')

    server = scripted(script)
    assert client(server).referrers("team/app", ABSENT) == [one.digest for one in found]
    assert server.seen[0] == f"GET /v2/team/app/referrers/{ABSENT}"


def test_pushing_and_deleting(any_registry: Registry) -> None:
    image = images.image("app")
    speaker = client(any_registry)
    for blob in image.blobs:
        assert speaker.put_blob("team/app", blob.data) == blob.digest
    assert speaker.put_manifest("team/app", "1", image.manifest.media_type, image.manifest.data) == image.digest

    assert speaker.tags("team/app") == ["1"]
    assert speaker.delete_manifest("team/app", image.digest).status == 202
    assert not exists(any_registry, "team/app", image.digest)
    assert speaker.delete_manifest("team/app", image.digest).status == 404


def test_an_upload_goes_to_our_own_address(any_registry: Registry, scripted: NewScripted) -> None:
    """A proxy that writes another host than ours into the Location of an upload."""

    def script(request: Request) -> Fault | None:
        if request.method != "POST":
            return None
        answer = server.pass_on(request)
        path = answer.headers["Location"].replace(server.url, "")
        return Fault(answer.status, {**answer.headers, "Location": f"https://registry.internal{path}"})

    server = scripted(script, any_registry)
    digest = client(server).put_blob("team/app", b"a layer")
    assert client(any_registry).blob("team/app", digest, LIMIT) == b"a layer"


# Who we are.


def test_htpasswd(version: str, new_registry: NewRegistry, tmp_path: Path) -> None:
    registry = new_registry(version, htpasswd=(USER, PASSWORD))
    image = images.image("app")
    push(registry, "team/app", image, "1")
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))

    for login in (LOGIN, {"docker_config": str(config)}):
        speaker = client(registry, **login)
        assert list(speaker.repositories()) == ["team/app"]
        assert speaker.tags("team/app") == ["1"]
        assert speaker.blob("team/app", image.config.digest, LIMIT) == image.config.data
    with pytest.raises(RegistryError, match=r"_catalog\?n=1000 answered 401"):
        list(client(registry).repositories())
    with pytest.raises(RegistryError, match="answered 401"):
        client(registry).tags("team/app")


def test_tls_with_a_private_ca_and_a_client_certificate(version: str, new_registry: NewRegistry, tls: TlsFiles) -> None:
    registry = new_registry(version, tls=tls, client_certificates=True, delete_enabled=True)
    push(registry, "team/app", images.image("app"), "1")
    ours = {"ca_path": str(tls.ca), "client_cert": str(tls.client_cert), "client_key": str(tls.client_key)}
    speaker = client(registry, **ours)

    assert list(speaker.map(speaker.tags, itertools.repeat("team/app", 20))) == [["1"]] * 20
    with pytest.raises(RegistryError, match="client_cert"):
        client(registry, ca_path=str(tls.ca)).tags("team/app")


def token_registry(version: str, new_registry: NewRegistry, **auth: Any) -> Pushed:
    """A registry behind a token server, with the image team/app:1, and nothing asked for yet."""
    registry = new_registry(version, token=TokenAuth(USER, PASSWORD, **auth), delete_enabled=True)
    image = images.image("app")
    push(registry, "team/app", image, "1")
    registry.token_server.requests_seen.clear()
    return registry, image


def test_no_scope_is_wider_than_needed(version: str, new_registry: NewRegistry) -> None:
    registry, image = token_registry(version, new_registry)
    speaker = client(registry, **LOGIN)
    ask: list[tuple[Callable[[], Any], str]] = [
        (lambda: list(speaker.repositories()), "registry:catalog:*"),
        (lambda: speaker.tags("team/app"), "repository:team/app:pull"),
        (lambda: speaker.put_blob("team/app", b"a layer"), "repository:team/app:pull,push"),
        (lambda: speaker.delete_manifest("team/app", image.digest), "repository:team/app:pull,delete"),
    ]
    for call, _scope in ask:
        call()
    # These need nothing that is not there already.
    speaker.manifest("team/app", "1")
    speaker.manifest_digest("team/app", "1")
    speaker.blob("team/app", image.config.digest, LIMIT)
    speaker.referrers("team/app", image.digest)

    assert registry.token_server.requests_seen == [[scope] for _call, scope in ask]
    assert not exists(registry, "team/app", "1")


def test_a_token_is_fetched_once_for_all_threads(version: str, new_registry: NewRegistry) -> None:
    registry, image = token_registry(version, new_registry)
    speaker = client(registry, **LOGIN)

    def digest(_number: int) -> str | None:
        return speaker.manifest_digest("team/app", "1")

    assert set(speaker.map(digest, range(100))) == {image.digest}
    assert registry.token_server.requests_seen == [["repository:team/app:pull"]]


def test_a_token_that_expires_in_the_middle_is_replaced_once(version: str, new_registry: NewRegistry) -> None:
    # The registry itself adds 60 seconds.
    registry, image = token_registry(version, new_registry, good_for=-57)
    speaker = client(registry, **LOGIN)
    assert speaker.manifest_digest("team/app", "1") == image.digest
    server = registry.token_server
    shown = {"Authorization": f"Bearer {server.issued[-1]}"}
    url = f"{registry.url}/v2/team/app/tags/list"
    wait_for(lambda: registry.bare_session().get(url, headers=shown, timeout=5).status_code == 401, "its expiry")
    server.auth.good_for = 300
    server.requests_seen.clear()

    def digest(_number: int) -> str | None:
        return speaker.manifest_digest("team/app", "1")

    assert set(speaker.map(digest, range(100))) == {image.digest}
    assert server.requests_seen == [["repository:team/app:pull"]]


def test_a_token_is_not_used_longer_than_the_server_says(version: str, new_registry: NewRegistry) -> None:
    registry, image = token_registry(version, new_registry, expires_in=1e-9, good_for=300)
    speaker = client(registry, **LOGIN)
    for _number in range(3):
        assert speaker.manifest_digest("team/app", "1") == image.digest
    assert len(registry.token_server.requests_seen) == 3


def test_tokens_of_many_repositories_do_not_pile_up(new_registry: NewRegistry) -> None:
    registry, _image = token_registry(V3, new_registry)
    speaker = client(registry, **LOGIN)
    names = [f"absent/{number}" for number in range(200)]
    asked = registry.token_server.requests_seen

    for name in [*names, names[-1], names[0]]:
        assert speaker.tags(name) is None

    # The last one's token was still there, the first one's was not.
    assert asked == [[f"repository:{name}:pull"] for name in [*names, names[0]]]
