# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog's program: this collection's own code in one file, which outlives Ansible's temporary directory.

It is a zip of the modules that are loaded now, wherever they were loaded from. It needs this Python and its libraries,
nothing of Ansible.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from typing import Any, Iterator, Mapping

from ..._basics.durable import replacing
from ..._basics.errors import MaintenanceError
from ..record import Record, check_private, record_from_json, record_to_json

_UTILS = __name__.rpartition("._maintenance.")[0]
#: The edge to Ansible, which the module alone needs.
_EDGE = f"{_UTILS}._tasks"
# What a service command and the probe go by, with the password of a proxy where there is one in its URL, for without it
# neither would get through; the rest may hold secrets, and is the task's own.
_KEPT = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|(http|https|no)_proxy|(HTTP|HTTPS|NO)_PROXY|REQUESTS_CA_BUNDLE|SSL_CERT_(FILE|DIR)"
    # Where boto3 finds credentials, none of them itself.
    r"|AWS_(PROFILE|REGION|DEFAULT_REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE|CA_BUNDLE|ROLE_ARN|ROLE_SESSION_NAME"
    r"|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_(RELATIVE|FULL)_URI)"
    r"|DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY)|CONTAINER_HOST|XDG_RUNTIME_DIR|KUBECONFIG"
)
_MAIN = """\
import os
import sys

from {watchdog} import main

os.environ.clear()
os.environ.update({environment!r})
main({state_dir!r}, __loader__.get_data({record!r}), sys.argv[1:])
"""
_RECORD = "record.json"


def write_program(path: str, watchdog: str, state_dir: str, record: Record) -> None:
    """Make the program at `path`, for root only; `watchdog` names the loaded module whose `main` it calls.

    It brings the record along, for that file may be damaged or gone when it is needed.

    Raises MaintenanceError where it can't be written.
    """
    environment = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    main = _MAIN.format(watchdog=watchdog, environment=environment, state_dir=state_dir, record=_RECORD)
    try:
        _write({**_sources(), "__main__.py": main, _RECORD: record_to_json(record).decode()}, path)
    except OSError as error:
        raise MaintenanceError(f"the watchdog {path} can't be written: {error.strerror}") from error


def program_size(record: Record) -> int:
    """Return the bytes of the program, and some more."""
    sources = {**_sources(), _RECORD: record_to_json(record).decode()}
    # Beside each file in the zip there are its headers, two times with its name; `__main__.py` is short.
    return sum(len(text) + 2 * len(name) + 256 for name, text in sources.items()) + 4096


def read_record(path: str) -> Record | None:
    """Return the record in the program at `path`, None where there is none that can be used.

    Raises MaintenanceError where the program can't be read, others could have written it, or its record is of a format
    that is not known.
    """
    try:
        check_private(path)
        with zipfile.ZipFile(path) as archive:
            return record_from_json(archive.read(_RECORD), path)
    except (FileNotFoundError, zipfile.BadZipFile, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise MaintenanceError(f"the watchdog {path} can't be read: {error.strerror}") from error


def program_command(path: str, *arguments: str) -> list[str]:
    """Return the command that runs the program; Python's own variables of whoever runs it don't count."""
    return [sys.executable, "-E", path, *arguments]


def _sources() -> Mapping[str, str]:
    """Return texts by their paths in the zip; a package that is only a directory gets an empty `__init__.py`."""
    sources = {f"{package}/__init__.py": "" for package in _parents(f"{_UTILS}._maintenance".split("."))}
    for name, module in sorted(sys.modules.items()):
        loader: Any = getattr(module, "__loader__", None)
        is_ours = name.startswith(f"{_UTILS}.") and not name.startswith(_EDGE)
        if not is_ours or not hasattr(loader, "get_source"):
            continue
        path = name.replace(".", "/")
        sources[f"{path}/__init__.py" if hasattr(module, "__path__") else f"{path}.py"] = loader.get_source(name) or ""
    return sources


def _parents(parts: list[str]) -> Iterator[str]:
    return ("/".join(parts[: length + 1]) for length in range(len(parts)))


def _write(sources: Mapping[str, str], path: str) -> None:
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, source in sources.items():
            archive.writestr(name, source)
