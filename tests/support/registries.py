# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Distribution registries on loopback: their configuration file, their process, a session to speak to them."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Iterator, Mapping, Protocol

import requests
import yaml

from support.credentials import TlsFiles, TokenAuth, TokenServer
from support.s3_server import ObjectPath

V2 = "2.8.2"
V3 = "3.1.1"
VERSIONS = (V2, V3)
REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
# What a module may wait for on a machine that does much else; who wants to see a wait end gives less.
PATIENCE = "120s"
POLL_SECONDS = 0.02


class MissingPartError(RuntimeError):
    """A part of the test bed is not on this machine."""


def find_registry(version: str) -> Path | None:
    """The registry's binary: Debian's package for 2.8.2; for 3.1.1 what `make` built, or `go install`'s default."""
    if version == V2:
        found = shutil.which("docker-registry")
        return Path(found) if found else None
    places = [
        os.environ.get("DRYDOCK_REGISTRY_3", ""),
        str(REPOSITORY_ROOT / ".cache/bin/registry-3.1.1"),
        str(REPOSITORY_ROOT / ".cache/bin/registry"),
        str(Path.home() / "go/bin/registry"),
    ]
    return next((Path(place) for place in places if place and os.access(place, os.X_OK)), None)


def registry_binary(version: str) -> Path:
    """As `find_registry`, but raises MissingPartError that says how to get it."""
    found = find_registry(version)
    if found is None:
        how = "apt-get install docker-registry" if version == V2 else "make (needs Go), or set DRYDOCK_REGISTRY_3"
        message = f"Distribution {version} is not installed: {how}"
        raise MissingPartError(message)
    return found


# Tests that run side by side take ports from ranges of their own, below those that the kernel gives away: it could give
# the same one twice before anybody listens there. In no order, for more than one run may go on.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
_PORTS = itertools.cycle(random.SystemRandom().sample(range(10_000 + 1000 * _WORKER, 11_000 + 1000 * _WORKER), 1000))


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    for port in _PORTS:
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable: the ports go round")


