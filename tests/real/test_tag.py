# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single tags are deleted on real registries, and nothing else that anybody needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from support import images
from support.absent import absent, deleted, drift, run_examples, successful, tags_deleted, unchanged
from support.forked import run_forked
from support.images import Image
from support.playbook import Result
from support.pushing import Repository, push
from support.registries import V2, V3, NewRegistry, Registry
from support.schema1 import schema1_image
from support.scripted import BROKEN, CUT_AFTERWARDS, Fault, NewScripted, Request, json_fault
from support.store import Store
from support.sweeping import refused
from support.sweeping_api import DeletingRegistry, deletes_tags, tags_of
from support.verify import assert_pulls, capture, exists

FORBIDDEN = json_fault({"errors": [{"code": "DENIED"}]}, 403)


def push_each(registry: Registry, *tags: str, repository: str = "app") -> dict[str, Image]:
    """Push an image of its own under each of these tags."""
    made = {tag: images.image(f"{repository}:{tag}") for tag in tags}
    for tag, image in made.items():
        push(registry, repository, image, tag)
    return made


def delete(registry: DeletingRegistry, *names: str, keeps: list[str], **options: Any) -> Result:
    """Tags of the repository app; `keeps` are those left there."""
    exact = options.pop("exact", True)
    left = {"app": keeps} if keeps else {}
    return deleted("tag", registry, left, exact=exact, repository="app", name=list(names), **options)


def refuse(registry: DeletingRegistry, *names: str, **options: Any) -> str:
    """The message of a run that must fail and change nothing."""
    return refused(unchanged("tag", registry, repository="app", name=list(names), **options))


def test_a_tag_goes_and_its_image_with_it(deleting: DeletingRegistry) -> None:
    made = push_each(deleting, "1", "2", "3")
    run = delete(deleting, "2", keeps=["1", "3"])
    assert run["deleted"]["tags"] == 1
    assert run["deleted"]["manifests"] + run["left_untagged"] == 1
    assert (run["left_untagged"] == 1) == deletes_tags(deleting)
    (gone,) = run["tags_deleted"]
    assert gone == {
        "repository": "app",
        "tag": "2",
        "digest": made["2"].digest,
        "reason": "deleted: it was named",
    }


def test_the_last_tag_of_a_repository_goes(deleting: DeletingRegistry) -> None:
    push_each(deleting, "1")
    delete(deleting, "1", keeps=[])


def test_names_that_are_partly_absent_or_repeated(deleting: DeletingRegistry) -> None:
    push_each(deleting, "1", "2", "3", "4")
    run = delete(deleting, "1", "nobody", "3", "1", "V3", keeps=["2", "4"])
    assert tags_deleted(run) == ["1", "3"]
    assert run["drift"] == []


@pytest.mark.parametrize(("repository", "name"), [("app", "nobody"), ("nowhere/at/all", "1"), ("app", [])])
def test_a_tag_that_is_not_there_is_fine(deleting: DeletingRegistry, repository: str, name: Any) -> None:
    push_each(deleting, "1")
    assert successful(unchanged("tag", deleting, repository=repository, name=name))["diff"] == {
        "before": "",
        "after": "",
    }


def test_a_tag_that_is_not_there_costs_three_questions(new_registry: NewRegistry, scripted: NewScripted) -> None:
    registry = new_registry(V3)
    push_each(registry, *"123456789")
    proxy = scripted(registry=registry)
    assert not successful(absent("tag", proxy, repository="app", name="nobody"))["changed"]
    version, asked, listed = proxy.seen
    assert version == "GET /v2/"
    assert asked == "HEAD /v2/app/manifests/nobody"
    assert listed.startswith("GET /v2/app/tags/list")


