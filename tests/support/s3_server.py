# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real S3 server in this process, and its objects as paths, so that a bucket is tried as a directory is.

The server is moto's. Registries and the collection speak to it over HTTP; a test looks into its memory, where it can
also make objects look old, which no client can.
"""

from __future__ import annotations

import functools
import itertools
import logging
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, Iterator, cast

import requests

ACCESS_KEY, SECRET_KEY = "AKIADRYDOCK", "a-secret-of-the-tests"
REGION = "us-east-1"
_ACCOUNT, _PARTITION = "123456789012", "aws"
_NUMBERS = itertools.count(1)


class S3Server:
    """The server, started when it is made; `url` is where it listens."""

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 (it takes long to import)

        from ansible_collections.drydock.registry.plugins.module_utils._storage.s3.storage import S3Storage  # noqa: PLC0415

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.url = "http://{}:{}".format(*self._server.get_host_and_port())
        # What boto3 has loaded here, forked modules need not load again.
        S3Storage({"bucket": "any", "regionendpoint": self.url})

    def new_bucket(self) -> str:
        name = f"bucket-{next(_NUMBERS)}"
        _backend().create_bucket(name, REGION)
        return name

    def bare_session(self) -> requests.Session:
        """For a Scripted server in front of this one."""
        session = requests.Session()
        session.trust_env = False
        return session


@functools.lru_cache(maxsize=None)
def s3_server() -> S3Server:
    """The one server of this process, started when it is first asked for."""
    return S3Server()


def _backend() -> Any:
    from moto.s3.models import s3_backends  # noqa: PLC0415 (it takes long to import)

    return s3_backends[_ACCOUNT][_PARTITION]


class ObjectPath(PurePosixPath):
    """`/<bucket>/<key>`: an object, or as a directory all that is below it; with what tests use of pathlib's Path."""

    @property
    def bucket(self) -> Any:
        return _backend().buckets[self.parts[1]]

    @property
    def key(self) -> str:
        return "/".join(self.parts[2:])

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of a registry's s3 driver, with this as its root directory."""
        return self.parameters_through(s3_server().url)

    def parameters_through(self, url: str) -> dict[str, Any]:
        """The same with something that stands before the server."""
        return {
            "bucket": self.parts[1],
            "rootdirectory": f"/{self.key}",
            "region": REGION,
            "regionendpoint": url,
            "forcepathstyle": True,
            "secure": False,
            "accesskey": ACCESS_KEY,
            "secretkey": SECRET_KEY,
        }

    def object(self) -> Any:
        found = self.bucket.keys.get(self.key)
        if not _is_object(self.key, found):
            raise FileNotFoundError(self)
        return found

    def files(self) -> Iterator[ObjectPath]:
        """Every object at or below this, in the order of the keys."""
        start = f"{self.key}/" if self.key else ""
        for key, found in sorted(self.bucket.keys.items()):
            if (key == self.key or key.startswith(start)) and _is_object(key, found):
                yield ObjectPath("/", self.parts[1], key)

    def exists(self) -> bool:
        return any(True for _one in self.files())

    def is_file(self) -> bool:
        return _is_object(self.key, self.bucket.keys.get(self.key))

    def is_dir(self) -> bool:
        return self.exists() and not self.is_file()

    def read_bytes(self) -> bytes:
        return bytes(self.object().value)

    def read_text(self) -> str:
        return self.read_bytes().decode()

    def write_bytes(self, content: bytes) -> None:
        _backend().put_object(self.parts[1], self.key, content)

    def write_text(self, content: str) -> None:
        self.write_bytes(content.encode())

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """There are no directories."""

    def stat(self) -> SimpleNamespace:
        return SimpleNamespace(st_size=self.object().size, st_mtime=self.object().last_modified.timestamp())

    def unlink(self) -> None:
        del self.bucket.keys[self.key]

    def set_time(self, when: float) -> None:
        """Seconds since the epoch; a listing tells whole ones."""
        self.object().last_modified = datetime.fromtimestamp(int(when), timezone.utc).replace(tzinfo=None)

    def listdir(self) -> list[str]:
        depth = len(self.parts)
        return sorted({one.parts[depth] for one in self.files() if len(one.parts) > depth})


def _is_object(key: str, found: Any) -> bool:
    """Neither what marks a directory, nor what marks an object as deleted."""
    return hasattr(found, "value") and not key.endswith("/")


def new_place(root: str = "") -> Path:
    """A root directory in a new bucket."""
    return cast(Path, ObjectPath("/", s3_server().new_bucket(), root))


def keys_of(bucket: str) -> list[str]:
    """Every key of a bucket."""
    return sorted(_backend().buckets[bucket].keys.keys())


def storage_through(root: Path, url: str) -> dict[str, Any]:
    """The option `storage` for this root directory."""
    assert isinstance(root, ObjectPath)
    return {"s3": root.parameters_through(url)}


def unfinished_uploads(bucket: str) -> list[str]:
    """The keys of multipart uploads that were neither completed nor aborted."""
    return sorted(one.key_name for one in _backend().buckets[bucket].multiparts.values())


def age_uploads(bucket: str, when: float) -> None:
    """Make every part of an unfinished upload look as old as that; when it was begun, this server never tells truly."""
    for upload in _backend().buckets[bucket].multiparts.values():
        for part in upload.parts.values():
            part.last_modified = datetime.fromtimestamp(int(when), timezone.utc).replace(tzinfo=None)


def begin_upload(bucket: str, key: str) -> None:
    """As a registry that was killed while it moved a large layer leaves it."""
    backend = _backend()
    upload = backend.create_multipart_upload(bucket, key, {}, "STANDARD", [], None, "", "")
    backend.upload_part(bucket, upload.id, 1, b"part of a layer")


def keep_versions(bucket: str) -> None:
    _backend().put_bucket_versioning(bucket, "Enabled")
