# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole repositories are deleted on real registries, and no other one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import images
from support.absent import absent, deleted, run_examples, successful, tags_deleted, unchanged
from support.images import Image
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, Registry, RegistryProcess
from support.s3_server import new_place
from support.schema1 import schema1_image
from support.scripted import BROKEN, Fault, NewScripted, Request, json_fault
from support.store import Store
from support.sweeping import refused
from support.sweeping_api import DeletingRegistry, tags_of
from support.verify import assert_pulls, capture, catalogue, exists

FORBIDDEN = json_fault({"errors": [{"code": "DENIED"}]}, 403)
FALLBACKS = ("", ".sig", ".att", ".sbom")


def push_each(registry: Registry, repository: str, *tags: str) -> dict[str, Image]:
    """Push an image of its own under each of these tags."""
    made = {tag: images.image(f"{repository}:{tag}") for tag in tags}
    for tag, image in made.items():
        push(registry, repository, image, tag)
    return made


def test_every_tag_of_a_repository_goes(deleting: DeletingRegistry) -> None:
    """Images with several tags, indexes and tagged parts of them, signatures, and one whose image is elsewhere."""
    shared, index = images.image("shared"), images.multi_platform("index")
    for name in ("app", "app/web", "web"):
        push(deleting, name, shared, "1", "latest")
        push(deleting, name, index, "multi")
        push(deleting, name, index.children[1], "arm64")
        for suffix in FALLBACKS:
            push(deleting, name, images.signature(shared, suffix), images.fallback_tag(shared, suffix))
    push(deleting, "app", images.signature(shared), images.fallback_tag(images.image("elsewhere"), ".sig"))
    kept = ["1", "arm64", "latest", "multi", *(images.fallback_tag(shared, suffix) for suffix in FALLBACKS)]
    run = deleted("repository", deleting, {"app/web": kept, "web": kept}, name="app")
    assert run["deleted"]["tags"] == len(kept) + 1
    assert run["deleted"]["manifests"] + run["left_untagged"] == 9
    assert {one["reason"] for one in run["tags_deleted"]} == {"deleted: its repository was named"}


def test_nothing_is_left_where_digests_are_deleted(new_registry: NewRegistry) -> None:
    registry = new_registry(V2, delete_enabled=True)
    push(registry, "app", images.multi_platform("index"), "multi")
    push_each(registry, "app", "1", "2")
    run = deleted("repository", registry, {}, name=["app"])
    assert run["deleted"] == {"tags": 3, "manifests": 5}
    assert Store(registry.storage).revisions("app") == []


def test_several_repositories_of_which_some_are_not_there(deleting: DeletingRegistry) -> None:
    for name in ("one", "two", "three"):
        push_each(deleting, name, "1", "2")
    run = deleted("repository", deleting, {"two": ["1", "2"]}, name=["one", "nowhere", "three", "one"])
    assert run["deleted"]["tags"] == 4
    assert [note for note in run["notes"] if "nowhere" in note]


def test_signatures_in_a_repository_of_their_own(deleting: DeletingRegistry) -> None:
    """They go with their own repository alone, and nothing of the images goes with them."""
    made = push_each(deleting, "app", "1", "2")
    for image in made.values():
        push(deleting, "signatures", images.signature(image), images.fallback_tag(image, ".sig"))
    deleted("repository", deleting, {"app": ["1", "2"]}, name="signatures")


def test_images_and_their_signatures_elsewhere_go_together(deleting: DeletingRegistry) -> None:
    image = push_each(deleting, "app", "1")["1"]
    push(deleting, "signatures", images.signature(image), images.fallback_tag(image, ".sig"))
    push_each(deleting, "other", "1")
    deleted("repository", deleting, {"other": ["1"]}, name=["app", "signatures"])


def test_what_has_no_tag_is_not_seen(deleting: DeletingRegistry) -> None:
    untagged = images.image("untagged")
    push(deleting, "app", untagged)
    push_each(deleting, "app", "1")
    kept = capture(deleting, {"app": [untagged.digest]})
    run = successful(absent("repository", deleting, name="app"))
    assert run["deleted"]["manifests"] + run["left_untagged"] == 1
    assert_pulls(deleting, kept)


def test_the_name_stays_in_the_catalogue(registry: RegistryProcess) -> None:
    registry.stop()
    registry.delete_enabled = True
    registry.start()
    push_each(registry, "app", "1")
    deleted("repository", registry, {}, name="app")
    assert catalogue(registry) == ["app"]
    assert not successful(unchanged("repository", registry, name="app"))["notes"]


def test_an_image_in_the_old_format(new_registry: NewRegistry, workspace: Path) -> None:
    registry = new_registry(V2, delete_enabled=True, settings={"compatibility": {"schema1": {"enabled": True}}})
    push(registry, "app", schema1_image("app", "old", "old", workspace), "old")
    push_each(registry, "app", "1")
    assert tags_deleted(deleted("repository", registry, {}, name="app")) == ["1", "old"]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_registry_that_deletes_nothing(new_registry: NewRegistry, version: str, read_only: bool) -> None:
    registry = new_registry(version)
    push_each(registry, "app", "1")
    registry.stop()
    registry.read_only = registry.delete_enabled = read_only
    registry.start()
    assert successful(unchanged("repository", registry, name="nowhere"))["notes_total"] == 1
    message = refused(unchanged("repository", registry, name="app"))
    words = ("is read-only",) if read_only else ("storage.delete.enabled: true", "drydock.registry.cleanup with")
    assert all(word in message for word in words)