@pytest.mark.parametrize("lost", ["revision link", "manifest"])
def test_a_tag_that_is_listed_and_not_there_goes(new_registry: NewRegistry, version: str, lost: str) -> None:
    registry = new_registry(version, delete_enabled=True)
    image, store = push_each(registry, "1", "lost")["lost"], Store(registry.storage)
    (
        store.revision("app", image.digest) / "link" if lost == "revision link" else store.blob_data(image.digest)
    ).unlink()
    registry.restart()
    assert sorted(Repository(registry, "app").tags()) == ["1", "lost"]
    if not deletes_tags(registry):
        said = refuse(registry, "lost")
        assert "app:lost is kept: the registry tells no digest to delete it with" in said
        assert "overwrite_shared_tags: true" in said
    run = delete(registry, "lost", keeps=["1"], overwrite_shared_tags=True, exact=False)
    assert [(one["tag"], one["digest"]) for one in run["tags_deleted"]] == [("lost", "")]
    assert run["notes"] == ["app: tag lost is listed, and the registry does not have its manifest"]
    assert Repository(registry, "app").tags() == ["1"]


def test_a_tag_whose_manifest_is_damaged_goes(new_registry: NewRegistry, version: str, scripted: NewScripted) -> None:
    """The registry answers 500 for it (here at once). Nothing goes with it, for nobody knows what it needs."""
    registry = new_registry(version, delete_enabled=True)
    path = Store(registry.storage).blob_data(push_each(registry, "1", "damaged")["damaged"].digest)
    path.write_bytes(path.read_bytes()[:-20])
    registry.restart()

    def answer_at_once(request: Request) -> Fault | None:
        return BROKEN if request.method in ("GET", "HEAD") and request.path.endswith("/manifests/damaged") else None

    proxy, kept = scripted(answer_at_once, registry), capture(registry, {"app": ["1"]})
    options: dict[str, Any] = {"repository": "app", "name": "damaged"}
    if not deletes_tags(registry):
        refused(absent("tag", proxy, **options), "app:damaged is kept: the registry tells no digest")
    preview, run = (
        successful(absent("tag", proxy, check=check, overwrite_shared_tags=True, **options)) for check in (True, False)
    )
    assert preview["tags_deleted"] == run["tags_deleted"]
    assert tags_deleted(run) == ["damaged"]
    assert Repository(registry, "app").tags() == ["1"]
    assert path.exists()
    assert_pulls(registry, kept)


def test_a_sibling_tag_stays(deleting: DeletingRegistry) -> None:
    push(deleting, "app", images.image("shared"), "doomed", "kept")
    push_each(deleting, "other")
    if deletes_tags(deleting):
        run = delete(deleting, "doomed", keeps=["kept", "other"])
        assert run["left_untagged"] == 0
    else:
        said = refuse(deleting, "other", "doomed")
        assert "app:doomed is kept: same image as tag kept, and this registry can't delete a tag alone" in said
        assert "overwrite_shared_tags: true" in said
        assert "registry_config" in said
        run = delete(deleting, "doomed", keeps=["kept", "other"], overwrite_shared_tags=True)
    assert run["deleted"] == {"tags": 1, "manifests": 0}


def test_all_tags_of_an_image_go_together(deleting: DeletingRegistry) -> None:
    push(deleting, "app", images.image("shared"), "1", "1.0", "latest")
    push_each(deleting, "other")
    delete(deleting, "latest", "1", "1.0", keeps=["other"])


def test_a_part_of_an_index_stays_with_the_index(deleting: DeletingRegistry) -> None:
    index = images.multi_platform("index")
    push(deleting, "app", index, "multi")
    push(deleting, "app", index.children[0], "amd64")
    if not deletes_tags(deleting):
        assert "app:amd64 is kept: its image belongs to that of tag multi" in refuse(deleting, "amd64")
    delete(deleting, "amd64", keeps=["multi"], overwrite_shared_tags=True)


def test_an_index_goes_without_the_parts_that_have_a_tag(deleting: DeletingRegistry) -> None:
    index = images.multi_platform("index", docker=True)
    push(deleting, "app", index, "multi")
    push(deleting, "app", index.children[0], "amd64")
    run = delete(deleting, "multi", keeps=["amd64"])
    assert run["deleted"]["manifests"] + run["left_untagged"] == 2


