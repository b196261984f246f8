# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that can hold the variable: a systemd drop-in, an environment file, a Compose override."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any, Mapping

from ..._basics.durable import sync_directory
from ..._basics.errors import InvalidOptionError, MaintenanceError
from ..service.command import run_command
from ..service.kinds import ComposeService
from ..service.presence import SYSTEMD_DIRECTORY
from ..service.service import Service
from .environment_variable import NAME, VALUE, VariablePlace
from .file import FileState, new_file, read_file, state_from_json, state_to_json, write_file
from .placed import PlacedFile

# Of each Compose takes the first that is there (compose-go, cli/options.go), whatever the other is called.
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES = tuple(
    f"{kind}.override.{ending}" for kind in ("compose", "docker-compose") for ending in ("yml", "yaml")
)
_RELOAD_SECONDS = 60.0
RUNTIME_DIRECTORY = "/run/drydock"


class _OwnFile(VariablePlace):
    """A file of our own, in a directory that a reboot empties: a registry that starts then is open."""

    def __init__(self, path: str, content: str) -> None:
        self._file = PlacedFile(path, content)
        self.subject = self._file.path

    def is_set(self) -> bool:
        return self._file.is_there()

    def check(self) -> None:
        self._file.check()

    def find(self) -> Mapping[str, Any]:
        return self._file.find()

    def sizes(self) -> Mapping[str, int]:
        return self._file.sizes()

    def put(self, found: Mapping[str, Any]) -> None:
        self._file.place(found)

    def take_away(self, found: Mapping[str, Any]) -> bool:
        return self._file.take_away(found)

    def would_take_away(self, found: Mapping[str, Any]) -> bool:
        return self._file.is_there()


class DropIn(_OwnFile):
    """A drop-in of the unit; systemd has to be told."""

    def __init__(self, unit: str) -> None:
        name = unit if unit.endswith(".service") else f"{unit}.service"
        path = os.path.join(SYSTEMD_DIRECTORY, f"{name}.d", "90-drydock.conf")
        super().__init__(path, f"[Service]\nEnvironment='{NAME}={VALUE}'\n")

    def check(self) -> None:
        if not os.path.isdir(SYSTEMD_DIRECTORY):
            raise MaintenanceError("systemd does not run this host, so it takes no drop-in; give environment_file")
        super().check()

    def put(self, found: Mapping[str, Any]) -> None:
        super().put(found)
        self._reload()

    def take_away(self, found: Mapping[str, Any]) -> bool:
        was_there = super().take_away(found)
        if was_there:
            self._reload()
        return was_there

    @staticmethod
    def _reload() -> None:
        run_command(["systemctl", "daemon-reload"], _RELOAD_SECONDS, "systemctl daemon-reload")


class ComposeOverride(_OwnFile):
    """One more file of the project; `up` makes the container anew with what the files say together."""

    def __init__(self, details: ComposeService) -> None:
        self._details = details._replace(files=details.files or tuple(_default_files(details.project_src)))
        named = "\n".join([os.path.realpath(details.project_src), details.project_name or "", details.service])
        path = os.path.join(RUNTIME_DIRECTORY, f"compose-{hashlib.sha256(named.encode()).hexdigest()[:16]}.json")
        content = {"services": {details.service: {"environment": {NAME: VALUE}}}}
        super().__init__(path, f"{json.dumps(content)}\n")

    def adapt(self, service: Service) -> Service:
        more = [self.subject] if self.is_set() else []
        options = ["--detach", "--no-deps", "--force-recreate"]
        up = [*self._details.command(*more), "up", *options, self._details.service]
        return service.with_commands({"restart": [up]})


class EnvironmentFile(VariablePlace):
    """A line at the end of somebody's file of variables, where it wins over an earlier one.

    `is_sourced` says that a shell reads it, which hands on only what is exported. The quotes are taken off by a shell,
    by systemd's EnvironmentFile and by Compose's env_file alike.
    """

    def __init__(self, path: str, is_sourced: bool) -> None:
        self.subject = os.path.realpath(path)
        self._line = f"{'export ' if is_sourced else ''}{NAME}='{VALUE}'\n".encode()

    def is_set(self) -> bool:
        return self._line in self._read().content

    def find(self) -> Mapping[str, Any]:
        return {"file": state_to_json(self._read()) if os.path.lexists(self.subject) else None}

    def sizes(self) -> Mapping[str, int]:
        return {self.subject: len(self._with_line(self._read().content))}

    def put(self, found: Mapping[str, Any]) -> None:
        state = _state_of(found) or new_file()
        write_file(self.subject, state._replace(content=self._with_line(state.content)), in_place=False)

    def take_away(self, found: Mapping[str, Any]) -> bool:
        if not self.would_take_away(found):
            return False
        wanted = self._to_put_back(found)
        if wanted is not None:
            write_file(self.subject, wanted, in_place=False)
            return True
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.subject)
                sync_directory(os.path.dirname(self.subject))
        except OSError as error:
            raise MaintenanceError(f"{self.subject} can't be removed: {error.strerror}") from error
        return True

    def would_take_away(self, found: Mapping[str, Any]) -> bool:
        before, now = _state_of(found), self._read()
        return now.content != (before.content if before else b"") and self._to_put_back(found) != now

    def _read(self) -> FileState:
        return read_file(self.subject) if os.path.lexists(self.subject) else new_file()

    def _with_line(self, content: bytes) -> bytes:
        return content + (b"\n" if content and not content.endswith(b"\n") else b"") + self._line

    def _to_put_back(self, found: Mapping[str, Any]) -> FileState | None:
        """Return what was found; where somebody wrote the file since, theirs without our line. None for no file."""
        before, now = _state_of(found), self._read()
        original = before.content if before else b""
        ours = self._with_line(original)
        # Writing in place may have broken off (a full disk).
        if now.content.startswith(original) and ours.startswith(now.content) and "file" in found:
            return before
        return now._replace(content=now.content.replace(self._line, b""))


def _state_of(found: Mapping[str, Any]) -> FileState | None:
    return state_from_json(found["file"]) if found.get("file") else None


def _default_files(project: str) -> list[str]:
    """Return the files that Compose reads where none is named: once we name one more, it looks for no others."""
    dotenv = os.path.join(project, ".env")
    if os.path.exists(dotenv) and b"COMPOSE_FILE" in read_file(dotenv).content:
        raise InvalidOptionError(
            "service", "compose", f"the key files too, for COMPOSE_FILE in {dotenv} is not followed"
        )
    found = [next((name for name in names if _is_in(project, name)), None) for names in (COMPOSE_NAMES, OVERRIDE_NAMES)]
    if found[0] is None:
        raise InvalidOptionError("service", project, f"a project_src that holds one of {', '.join(COMPOSE_NAMES)}")
    return [os.path.join(project, name) for name in found if name is not None]


def _is_in(directory: str, name: str) -> bool:
    return os.path.exists(os.path.join(directory, name))