def test_a_repository_that_is_refused_does_not_hold_up_the_others(
    deleting: DeletingRegistry, scripted: NewScripted
) -> None:
    for name in ("one", "two", "three"):
        push_each(deleting, name, "1", "2")

    def script(request: Request) -> Fault | None:
        is_probe = "drydock-probe" in request.path or not exists(deleting, "two", request.path.rpartition("/")[2])
        return FORBIDDEN if request.method == "DELETE" and "/two/" in request.path and not is_probe else None

    run = absent("repository", scripted(script, deleting), name=["one", "two", "three"], api_concurrency=1)
    message = refused(run, "403", "Deleted: 4 tags")
    assert run["changed"]
    assert {one["repository"] for one in run["tags_deleted"]} == {"one", "three"}
    assert {one["repository"] for one in run["not_deleted"]} == {"two"}
    assert [one["name"] for one in run["not_deleted"] if one["kind"] == "tag"] == ["1", "2"]
    assert all(one["why"] in message for one in run["not_deleted"])
    assert tags_of(deleting)["two"] == ["1", "2"]
    run = successful(absent("repository", deleting, name=["one", "two", "three"]))
    assert {one["repository"] for one in run["tags_deleted"]} == {"two"}


def test_a_tag_that_is_pushed_meanwhile_stays(deleting: DeletingRegistry, scripted: NewScripted) -> None:
    push_each(deleting, "app", "1")
    late = images.image("late")

    def script(request: Request) -> None:
        if request.method == "DELETE" and "drydock-probe" in request.path:
            push(deleting, "app", late, "late")

    run = absent("repository", scripted(script, deleting), name="app")
    refused(run, "still has app:late, pushed meanwhile or not listed before", "Deleted: 1 tags")
    assert run["changed"]
    assert tags_deleted(run) == ["1"]
    assert tags_of(deleting) == {"app": ["late"]}
    assert_pulls(deleting, capture(deleting, {"app": ["late"]}))


@pytest.mark.parametrize("names", [[3.10], 3.10, ["app", 12], [None]])
def test_a_number_is_no_name(scripted: NewScripted, names: object) -> None:
    server = scripted()
    refused(absent("repository", server, name=names), "name: ", " cannot be used", "write it in quotes")
    assert server.seen == []


def test_tags_that_a_listing_hides_go_too(new_registry: NewRegistry, scripted: NewScripted) -> None:
    """A real 3.1.1 on S3, asked for pages of one tag: each leaves out the tags whose name begins its own (#4891)."""
    registry = new_registry(V3, delete_enabled=True, storage=new_place("x"))
    names = ["1", "1.2", "1.2-alpine", "1.2.3", "1.2.3-rc", "2", "latest", "latest-x"]
    push(registry, "app", images.image("one"), *names[::2])
    push(registry, "app", images.image("other"), *names[1::2])

    def in_small_pages(request: Request) -> Fault | None:
        if not request.path.endswith("/tags/list?n=1000"):
            return None
        page = registry.session().get(f"{registry.url}{request.path.partition('?')[0]}?n=1", timeout=30)
        return Fault(page.status_code, dict(page.headers), page.content)

    proxy = scripted(in_small_pages, registry)
    preview = successful(absent("repository", proxy, check=True, name="app"))
    assert 0 < preview["deleted"]["tags"] < len(names)
    run = successful(absent("repository", proxy, name="app"))
    assert (run["changed"], run["deleted"]["tags"], run["drift"]) == (True, len(names), [])
    assert tags_deleted(run) == names
    assert {one["reason"] for one in run["tags_deleted"]} == {"deleted: its repository was named"}
    assert not any(exists(registry, "app", name) for name in names)
    assert not successful(absent("repository", proxy, name="app"))["changed"]


@pytest.mark.parametrize("version", [V2, V3])
def test_a_repository_with_a_dead_and_a_damaged_tag(
    new_registry: NewRegistry, version: str, scripted: NewScripted
) -> None:
    registry = new_registry(version, delete_enabled=True)
    made = push_each(registry, "app", "1", "2", "dead")
    store = Store(registry.storage)
    (store.revision("app", made["dead"].digest) / "link").unlink()
    registry.restart()
    run = successful(absent("repository", registry, name="app"))
    gone = ["1", "2", "dead"] if version == V3 else ["1", "2"]
    assert tags_deleted(run) == gone
    assert "app: tag dead is listed, and the registry does not have its manifest" in run["notes"]
    made = push_each(registry, "app", "1", "damaged")
    path = store.blob_data(made["damaged"].digest)
    path.write_bytes(path.read_bytes()[:-20])
    registry.restart()

    def answer_at_once(request: Request) -> Fault | None:
        return BROKEN if request.method in ("GET", "HEAD") and request.path.endswith("/manifests/damaged") else None

    run = absent("repository", scripted(answer_at_once, registry), name="app")
    if version == V2:
        refused(run, "app:1 is kept: its repository is kept whole, because a manifest can't be read")
    else:
        assert tags_deleted(successful(run)) == ["1", "damaged"]
        assert Repository(registry, "app").tags() == []


@pytest.mark.parametrize("name", ["team/*", "**", "~team/.*", "Team/App", "team/app:1", "/app", "app/", ""])
def test_a_name_that_no_repository_can_have(scripted: NewScripted, name: str) -> None:
    server = scripted()
    run = absent("repository", server, name=["app", name])
    refused(run, f"name: {name!r} cannot be used", "drydock.registry.cleanup deletes by pattern")
    assert server.seen == []


def test_the_examples(deleting: DeletingRegistry) -> None:
    for name in ("old-project/app", "old-project/web", "team/app"):
        push_each(deleting, name, "1")
    project, preview = run_examples("repository", deleting).of("drydock.registry.repository")
    assert project["deleted"]["tags"] == 2
    assert preview["changed"]
    assert "team/app: 1 tag, " in preview["diff"]["before"]
    assert tags_of(deleting)["team/app"] == ["1"]