def test_signatures_go_with_the_last_tag(deleting: DeletingRegistry) -> None:
    signed = images.image("signed")
    signature = images.fallback_tag(signed, ".sig")
    push(deleting, "app", signed, "1", "2")
    push(deleting, "app", images.signature(signed), signature)
    delete(deleting, "1", keeps=["2", signature], overwrite_shared_tags=True)
    run = delete(deleting, "2", keeps=[])
    assert tags_deleted(run) == ["2", signature]


def test_a_signature_that_is_named_goes_alone(deleting: DeletingRegistry) -> None:
    signed = images.image("signed")
    signature, attestation = (images.fallback_tag(signed, suffix) for suffix in (".sig", ".att"))
    push(deleting, "app", signed, "1")
    push(deleting, "app", images.signature(signed, "attestation"), attestation)
    kept = capture(deleting, {"app": ["1"]})
    push(deleting, "app", images.signature(signed), signature)
    run = successful(absent("tag", deleting, repository="app", name=signature))
    assert tags_deleted(run) == [signature]
    assert run["deleted"]["manifests"] + run["left_untagged"] == 1
    assert_pulls(deleting, kept)
    assert successful(unchanged("tag", deleting, repository="app", name=signature))


def test_a_tag_on_what_is_attached_to_an_image(deleting: DeletingRegistry) -> None:
    """An SBOM belongs to its image; where it would go with its tag, that is not for one tag to say."""
    image = images.image("image")
    sbom = images.referrer(image, "sbom")
    push(deleting, "app", image, "1")
    push(deleting, "app", sbom, "sbom")
    if not deletes_tags(deleting):
        assert "app:sbom is kept: its image belongs to that of tag 1" in refuse(deleting, "sbom")
    delete(deleting, "sbom", keeps=["1"], overwrite_shared_tags=True, exact=False)
    assert exists(deleting, "app", sbom.digest)


def test_other_repositories_keep_the_same_image(deleting: DeletingRegistry) -> None:
    image = images.image("everywhere")
    for name in ("app", "app/web"):
        push(deleting, name, image, "1")
    deleted("tag", deleting, {"app/web": ["1"]}, repository="app", name="1")


def test_only_while_it_points_to_the_digest(deleting: DeletingRegistry) -> None:
    made = push_each(deleting, "1", "2", "3")
    run = successful(unchanged("tag", deleting, repository="app", name="1", digest=made["2"].digest))
    assert drift(run) == {"1": f"points to {made['1'].digest}"}
    run = delete(deleting, "1", "2", "nobody", keeps=["1", "3"], digest=made["2"].digest)
    assert drift(run) == {"1": f"points to {made['1'].digest}"}


def test_a_tag_that_no_listing_shows(new_registry: NewRegistry, scripted: NewScripted) -> None:
    """3.1.1 on S3 leaves out a tag whose name begins another one's (distribution #4891)."""
    registry = new_registry(V3, delete_enabled=True)
    push_each(registry, "1.0", "1.0-rc")

    def script(request: Request) -> Fault | None:
        return json_fault({"name": "app", "tags": ["1.0-rc"]}) if "tags/list" in request.path else None

    assert successful(absent("tag", scripted(script, registry), repository="app", name="1.0"))["changed"]
    assert tags_of(registry) == {"app": ["1.0-rc"]}


class RightBefore:
    """Does something once, while the digest of a tag is asked for the second time: right before it is deleted."""

    def __init__(self, tag: str, action: Callable[[], object]) -> None:
        self.tag = tag
        self.action = action
        self.questions = 0

    def __call__(self, request: Request) -> None:
        if request.method == "HEAD" and request.path.endswith(f"/{self.tag}"):
            self.questions += 1
            if self.questions == 2:
                self.action()


