# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real v1 registry (docker-registry 0.9.1 on Python 2.7), pushing to it and pulling from it over its API."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, Mapping

import requests
import yaml

from support.registries import REPOSITORY_ROOT, Registry, ServedProcess
from support.store import Tree

HOME = REPOSITORY_ROOT / ".cache/registry-1"
TIMEOUT = 30


def find_v1() -> Path | None:
    """The Python 2.7 that runs it, as `make registry-1` found it."""
    ready = HOME / ".ready"
    return Path(ready.read_text().strip()) if ready.exists() else None


class V1Registry(ServedProcess):
    """One v1 registry: `<home>/config.yml`, `<home>/storage`, `<home>.log`, and its process."""

    ping = "/v1/_ping"
    start_seconds = 90.0

    def __init__(self, home: Path, *, port: int | None = None, **settings: Any) -> None:
        super().__init__(home, port)
        self.storage = home / "storage"
        self.settings = settings

    @property
    def config_path(self) -> Path:
        return self.home / "config.yml"

    def with_search(self) -> V1Registry:
        """Itself, with its search on from the next start on."""
        database = f"sqlite:///{self.home}/search.db"
        self.settings.update(search_backend="sqlalchemy", sqlalchemy_index_database=database)
        return self

    @property
    def command(self) -> list[str]:
        gunicorn = ["-m", "gunicorn.app.wsgiapp", "--bind", self.host, "--worker-class", "gevent"]
        return [str(find_v1()), *gunicorn, "docker_registry.wsgi:application"]

    @property
    def variables(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(HOME),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DOCKER_REGISTRY_CONFIG": str(self.config_path),
            "SETTINGS_FLAVOR": "local",
        }

    @property
    def environment(self) -> dict[str, str]:
        """What the module is told of it."""
        return {"SETTINGS_FLAVOR": "local", "REGISTRY_HOST": "127.0.0.1", "REGISTRY_PORT": str(self.port)}

    def write_config(self) -> None:
        self.storage.mkdir(parents=True, exist_ok=True)
        common = {"loglevel": "warn", "standalone": True}
        local = {
            **common,
            "storage": "local",
            "storage_path": f"_env:STORAGE_PATH:{self.storage}",
            **self.settings,
        }
        self.config_path.write_text(yaml.safe_dump({"common": common, "local": local}))

    def start(self) -> None:
        self.write_config()
        self.serve(self.command, self.variables)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Stopped within the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def __enter__(self) -> V1Registry:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class V1Image:
    """An image: its `json` and its layer, of which the registry makes the checksum."""

    id: str
    json: bytes
    layer: bytes
    parent: V1Image | None = None

    @property
    def checksum(self) -> str:
        """As docker-registry's lib/checksums.py: the `json`, a newline, the layer."""
        return _checksum(self.json, self.layer)

    @property
    def ancestry(self) -> list[V1Image]:
        """The image itself first, its root last."""
        return [self, *(self.parent.ancestry if self.parent else [])]


def image(name: str, parent: V1Image | None = None, *, created: str = "2020-01-02T03:04:05Z") -> V1Image:
    """An image that is told apart by its name."""
    found = {"id": image_id(name), "created": created, "os": "linux", "architecture": "amd64"}
    if parent:
        found["parent"] = parent.id
    return V1Image(found["id"], json.dumps(found).encode(), _layer(name), parent)


def image_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _checksum(json: bytes, layer: bytes) -> str:
    return "sha256:" + hashlib.sha256(json + b"\n" + layer).hexdigest()


