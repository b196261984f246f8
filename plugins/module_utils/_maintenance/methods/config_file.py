# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing a registry by `storage.maintenance.readonly` in its configuration file; it is read at start only."""

from __future__ import annotations

import os
from typing import Any, Mapping

from ..._basics.errors import MaintenanceError
from ..._proof.probe import Mode
from ..._registry.config import READ_ONLY_PATH, RegistryConfig, parse_config
from ..._registry.processes import registry_processes
from ..drain.drain import Drain
from .edit import Edit, set_read_only, take_out
from .file import FileState, read_file, state_from_json, state_to_json, write_file
from .method import Method
from .stop import refuse_cache

_KEY = ".".join(READ_ONLY_PATH)


class ConfigFileMethod(Method):
    """`in_place` says that somebody (a container) reads the file by its inode, so it must not be replaced."""

    name = "config_file"
    closing = "restart"
    opening = "restart"

    def __init__(self, path: str, environment: Mapping[str, str], in_place: bool) -> None:
        self.subject = os.path.realpath(path)
        self._environment = environment
        self._in_place = in_place

    def setting(self) -> Mode:
        return Mode.READ_ONLY if self._config().read_only else Mode.WRITABLE

    def check(self) -> None:
        refuse_cache(self._config())
        self.check_opening()

    def check_opening(self) -> None:
        if self._config().environment_overrides_read_only:
            raise MaintenanceError(
                f"{self.subject}: changing {_KEY} has no effect, for registry_environment overrides it; "
                "take REGISTRY_STORAGE_MAINTENANCE... (or REGISTRY_STORAGE) out of the registry's environment"
            )

    def find(self) -> Mapping[str, Any]:
        state = read_file(self.subject)
        edit = set_read_only(state.content, True, self.subject)
        return {
            "file": state_to_json(state),
            "inserted": edit.inserted,
            "added": edit.added,
        }

    def sizes(self) -> Mapping[str, int]:
        before = read_file(self.subject).content
        after = set_read_only(before, True, self.subject).content
        # Written in its place it only grows.
        return {self.subject: max(0, len(after) - len(before)) if self._in_place else len(after)}

    def enter(self, found: Mapping[str, Any]) -> None:
        state = state_from_json(found["file"])
        edit = set_read_only(state.content, True, self.subject)
        write_file(self.subject, state._replace(content=edit.content), self._in_place)

    def leave(self, found: Mapping[str, Any]) -> bool:
        wanted = self._to_put_back(found)
        if wanted is not None:
            write_file(self.subject, wanted, self._in_place)
        return wanted is not None

    def would_leave(self, found: Mapping[str, Any]) -> bool:
        return self._to_put_back(found) is not None

    def open(self) -> bool:
        state = read_file(self.subject)
        if not RegistryConfig(self.subject, parse_config(state.content, self.subject), {}).read_only:
            return False
        edit = set_read_only(state.content, False, self.subject)
        write_file(self.subject, state._replace(content=edit.content), self._in_place)
        return True

    def describe(self, setting: Mode) -> str:
        return f"{_KEY}: {'true' if setting == Mode.READ_ONLY else 'false'}\n"

    def drain(self, root: str | None, config: RegistryConfig | None) -> Drain:
        return Drain(registry_processes(self.subject), root)

    def _config(self) -> RegistryConfig:
        content = read_file(self.subject).content
        return RegistryConfig(self.subject, parse_config(content, self.subject), self._environment)

    def _to_put_back(self, found: Mapping[str, Any]) -> FileState | None:
        """Return the file as it shall be; None where it is so already.

        That is what was found, or, where somebody wrote a file of their own since, theirs without our key.
        """
        original, current = state_from_json(found["file"]), read_file(self.subject)
        if current.content == original.content:
            return None
        edited = set_read_only(original.content, True, self.subject).content
        if current.content == edited or _is_torn(current.content, original.content, edited):
            return original
        return self._without_our_key(found, current)

    def _without_our_key(self, found: Mapping[str, Any], current: FileState) -> FileState | None:
        if not RegistryConfig(self.subject, parse_config(current.content, self.subject), {}).read_only:
            return None
        edit = Edit(b"", found["inserted"], tuple(found["added"]) if found["added"] else None)
        content = take_out(current.content, edit, self.subject)
        if content is None:
            content = set_read_only(current.content, False, self.subject).content
        return current._replace(content=content)


def _is_torn(current: bytes, one: bytes, other: bytes) -> bool:
    """Tell whether writing in place broke off (a full disk): the beginning of one state, then the rest of the other."""
    return _broke_off(current, one, other) or _broke_off(current, other, one)


def _broke_off(current: bytes, new: bytes, old: bytes) -> bool:
    shorter = min(len(current), len(new))
    written = next((at for at in range(shorter) if current[at] != new[at]), shorter)
    return current[written:] == old[written:]
