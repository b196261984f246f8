# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing an old v1 registry, which has no read-only mode: it is stopped, or nginx lets no write pass."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Callable, Iterator, cast

import pytest
from real.conftest import require

from support import service
from support.fleet import Host, checked
from support.forked import run_forked
from support.nginx import NginxProcess, find_nginx
from support.playbook import Result
from support.registries import PATIENCE, RegistryProcess
from support.store import contents, snapshot
from support.sweeping import refused, successful
from support.v1 import V1Registry, V1Store, assert_pulls, chain, find_v1, image, push, tags

KEEP_LATEST = [{"keep_n": 0, "keep_tags": ["latest"]}]


@pytest.fixture
def serviced(tmp_path: Path) -> Iterator[V1Registry]:
    """A v1 registry as a service of this host, with two images."""
    require(find_v1(), "the v1 registry is not installed: make registry-1 (needs Python 2.7)")
    registry = V1Registry(tmp_path / "v1")
    with service.as_service(registry):
        base, old = chain("base", "old")
        push(registry, "team/app", old, "old")
        push(registry, "team/app", image("new", base), "latest")
        yield registry


def maintenance(registry: V1Registry, state: str, **options: Any) -> Result:
    common = {
        "state": state,
        "registry_config": str(registry.config_path),
        "registry_environment": registry.environment,
        "state_dir": str(registry.home.parent / "state"),
        "timeout": PATIENCE,
    }
    return run_forked("maintenance", {**common, **options})[1]


def cleanup(registry: V1Registry, **options: Any) -> Result:
    common = {
        "registry_config": str(registry.config_path),
        "registry_environment": registry.environment,
        "policies": KEEP_LATEST,
        "grace_period": "0s",
    }
    return run_forked("cleanup", {**common, **options})[1]


def assert_swept(registry: V1Registry) -> None:
    base, new = chain("base", "new")
    assert tags(registry, "team/app") == {"latest": new.id}
    assert V1Store(registry.storage).images() == {base.id, new.id}
    assert_pulls(registry, "team/app", "latest", new)
    push(registry, "team/app", chain("base", "old")[1], "again")
    assert_pulls(registry, "team/app", "again", chain("base", "old")[1])


def test_the_role_stops_sweeps_and_starts_a_registry(serviced: V1Registry, tmp_path: Path) -> None:
    refused(cleanup(serviced), "accepts writes")
    commands = {f"{action}_command": service.command(serviced, action) for action in ("stop", "start")}
    maintained = {"method": "stop", "timeout": PATIENCE, "state_dir": str(tmp_path / "state"), **commands}
    more: dict[str, Any] = {"registry_environment": serviced.environment, "maintenance": maintained}
    host = Host(cast(RegistryProcess, serviced), service.command(serviced), tmp_path, **more)
    preview = checked(host.preview(policies=KEEP_LATEST))
    run = checked(host.cleanup(policies=KEEP_LATEST))
    again = checked(host.cleanup(policies=KEEP_LATEST))
    assert (run["plan_id"], run["deleted"]) == (preview["plan_id"], preview["deleted"])
    assert run["deleted"]["blobs"] == 1
    assert run["window_seconds"] > 0
    assert (run["changed"], again["changed"]) == (True, False)
    assert_swept(serviced)


def test_nginx_lets_no_write_pass_while_it_is_swept(serviced: V1Registry, new_proxy: NewProxy) -> None:
    nginx = new_proxy(serviced)
    options = {**nginx.options(), "backend_is_private": True, "restart_command": service.command(serviced)}
    before = snapshot(serviced.storage)
    closed = maintenance(serviced, "read_only", **options)
    assert not closed.get("failed"), closed["msg"]
    with pytest.raises(AssertionError, match="answered 503"):
        push(nginx, "team/app", image("late"), "late")
    assert_pulls(nginx, "team/app", "latest", chain("base", "new")[1])
    # Neither the proofs nor the lock leave anything where the registry keeps its images.
    assert {path for path in snapshot(serviced.storage) if not path.startswith("drydock.lock")} == set(before)
    run = successful(cleanup(serviced, registry_url=nginx.url))
    assert run["registry_mode"] == "read_only"
    opened = maintenance(serviced, "restored", **options)
    assert not opened.get("failed"), opened["msg"]
    assert_swept(serviced)


def test_another_registry_does_not_prove_this_one_closed(
    v1: V1Registry, serviced: V1Registry, new_proxy: NewProxy
) -> None:
    """It has the same tags, and another storage."""
    base, old = chain("base", "old")
    push(v1, "team/app", old, "old")
    push(v1, "team/app", image("new", base), "latest")
    nginx = new_proxy(v1)
    nginx.flag_file.parent.mkdir(parents=True, exist_ok=True)
    nginx.flag_file.touch()
    before = contents(serviced.storage)
    refused(cleanup(serviced, registry_url=nginx.url), "does not serve this storage")
    assert contents(serviced.storage) == before


@pytest.mark.parametrize("method", ["config_file", "environment"])
def test_there_is_no_read_only_mode_to_set(serviced: V1Registry, method: str) -> None:
    before = serviced.config_path.read_bytes()
    said = maintenance(serviced, "read_only", method=method, service={"systemd": "registry"})
    refused(said, "no read-only mode", "stop, proxy_flag")
    assert serviced.config_path.read_bytes() == before


NewProxy = Callable[[V1Registry], NginxProcess]


@pytest.fixture
def new_proxy(tmp_path: Path) -> Iterator[NewProxy]:
    """Makes a running nginx in front of a registry."""
    require(find_nginx(), "nginx is not installed")
    with contextlib.ExitStack() as stack:

        def make(registry: V1Registry) -> NginxProcess:
            nginx = NginxProcess(tmp_path / "nginx", registry.host)
            nginx.ping = registry.ping
            return stack.enter_context(nginx)

        yield make