def _layer(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        content = f"{name}\n".encode() * 100
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def chain(*names: str, onto: V1Image | None = None) -> list[V1Image]:
    """Images that are each based on the one before."""
    made: list[V1Image] = []
    for name in names:
        made.append(image(name, made[-1] if made else onto))
    return made


def push(registry: Registry, repository: str, pushed: V1Image, *tags: str) -> None:
    """Push as Docker did: the list of the images, each image the registry does not have, the tags."""
    session, images = registry.session(), list(reversed(pushed.ancestry))
    base = f"{registry.url}/v1/repositories/{repository}"
    _put(session, f"{base}/", json.dumps([{"id": one.id} for one in images]))
    for one in images:
        if session.get(f"{registry.url}/v1/images/{one.id}/json", timeout=TIMEOUT).status_code != requests.codes.ok:
            begin(registry, one)
            finish(registry, one)
    for tag in tags:
        _put(session, f"{base}/tags/{tag}", json.dumps(pushed.id))
    _put(session, f"{base}/images", json.dumps([{"id": one.id, "checksum": one.checksum} for one in images]))


def begin(registry: Registry, pushed: V1Image) -> None:
    """Upload an image as far as it gets before its checksum confirms it."""
    base, session = f"{registry.url}/v1/images/{pushed.id}", registry.session()
    _put(session, f"{base}/json", pushed.json)
    _put(session, f"{base}/layer", pushed.layer)


def finish(registry: Registry, pushed: V1Image) -> None:
    base = f"{registry.url}/v1/images/{pushed.id}"
    _put(registry.session(), f"{base}/checksum", b"", {"X-Docker-Checksum-Payload": pushed.checksum})


def _put(session: requests.Session, url: str, data: bytes | str, headers: Mapping[str, str] | None = None) -> None:
    answer = session.put(url, data=data, headers=headers, timeout=TIMEOUT)
    assert answer.ok, f"PUT {url} answered {answer.status_code}: {answer.text}"


def tags(registry: Registry, repository: str) -> dict[str, str]:
    """The image of every tag; nothing where the registry does not know the repository."""
    answer = registry.session().get(f"{registry.url}/v1/repositories/{repository}/tags", timeout=TIMEOUT)
    if answer.status_code == requests.codes.not_found:
        return {}
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def assert_pulls(registry: Registry, repository: str, tag: str, expected: V1Image) -> None:
    """Pull as Docker did: the tag, its ancestry, every image's json and layer, and see that all of it is as pushed."""
    session = registry.session()

    def get(path: str) -> requests.Response:
        answer = session.get(f"{registry.url}/v1/{path}", timeout=TIMEOUT)
        assert answer.ok, f"{path} answered {answer.status_code}: {answer.text}"
        return answer

    listed = {one["id"] for one in get(f"repositories/{repository}/images").json()}
    assert get(f"repositories/{repository}/tags/{tag}").json() == expected.id
    ancestry = get(f"images/{expected.id}/ancestry").json()
    assert ancestry == [one.id for one in expected.ancestry]
    assert set(ancestry) <= listed
    for one in expected.ancestry:
        answer = get(f"images/{one.id}/json")
        layer = get(f"images/{one.id}/layer").content
        found = _checksum(answer.content, layer)
        assert (answer.content, layer) == (one.json, one.layer)
        assert found == one.checksum
        assert found in answer.headers["X-Docker-Checksum-Payload"]


class V1Store(Tree):
    """A v1 registry's storage, by the names of docs/registry_facts.md#v1-storage-layout."""

    def images(self) -> set[str]:
        return set(os.listdir(self.root / "images"))

    def image(self, one: V1Image) -> Path:
        return self.root / "images" / one.id

    def repository(self, name: str) -> Path:
        return self.root / "repositories" / name

    def listed(self, name: str) -> set[str]:
        """What the repository's `_index_images` lists."""
        return {one["id"] for one in json.loads((self.repository(name) / "_index_images").read_bytes())}

    def bytes(self, *images: V1Image) -> int:
        """What the directories of these images hold."""
        return sum(file.stat().st_size for one in images for file in self.image(one).iterdir())

    def age_tag(self, repository: str, tag: str, seconds: float) -> None:
        self.age(self.repository(repository) / f"tag_{tag}", seconds)
