# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was begun before the closing is waited for: in nginx's buffers, and in a registry that is not restarted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from real.conftest import require

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.drain.connections import Connections
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.drain.drain import Drain
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.nginx import Nginx
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.proxy_flag import ProxyFlagMethod
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.tasks import TasksMethod
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import load_registry_config
from ansible_collections.drydock.registry.plugins.module_utils._registry.processes import process_of
from support import images
from support.nginx import NginxProcess, find_nginx
from support.pushing import Repository, push
from support.registries import NewRegistry, RegistryProcess, free_port, wait_for
from support.slow_put import SlowPut

SHORT, LONG = 0.5, 20.0
# Accepts one connection and never looks at it again, as a handler does that is busy with something else.
BUSY = """
import signal, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
kept = server.accept()
print("accepted", flush=True)
signal.pause()
"""

# Keeps its connection, as a monitoring does.
SCRAPER = """
import http.client, signal, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/metrics")
connection.getresponse().read()
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture(params=[True, False], ids=["buffering", "unbuffered"])
def proxied(request: pytest.FixtureRequest, registry: RegistryProcess, tmp_path: Path) -> Iterator[NginxProcess]:
    require(find_nginx(), "nginx is not installed")
    with NginxProcess(tmp_path / "nginx", registry.host, buffering=request.param) as nginx:
        yield nginx


def prepared(registry: RegistryProcess, name: str = "straddling") -> images.Image:
    """An image of which all but the manifest is there."""
    image = images.image(name)
    for blob in image.blobs:
        Repository(registry, "team/app").push_blob(blob)
    return image


def drain_of(method: ProxyFlagMethod | TasksMethod, registry: RegistryProcess) -> Drain:
    return method.drain(str(registry.storage), load_registry_config(str(registry.config_path), {}))


def connects(registry: RegistryProcess) -> bool:
    """Whether the registry has a connection: one that it has not accepted yet has no descriptor there."""
    assert registry.process is not None
    process = process_of(registry.process.pid)
    assert process is not None
    connections = Connections([process])
    connections.closed()
    return connections.left() is not None


def assert_waits_for(drain: Drain, put: SlowPut) -> None:
    """It is waited for as long as it takes, and what it then writes is written."""
    with pytest.raises(MaintenanceError, match=r"not drained within 0\.5 s"):
        drain.wait(SHORT)
    assert put.finish() == 201
    assert drain.wait(LONG) is True


def test_a_put_that_nginx_holds_is_waited_for(registry: RegistryProcess, proxied: NginxProcess) -> None:
    image = prepared(registry)
    nginx = Nginx(proxied.reload_command, str(proxied.pid_file))
    method = ProxyFlagMethod(str(proxied.flag_file), nginx, None, backend_is_private=True)
    drain = drain_of(method, registry)

    with SlowPut(proxied.host, "team/app", "straddling", image) as put:
        method.enter(method.find())
        drain.closed()
        assert Repository(proxied, "team/app").session.put(f"{proxied.url}/v2/team/app/manifests/x").status_code == 503
        assert_waits_for(drain, put)

    assert Repository(registry, "team/app").tags() == ["straddling"]


def test_idle_connections_of_nginx_do_not_hold_the_drain(registry: RegistryProcess, proxied: NginxProcess) -> None:
    push(registry, "team/app", images.image("app"), "1")
    nginx = Nginx(proxied.reload_command, str(proxied.pid_file))
    method = ProxyFlagMethod(str(proxied.flag_file), nginx, None, backend_is_private=True)
    session = proxied.session()
    drain = drain_of(method, registry)

    assert session.get(f"{proxied.url}/v2/team/app/tags/list").status_code == 200
    method.enter(method.find())
    drain.closed()
    assert session.get(f"{proxied.url}/v2/team/app/tags/list").status_code == 200

    assert drain.wait(LONG) is True


def test_a_reload_that_does_nothing_drains_nothing(registry: RegistryProcess, proxied: NginxProcess) -> None:
    method = ProxyFlagMethod(
        str(proxied.flag_file), Nginx(["true"], str(proxied.pid_file)), None, backend_is_private=True
    )
    drain = drain_of(method, registry)
    drain.closed()
    with pytest.raises(MaintenanceError, match="nginx's old worker"):
        drain.wait(SHORT)


def test_workers_that_cannot_be_seen_are_an_error(tmp_path: Path) -> None:
    pid_file = tmp_path / "nginx.pid"
    nginx = Nginx(["true"], str(pid_file))
    with pytest.raises(MaintenanceError, match=r"nginx_pid_file .* tells no process"):
        nginx.workers()
    pid_file.write_text(f"{os.getpid()}\n")
    with pytest.raises(MaintenanceError, match="no nginx of this host"):
        nginx.workers()


def test_a_put_to_a_registry_that_is_not_restarted_is_waited_for(registry: RegistryProcess) -> None:
    image = prepared(registry)
    drain = drain_of(TasksMethod("tasks"), registry)
    with SlowPut(registry.host, "team/app", "straddling", image) as put:
        wait_for(lambda: connects(registry), "the registry to accept the connection")
        drain.closed()
        assert_waits_for(drain, put)


def test_a_put_over_a_unix_socket_is_waited_for(new_registry: NewRegistry, version: str, tmp_path: Path) -> None:
    registry = new_registry(version)
    image = prepared(registry)
    registry.stop()
    path = tmp_path / "registry.sock"
    registry.settings = {"http": {"net": "unix", "addr": str(path)}}
    registry.answers = path.exists  # type: ignore[method-assign]
    registry.start()
    drain = drain_of(TasksMethod("tasks"), registry)
    with SlowPut("registry", "team/app", "straddling", image, unix_socket=path) as put:
        wait_for(lambda: connects(registry), "the registry to accept the connection")
        drain.closed()
        assert_waits_for(drain, put)


def test_our_own_connection_and_the_metrics_do_not_hold_the_drain(new_registry: NewRegistry, version: str) -> None:
    port = free_port()
    debug = {"addr": f"127.0.0.1:{port}", "prometheus": {"enabled": True}}
    registry = new_registry(version, settings={"http": {"debug": debug}})
    session = registry.session()
    assert session.get(f"{registry.url}/v2/").status_code == 200
    drain = drain_of(TasksMethod("tasks"), registry)
    with subprocess.Popen([sys.executable, "-c", SCRAPER, str(port)], stdout=subprocess.PIPE) as scraper:
        assert scraper.stdout is not None
        assert scraper.stdout.readline() == b"ready\n"
        drain.closed()
        assert drain.wait(LONG) is True
        scraper.kill()


def test_a_later_request_whose_client_went_away_is_waited_for() -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", BUSY, str(port)], stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        assert busy.stdout.readline() == b"ready\n"
        server = process_of(busy.pid)
        assert server is not None
        connections = Connections([server])
        connections.closed()
        socket.create_connection(("127.0.0.1", port)).close()
        assert busy.stdout.readline() == b"accepted\n"
        wait_for(lambda: connections.left() is not None, "the half-closed connection to be seen")
        busy.kill()
        busy.wait()
    assert connections.left() is None


def test_what_cannot_be_seen_is_not_called_drained(tmp_path: Path) -> None:
    (tmp_path / "docker/registry/v2/repositories").mkdir(parents=True)
    drain = TasksMethod("tasks").drain(str(tmp_path), None)
    drain.closed()
    assert drain.wait(SHORT) is None