def test_a_tag_that_moves_before_it_is_deleted_is_left_alone(deleting: DeletingRegistry, scripted: NewScripted) -> None:
    push_each(deleting, "1", "2", "moving")
    moved = images.image("moved to")
    proxy = scripted(RightBefore("moving", lambda: push(deleting, "app", moved, "moving")), deleting)
    run = successful(absent("tag", proxy, repository="app", name=["1", "moving"]))
    assert run["changed"]
    assert tags_deleted(run) == ["1"]
    assert drift(run)["moving"] == f"now points to {moved.digest}"
    assert tags_of(deleting) == {"app": ["2", "moving"]}
    assert exists(deleting, "app", moved.digest)


def test_a_tag_that_moves_while_its_digest_is_deleted_is_not_called_deleted(
    new_registry: NewRegistry, scripted: NewScripted
) -> None:
    registry = new_registry(V2, delete_enabled=True)
    made = push_each(registry, "1")
    moved = images.image("moved to")

    def script(request: Request) -> None:
        if request.method == "DELETE" and request.path.endswith(made["1"].digest):
            push(registry, "app", moved, "1")

    run = successful(absent("tag", scripted(script, registry), repository="app", name="1"))
    assert run["changed"]
    assert run["deleted"] == {"tags": 0, "manifests": 1}
    assert list(drift(run)) == ["1"]
    assert tags_of(registry) == {"app": ["1"]}


def test_a_tag_that_goes_meanwhile_is_already_gone(deleting: DeletingRegistry, scripted: NewScripted) -> None:
    made = push_each(deleting, "1", "2")
    reference = "1" if deletes_tags(deleting) else made["1"].digest
    proxy = scripted(RightBefore("1", lambda: Repository(deleting, "app").delete_manifest(reference)), deleting)
    run = successful(absent("tag", proxy, repository="app", name="1"))
    assert not run["changed"]
    assert drift(run)["1"] == "is already gone"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_registry_that_deletes_nothing(new_registry: NewRegistry, version: str, read_only: bool) -> None:
    registry = new_registry(version)
    push_each(registry, "1")
    registry.stop()
    registry.read_only = registry.delete_enabled = read_only
    registry.start()
    assert not successful(unchanged("tag", registry, repository="app", name="nobody"))["changed"]
    said = refuse(registry, "1")
    if read_only:
        assert "is read-only" in said
    else:
        assert "has deletion disabled" in said
        assert "storage.delete.enabled: true" in said
        assert "drydock.registry.cleanup with registry_config" in said


def test_what_was_refused_is_named_and_the_next_run_deletes_it(
    deleting: DeletingRegistry, scripted: NewScripted
) -> None:
    made = push_each(deleting, "1", "2", "3", "4")
    refused_one = "/2" if deletes_tags(deleting) else made["2"].digest

    def script(request: Request) -> Fault | None:
        return FORBIDDEN if request.method == "DELETE" and request.path.endswith(refused_one) else None

    proxy = scripted(script, deleting)
    run = absent("tag", proxy, repository="app", name=["1", "2", "3"], api_concurrency=1)
    message = refused(run, "403", "not_deleted")
    left = [tag for tag in tags_of(deleting)["app"] if tag != "4"]
    assert "2" in left
    assert tags_deleted(run) == sorted({"1", "2", "3"} - set(left))
    assert run["deleted"]["tags"] == 3 - len(left)
    assert run["changed"] == (len(left) < 3)
    assert sorted(one["name"] for one in run["not_deleted"] if one["kind"] == "tag") == left
    assert all(one["why"] in message for one in run["not_deleted"])
    delete(deleting, "1", "2", "3", keeps=["4"], exact=False)


def test_a_deletion_whose_answer_is_lost_counts(deleting: DeletingRegistry, scripted: NewScripted) -> None:
    """It is sent again and finds nothing; that it was us who deleted is the truth all the same."""
    made = push_each(deleting, "1", "2")
    ours = "/1" if deletes_tags(deleting) else made["1"].digest

    def script(request: Request) -> Fault | None:
        lost = request.method == "DELETE" and request.path.endswith(ours) and proxy.count("DELETE", ours) == 1
        return CUT_AFTERWARDS if lost else None

    proxy = scripted(script, deleting)
    run = successful(absent("tag", proxy, repository="app", name="1"))
    assert tags_of(deleting) == {"app": ["2"]}
    assert run["changed"]
    assert tags_deleted(run) == ["1"]


