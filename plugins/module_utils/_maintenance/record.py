# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found before a registry was closed, kept on the host so that it can be put back by whoever comes later.

A record may hold secrets, so only root reads it: the whole configuration file as it was found, the variables that the
registry reaches Redis and S3 with, and whatever the user has written into a command. It is on disk before anything
changes, and once more in the watchdog's program.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import stat
from pathlib import Path
from types import MappingProxyType
from typing import Any, Mapping, NamedTuple

from .._basics.durable import replacing, sync_directory
from .._basics.errors import MaintenanceError
from .._basics.formats import require_known_format
from .._basics.times import as_seconds
from .._proof.probe import Mode

_FORMAT = 2
_KEYS = ("method", "subject", "mode_before", "entered_at", "expires_at", "found", "options")
_WITHOUT = "state: read_write opens the registry without it"


class LockPlace(NamedTuple):
    """Where the lock lies, and a directory of the registry in that storage; None where there was none."""

    path: str
    tree: str | None


class KeptService(NamedTuple):
    """What it takes to act on the service while the registry is closed, without the controller that closed it.

    `programs` are paths of Python programs by action, `replicas` is how many a deployment had.
    """

    programs: Mapping[str, str] = MappingProxyType({})
    replicas: int | None = None


class Record(NamedTuple):
    """What was found, and how to put it back without whoever closed the registry.

    `found` is the method's own business (JSON), None where the registry was closed already and nothing was changed.
    `entered_at` and `expires_at` are seconds since the epoch; after `expires_at` the host itself opens the registry.
    `options` are those of the module, as far as the watchdog needs them: see options.py.
    """

    method: str
    subject: str
    mode_before: Mode
    entered_at: float
    expires_at: float
    found: Mapping[str, Any] | None
    options: Mapping[str, Any]
    lock: LockPlace | None = None
    service: KeptService = KeptService()


def record_to_json(record: Record) -> bytes:
    """Return what `record_from_json` reads."""
    lock, service = record.lock, record.service
    beside = {
        "_lock": lock._asdict() if lock else None,
        "_service_programs": dict(service.programs),
        "_service_found": {} if service.replicas is None else {"replicas": service.replicas},
    }
    data = {name: value for name, value in record._asdict().items() if name in _KEYS}
    return json.dumps({"format": _FORMAT, **data, "options": {**record.options, **beside}}).encode()


def record_from_json(content: bytes, where: str) -> Record:
    """Return the record that lies at `where`.

    Raises UnknownFormatError, and ValueError, KeyError or TypeError where it is damaged.
    """
    data = json.loads(content)
    if isinstance(data, dict):
        require_known_format(data, _FORMAT, f"the maintenance record {where}", _WITHOUT)
    options = dict(data["options"])
    lock = options.pop("_lock", None)
    programs, found = (dict(options.pop(name, None) or {}) for name in ("_service_programs", "_service_found"))
    read: dict[str, Any] = {name: _seconds(data[name]) for name in ("entered_at", "expires_at")}
    read.update(mode_before=Mode(data["mode_before"]), options=options)
    return Record(
        **{**{name: data[name] for name in _KEYS}, **read},
        lock=LockPlace(**lock) if lock else None,
        service=KeptService(programs, found.get("replicas")),
    )


def _seconds(value: Any) -> float:
    seconds = as_seconds(value)
    if seconds is None:
        raise ValueError
    return seconds


class RecordStore:
    """Records in a root-only directory, one for each subject (for the configuration file: its real path)."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def path(self, subject: str) -> str:
        name = hashlib.sha256(subject.encode()).hexdigest()[:16]
        return os.path.join(self.directory, f"maintenance-{name}.json")

    def load(self, subject: str) -> Record | None:
        """Return the record of a subject, None where there is none. Raises MaintenanceError where it can't be used."""
        path = self.path(subject)
        try:
            check_private(path)
            return record_from_json(Path(path).read_bytes(), path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MaintenanceError(f"the maintenance record {path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            raise MaintenanceError(f"the maintenance record {path} of {subject} is damaged; {_WITHOUT}") from None

    def others(self, subject: str) -> list[Record]:
        """Return the records of other closings on this host, as far as they can be used."""
        found = []
        for path in glob.glob(f"{glob.escape(self.directory)}/maintenance-*.json"):
            with contextlib.suppress(OSError, MaintenanceError, ValueError, KeyError, TypeError):
                check_private(path)
                found.append(record_from_json(Path(path).read_bytes(), path))
        return [record for record in found if record.subject != subject]

    def save(self, record: Record) -> None:
        path = self.path(record.subject)
        try:
            self._make_directory()
            _write(path, record_to_json(record))
        except OSError as error:
            raise MaintenanceError(f"the maintenance record {path} can't be written: {error.strerror}") from error

    def keep_programs(self, subject: str, programs: Mapping[str, str]) -> dict[str, str]:
        """Copy programs beside the record, for whoever puts the registry back later; paths by the same keys.

        They go with the lease's own files.
        """
        kept = {action: _program_path(self.path(subject), action) for action in programs}
        try:
            for action, path in kept.items():
                self._make_directory()
                _write(path, Path(programs[action]).read_bytes())
        except OSError as error:
            raise MaintenanceError(f"the programs of the service can't be kept: {error.strerror}") from error
        return kept

    def sizes(self, record: Record, programs: Mapping[str, str]) -> dict[str, int]:
        """Return the bytes that `save` and `keep_programs` write, by the paths of the files."""
        path = self.path(record.subject)
        try:
            kept = {_program_path(path, action): os.path.getsize(program) for action, program in programs.items()}
        except OSError as error:
            raise MaintenanceError(f"the programs of the service can't be kept: {error.strerror}") from error
        return {path: len(record_to_json(record)), **kept}

    def remove(self, subject: str) -> None:
        """Remove the record of a subject; the directory goes with the last one."""
        path = self.path(subject)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
                sync_directory(self.directory)
        except OSError as error:
            raise MaintenanceError(f"the maintenance record {path} can't be removed: {error.strerror}") from error
        with contextlib.suppress(OSError):  # what else is in there belongs to another closing
            os.rmdir(self.directory)

    def _make_directory(self) -> None:
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        os.chmod(self.directory, 0o700)


def _program_path(path: str, action: str) -> str:
    """Return where the program lies that does this, of the record at `path`."""
    return f"{os.path.splitext(path)[0]}-{action}.py"


def _write(path: str, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def check_private(path: str) -> None:
    """Raise MaintenanceError for what others could have written: it is not put back as root. FileNotFoundError."""
    for place in (os.path.dirname(path), path):
        found = os.lstat(place)
        if found.st_uid not in (0, os.geteuid()) or stat.S_IMODE(found.st_mode) & 0o022:
            raise MaintenanceError(
                f"{place} can be written by others than root, so the maintenance record is not trusted; {_WITHOUT}"
            )
