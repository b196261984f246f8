# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Redis on loopback, with a password, as a registry's cache."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

from support.registries import V2, free_port, wait_for

PASSWORD = "correct redis staple"


class RedisServer:
    """`redis-server` on a port of its own, with these lines in its configuration; a stop keeps what it has."""

    def __init__(self, home: Path, *lines: str) -> None:
        self.home = home
        self.lines = lines
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_sentinel(self) -> bool:
        return any(line.startswith("sentinel ") for line in self.lines)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def client(self, db: int = 0) -> redis.Redis:
        return redis.Redis(port=self.port, password=PASSWORD, db=db, decode_responses=True)

    def keys(self, db: int = 0) -> list[str]:
        with self.client(db) as client:
            return sorted(client.scan_iter())

    def settings(self, version: str, db: int = 0) -> dict[str, Any]:
        """What a registry's configuration has to say of it."""
        where = {"addr": self.address} if version == V2 else {"addrs": [self.address]}
        return {
            "storage": {"cache": {"blobdescriptor": "redis"}},
            "redis": {**where, "password": PASSWORD, "db": db},
        }

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "redis.conf"
        own = (f"port {self.port}", "bind 127.0.0.1", f'requirepass "{PASSWORD}"', f"dir {self.home}")
        config.write_text("\n".join((*own, *self.lines, "")))
        command = ["redis-server", str(config), *(["--sentinel"] if self.is_sentinel else [])]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._answers, f"Redis at {self.address}")

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