def test_a_tag_that_was_overwritten_and_not_deleted(new_registry: NewRegistry, scripted: NewScripted) -> None:
    registry = new_registry(V2, delete_enabled=True)
    image = images.image("shared")
    push(registry, "app", image, "doomed", "kept")

    def script(request: Request) -> Fault | None:
        overwritten = proxy.count("PUT", "manifests/doomed")
        return BROKEN if request.method == "DELETE" and overwritten else None

    proxy = scripted(script, registry)
    wanted: dict[str, Any] = {
        "repository": "app",
        "name": "doomed",
        "digest": image.digest,
        "overwrite_shared_tags": True,
    }
    run = absent("tag", proxy, **wanted)
    refused(run, "500", "next run")
    assert run["changed"], "the tag is on a throw-away image now"
    assert [one["name"] for one in run["not_deleted"]] == ["doomed"]
    run = successful(absent("tag", registry, **wanted))
    assert tags_deleted(run) == ["doomed"]
    assert tags_of(registry) == {"app": ["kept"]}


def test_an_image_in_the_old_format(new_registry: NewRegistry, workspace: Path) -> None:
    """What it refers to is not known for sure, which keeps it from policies, not from somebody who names it."""
    registry = new_registry(V2, delete_enabled=True, settings={"compatibility": {"schema1": {"enabled": True}}})
    push(registry, "app", schema1_image("app", "old", "old", workspace), "old")
    push_each(registry, "1")
    delete(registry, "old", keeps=["1"])


@pytest.mark.parametrize(("names", "named"), [([3.10], "3.1"), (3.10, "3.1"), ([0o123], "83"), (["1", True], "True")])
def test_a_number_is_no_name(scripted: NewScripted, names: object, named: str) -> None:
    """What a playbook calls 3.10 is 3.1 to YAML, and that is another tag."""
    server = scripted()
    refused(absent("tag", server, repository="app", name=names), f"name: {named} cannot be used", "write it in quotes")
    refused(absent("tag", server, repository=3.10, name=["1"]), "repository: 3.1 cannot be used", "write it in quotes")
    assert server.seen == []


@pytest.mark.parametrize("name", ["1.*", "~1", "pr-?", "**", "", "sha256:" + 64 * "0", "app:1", "a b", 129 * "a"])
def test_a_name_that_no_tag_can_have(scripted: NewScripted, name: str) -> None:
    server = scripted()
    run = absent("tag", server, repository="app", name=["1", name])
    refused(run, f"name: {name!r} cannot be used", "drydock.registry.cleanup deletes by pattern")
    assert server.seen == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("repository", "app:1"), ("repository", "team/*"), ("repository", "App"), ("digest", "sha256:1234")],
)
def test_an_option_that_cannot_be_used(scripted: NewScripted, option: str, value: str) -> None:
    server = scripted()
    options: dict[str, Any] = {"repository": "app", "name": "1", option: value}
    refused(absent("tag", server, **options), f"{option}: {value!r} cannot be used")
    assert server.seen == []


def test_state_has_to_be_said() -> None:
    _status, run = run_forked("tag", {"registry_url": "http://127.0.0.1:1", "repository": "app", "name": "1"})
    refused(run, "missing required arguments: state")


def test_the_examples(deleting: DeletingRegistry) -> None:
    push_each(deleting, "1.2-rc1", "1.2-rc2", "1.2", "pr-17", repository="team/app")
    push(deleting, "team/app", images.image("shared"), "broken", "good")
    two, moved, broken = run_examples("tag", deleting).of("drydock.registry.tag")
    assert tags_deleted(two) == ["1.2-rc1", "1.2-rc2"]
    assert list(drift(moved)) == ["pr-17"]
    assert not moved["changed"]
    assert tags_deleted(broken) == ["broken"]
    assert tags_of(deleting) == {"team/app": ["1.2", "good", "pr-17"]}
