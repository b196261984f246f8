# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old v1 registry over its API: tags and repositories go, images stay; what it is found out by itself."""

from __future__ import annotations

import base64
from typing import Any, Callable

from support.forked import run_forked
from support.playbook import Result
from support.registries import Registry
from support.scripted import Fault, NewScripted, Request, json_fault
from support.store import assert_untouched, snapshot
from support.sweeping import refused, successful
from support.v1 import V1Registry, V1Store, assert_pulls, chain, image, push, tags

KEEP_ONE = [{"keep_n": 1, "sort_by": "created"}]


def run(module: str, registry: Registry, /, *, check: bool = False, **options: Any) -> Result:
    result = run_forked(module, {"registry_url": registry.url, **options}, check=check, diff=True)[1]
    assert not result.get("failed"), result["msg"]
    return result


def fill(registry: Registry) -> None:
    """`team/app` has an old, a new and a latest tag on images of their own, `team/lib` one."""
    base, old = chain("base", "old")
    push(registry, "team/app", old, "old")
    push(registry, "team/app", image("new", base, created="2021-01-01T00:00:00Z"), "new")
    push(registry, "team/app", image("latest", base, created="2022-01-01T00:00:00Z"), "latest")
    push(registry, "team/lib", image("lib", base), "1")


def test_a_cleanup_deletes_tags_and_no_image(v1: V1Registry) -> None:
    fill(v1)
    images, before = V1Store(v1.storage).images(), snapshot(v1.storage)
    options: dict[str, Any] = {"repositories": ["team/app"], "policies": KEEP_ONE}
    preview = successful(run("cleanup", v1, check=True, **options))
    assert_untouched(v1.storage, before)
    done = successful(run("cleanup", v1, **options))
    assert done["plan_id"] == preview["plan_id"]
    assert done["deleted"] == preview["deleted"]
    assert sorted(one["tag"] for one in done["tags_deleted"]) == ["new", "old"]
    assert tags(v1, "team/app").keys() == {"latest"}
    assert V1Store(v1.storage).images() == images
    assert not run("cleanup", v1, **options)["changed"]
    assert_pulls(v1, "team/lib", "1", image("lib", image("base")))


def test_tags_and_repositories_are_deleted_by_name(v1: V1Registry) -> None:
    fill(v1)
    absent: dict[str, Any] = {"state": "absent"}
    named: dict[str, Any] = {"repository": "team/app", "name": ["old", "none"], **absent}
    assert run("tag", v1, check=True, **named)["deleted"]["tags"] == 1
    done = run("tag", v1, **named)
    assert [one["tag"] for one in done["tags_deleted"]] == ["old"]
    assert not run("tag", v1, **named)["changed"]
    other = run("tag", v1, repository="team/app", name=["new"], digest="0" * 64, **absent)
    assert not other["changed"]
    whole: dict[str, Any] = {"name": ["team/app", "team/none"], **absent}
    assert run("repository", v1, check=True, **whole)["changed"]
    done = run("repository", v1, **whole)
    assert sorted(one["tag"] for one in done["tags_deleted"]) == ["latest", "new"]
    assert not (v1.storage / "repositories/team/app").exists()
    assert not run("repository", v1, **whole)["changed"]
    assert_pulls(v1, "team/lib", "1", image("lib", image("base")))


def test_a_repository_that_somebody_pushes_to_stays(v1: V1Registry, scripted: NewScripted) -> None:
    fill(v1)

    def push_between(request: Request) -> Fault | None:
        if request.method == "DELETE" and request.path.endswith("/tags/1"):
            push(v1, "team/lib", image("pushed"), "2")
        return None

    arguments = {"registry_url": scripted(push_between, v1).url, "name": ["team/lib"], "state": "absent"}
    done = run_forked("repository", arguments)[1]
    refused(done, "still has team/lib:2, pushed meanwhile")
    assert [(one["kind"], one["why"]) for one in done["drift"]] == [("repository", "is not empty")]
    assert tags(v1, "team/lib") == {"2": image("pushed").id}


def test_search_lists_the_repositories(new_v1: Callable[..., V1Registry]) -> None:
    registry = new_v1()
    registry.stop()
    registry.with_search().start()
    fill(registry)
    found = run("registry_info", registry, level="images")
    rows = {row["name"]: row for row in found["repositories"]}
    assert rows.keys() == {"team/app", "team/lib"}
    assert rows["team/app"]["tags"] == 3
    assert f"{image('base').id[:12]}" in rows["team/app"]["image_graph"].splitlines()[0]
    assert "stays: tag 1" in rows["team/lib"]["image_graph"]
    assert {row["created"][:4] for row in found["tags"] if row["repository"] == "team/app"} == {"2020", "2021", "2022"}
    done = successful(run("cleanup", registry, policies=KEEP_ONE))
    assert done["deleted"]["tags"] == 2


def test_without_search_repositories_must_be_named(v1: V1Registry) -> None:
    said = run_forked("cleanup", {"registry_url": v1.url, "policies": KEEP_ONE})[1]
    refused(said, "has no search", "name them")


def token_server(request: Request) -> Fault | None:
    """A registry that asks for tokens of its index, each for one repository and one kind of access, and for one use."""
    path, repository = request.path, "team/app"
    if path == f"/v1/repositories/{repository}/images" and "x-docker-token" in request.headers:
        if request.headers.get("authorization") != "Basic " + base64.b64encode(b"ann:secret").decode():
            return json_fault({"error": "who are you"}, 401)
        access = {"GET": "read", "DELETE": "delete"}[request.method]
        token = f'signature=abc,repository="{repository}",access={access}'
        return Fault(200, {"X-Docker-Token": token, "Content-Type": "application/json"}, b"[]")
    if path in ("/v1/_ping", "/v2/"):
        return None
    access = "delete" if request.method == "DELETE" else "read"
    if request.headers.get("authorization") != f'Token signature=abc,repository="{repository}",access={access}':
        return json_fault({"error": "Requires authorization"}, 401, **{"WWW-Authenticate": "Token"})
    return None


def test_a_token_is_asked_for_each_kind_of_access(v1: V1Registry, scripted: NewScripted) -> None:
    fill(v1)
    server = scripted(token_server, v1)
    named: dict[str, Any] = {"repository": "team/app", "name": ["old"], "state": "absent"}
    user: dict[str, Any] = {"registry_username": "ann", "registry_password": "secret"}
    assert run("tag", server, **named, **user)["deleted"]["tags"] == 1
    assert tags(v1, "team/app").keys() == {"new", "latest"}
    wrong = run_forked("tag", {"registry_url": server.url, **named, **user, "registry_password": "no"})[1]
    assert "secret" not in refused(wrong, "user ann")
    refused(run_forked("tag", {"registry_url": server.url, **named})[1], "401")


def test_basic_authentication_of_a_proxy(v1: V1Registry, scripted: NewScripted) -> None:
    fill(v1)
    wanted = "Basic " + base64.b64encode(b"ann:secret").decode()

    def guarded(request: Request) -> Fault | None:
        if request.headers.get("authorization") == wanted:
            return None
        return Fault(401, {"WWW-Authenticate": 'Basic realm="registry"', "Content-Type": "text/html"}, b"no")

    server = scripted(guarded, v1)
    named: dict[str, Any] = {"repository": "team/app", "name": ["old"], "state": "absent"}
    done = run("tag", server, **named, registry_username="ann", registry_password="secret")
    assert done["deleted"]["tags"] == 1
    refused(run_forked("tag", {"registry_url": server.url, **named})[1], "401")