def wait_for(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Return as soon as `condition` holds; TimeoutError naming `what` otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"waited {seconds:g} s for {what}"
            raise TimeoutError(message)
        time.sleep(POLL_SECONDS)


def merge(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `more` laid over it, section by section; changes and returns `base`."""
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


class Registry(Protocol):
    """What pushing to a registry and pulling from it needs, whoever made it and whatever stands in front of it."""

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, as image references have it."""

    @property
    def url(self) -> str:
        """Its address with the scheme, as clients take it."""

    def bare_session(self) -> requests.Session:
        """A session without credentials."""

    def session(self) -> requests.Session:
        """A session that may do everything on this registry."""


class StoredRegistry(Registry, Protocol):
    """One whose storage can be looked into from here: a directory, or a bucket of `s3_server`."""

    storage: Path


class ServedProcess:
    """A program that serves a registry on loopback, of whatever make; what it prints is in `<home>.log`."""

    #: Where it answers when it has started, and how long that may take.
    ping = "/v2/"
    start_seconds = START_SECONDS

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self.home.with_name(f"{self.home.name}.log")

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def serve(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start `command` and return when it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        variables = {**os.environ, **(environment or {})}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables, cwd=str(self.home)
            )
        atexit.register(self.stop)
        wait_for(self.answers, f"the registry at {self.url}, see {self.log_path}", self.start_seconds)

    def answers(self) -> bool:
        """Whether it answers with 200 or 401; RuntimeError with the log's end when the process has died."""
        if self.process is not None and self.process.poll() is not None:
            log = self.log_path.read_text(errors="replace")[-2000:]
            message = f"the registry at {self.url} ended with {self.process.returncode}:\n{log}"
            raise RuntimeError(message)
        try:
            answer = self.bare_session().get(f"{self.url}{self.ping}", timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            return False
        return answer.status_code in (200, 401)

    def stop(self) -> None:
        """End the process; nothing happens where none runs."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def bare_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session

    def session(self) -> requests.Session:
        return self.bare_session()


class RegistryProcess(ServedProcess):
    """One Distribution registry: `<home>/config.yml`, `<home>/storage`, `<home>/registry.log`, and its process.

    `settings` is laid over the generated configuration, section by section. Attributes changed between `stop()` and
    `start()` (`read_only`, `environment`, ...) take effect at the next start, when the configuration is written again.
    """

    def __init__(
        self,
        version: str,
        home: Path,
        *,
        storage: Path | None = None,
        port: int | None = None,
        read_only: bool = False,
        delete_enabled: bool = False,
        cache: bool = True,
        htpasswd: tuple[str, str] | None = None,
        tls: TlsFiles | None = None,
        client_certificates: bool = False,
        token: TokenAuth | None = None,
        proxy: str | None = None,
        environment: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(home, port)
        self.version = version
        self.binary = registry_binary(version)
        self.storage = storage or home / "storage"
        self.read_only = read_only
        self.delete_enabled = delete_enabled
        self.cache = cache
        self.htpasswd = htpasswd
        self.tls = tls
        self.client_certificates = client_certificates
        self.token = token
        self.proxy = proxy
        self.environment = dict(environment or {})
        self.settings = dict(settings or {})
        self._token_server: TokenServer | None = None

    @property
    def config_path(self) -> Path:
        return self.home / "config.yml"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    def config(self) -> dict[str, Any]:
        """The configuration file's content, as both versions take it."""
        storage: dict[str, Any] = {"filesystem": {"rootdirectory": str(self.storage)}}
        if isinstance(self.storage, ObjectPath):
            storage = {"s3": self.storage.parameters}
        if self.delete_enabled:
            storage["delete"] = {"enabled": True}
        if self.cache:
            storage["cache"] = {"blobdescriptor": "inmemory"}
        if self.read_only:
            storage["maintenance"] = {"readonly": {"enabled": True}}
        config: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": storage,
            "http": {"addr": self.host},
        }
        if self.tls:
            config["http"]["tls"] = self.tls.as_config(self.client_certificates)
        if self.proxy:
            config["proxy"] = {"remoteurl": self.proxy}
        merge(config, self._auth_config())
        return merge(config, self.settings)

    def _auth_config(self) -> dict[str, Any]:
        if self.htpasswd:
            path = self.home / "htpasswd"
            return {"auth": {"htpasswd": {"realm": "drydock", "path": str(path)}}}
        if self._token_server:
            return {"auth": {"token": self._token_server.as_config()}}
        return {}

    def write_config(self) -> None:
        """Write `config.yml` (and `htpasswd`) as the attributes have it now."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.storage.mkdir(parents=True, exist_ok=True)
        if self.htpasswd:
            command = ["htpasswd", "-Bbn", *self.htpasswd]
            line = subprocess.run(command, check=True, capture_output=True).stdout
            (self.home / "htpasswd").write_bytes(line)
        self.config_path.write_text(yaml.safe_dump(self.config(), sort_keys=False))

    def start(self, *, keep_config: bool = False) -> None:
        """Start and return when `/v2/` answers; `keep_config` leaves an edited configuration file as it is."""
        if self.token and not self._token_server:
            self._token_server = TokenServer(self.token, self.home / "token")
        if not keep_config:
            self.write_config()
        self.serve(self.command, self.variables)

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [str(self.binary), "serve", str(self.config_path)]

    @property
    def variables(self) -> dict[str, str]:
        """The environment that it is started with."""
        return {"OTEL_TRACES_EXPORTER": "none", **self.environment}

    def restart(self, *, keep_config: bool = False) -> None:
        self.stop()
        self.start(keep_config=keep_config)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Stopped within the block, started again (with cold caches) after it."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def bare_session(self) -> requests.Session:
        """A session with this registry's TLS files and no credentials."""
        session = super().bare_session()
        if self.tls:
            session.verify = str(self.tls.ca)
            session.cert = (str(self.tls.client_cert), str(self.tls.client_key))
        return session

    def session(self) -> requests.Session:
        session = self.bare_session()
        if self.htpasswd:
            session.auth = self.htpasswd
        if self._token_server:
            session.auth = self._token_server.client_auth()
        return session

    @property
    def token_server(self) -> TokenServer:
        """The token server that runs beside this registry (`token=` and started)."""
        assert self._token_server is not None
        return self._token_server

    def __enter__(self) -> RegistryProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._token_server:
            self._token_server.stop()


NewRegistry = Callable[..., RegistryProcess]
"""What the fixture `new_registry` is: makes a started registry of a version, options as RegistryProcess has them."""
