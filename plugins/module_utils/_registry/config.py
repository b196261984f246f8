# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's own configuration file, as the registry itself would see it after its `REGISTRY_*` overrides.

How Distribution applies an override (its configuration/parser.go, the same in 2.8 and 3.x): the name after `REGISTRY_`
is split at `_` and followed into the file, matching names without regard to case; the value is YAML; variables are
applied in the order of their names. Inside a driver's parameters it only follows maps that the environment itself made:
a map that stands in the file is left as it is, and the variable is ignored.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import re
import traceback
from pathlib import Path
from typing import Any, Dict, Mapping

from .._basics.errors import InvalidOptionError, MissingLibraryError
from .config_v1 import as_distribution, is_v1_config

try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    YAML_IMPORT_ERROR = None

DEFAULT_ROOTDIRECTORY = "/var/lib/registry"
READ_ONLY_PATH = ("storage", "maintenance", "readonly", "enabled")
_PREFIX = "REGISTRY_"
_NO_DRIVERS = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104 - read, not bound to
# What RegistryConfig tells of, after the prefix.
_TOLD = re.compile(
    r"STORAGE(_(MAINTENANCE|CACHE|FILESYSTEM|S3|S3AWS)(_.*)?)?|HTTP(_(ADDR|NET|PREFIX|TLS|DEBUG)(_.*)?)?"
    r"|PROXY(_REMOTEURL)?|REDIS(_.*)?|HOST|PORT",
    re.IGNORECASE,
)
_SETTABLE = 'REGISTRY_STORAGE_MAINTENANCE_READONLY={"enabled":true}'


class RegistryConfig:
    """A configuration file with the environment's overrides in it.

    `data` is the merged content, `storage` its storage section (`{"filesystem": {"rootdirectory": ...}, ...}`),
    `file_data` the content of the file alone. That of a v1 registry is said in the words of Distribution's.
    """

    def __init__(
        self, path: str, file_data: dict[str, Any], environment: Mapping[str, str], api_version: str = "v2"
    ) -> None:
        self.path = path
        self.api_version = api_version
        self.file_data = file_data
        self.environment = environment
        self.data = merge_environment(file_data, environment)
        self.storage: dict[str, Any] = _section(self.data, "storage")

    @property
    def driver(self) -> str | None:
        """Return the name of the storage driver, such as `filesystem` or `s3`; None where there is not just one."""
        return driver_in(self.storage)

    @property
    def rootdirectory(self) -> str:
        return str(_section(self.storage, "filesystem").get("rootdirectory") or DEFAULT_ROOTDIRECTORY)

    @property
    def read_only(self) -> bool:
        return _is_read_only(self.data)

    @property
    def is_proxy(self) -> bool:
        return bool(_section(self.data, "proxy").get("remoteurl"))

    @property
    def url(self) -> str | None:
        """Return where it answers, as seen from its own host; None where that can't be told (a socket, no address)."""
        return _derive_url(_section(self.data, "http"))

    @property
    def is_private(self) -> bool:
        """Tell whether the registry listens where only its own host reaches it: on loopback, or on a Unix socket."""
        http = _section(self.data, "http")
        return http.get("net") == "unix" or _is_loopback(str(http.get("addr") or ""))

    @property
    def debug_ports(self) -> list[int]:
        """Return where metrics and profiles are served, and no images."""
        port = str(_section(_section(self.data, "http"), "debug").get("addr") or "").rpartition(":")[2]
        return [int(port)] if port.isdigit() else []

    @property
    def environment_overrides_read_only(self) -> bool:
        """Tell whether a change of the file's read-only key would not change what the registry does."""
        return any(
            _is_read_only(merge_environment(with_read_only(self.file_data, wanted), self.environment)) is not wanted
            for wanted in (True, False)
        )


def load_registry_config(path: str, environment: Mapping[str, Any]) -> RegistryConfig:
    """Read the file at `path`; raises InvalidOptionError or MissingLibraryError."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InvalidOptionError("registry_config", path, f"a readable file ({error.strerror})") from error
    data = parse_config(content, path)
    if is_v1_config(data):
        texts = _texts(environment)
        said = as_distribution(data, texts, lambda text: _load_yaml(text.encode(), "registry_config", path))
        return RegistryConfig(path, said, {}, api_version="v1")
    return RegistryConfig(path, data, environment_texts(environment))


def read_registry_config(options: Mapping[str, Any]) -> RegistryConfig | None:
    """Return the configuration that the options name, None where they name none.

    Raises InvalidOptionError and MissingLibraryError.
    """
    path = options["registry_config"]
    return load_registry_config(path, options["registry_environment"]) if path else None


def parse_config(content: bytes, path: str) -> dict[str, Any]:
    """Parse a configuration file's content; the error quotes nothing of it, for secrets may stand there."""
    data = _load_yaml(content, "registry_config", path)
    if not isinstance(data, dict):
        raise InvalidOptionError("registry_config", path, "a YAML mapping such as Distribution's config.yml")
    return data


def environment_texts(environment: Mapping[str, Any]) -> dict[str, str]:
    """Check the names; a value that is no text (a dictionary in a playbook) becomes the JSON a shell would pass."""
    for name in environment:
        if not str(name).startswith(_PREFIX):
            raise InvalidOptionError("registry_environment", name, f"names that begin with {_PREFIX}")
    return _texts(environment)


def _texts(environment: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in environment.items()}


def drivers_in(storage: Mapping[str, Any]) -> list[str]:
    """Return the names of the storage drivers in a storage section: there should be just one."""
    return [name for name in storage if name not in _NO_DRIVERS]


def driver_in(storage: Mapping[str, Any]) -> str | None:
    """Return the name of the storage driver, None where there is not just one."""
    drivers = drivers_in(storage)
    return drivers[0] if len(drivers) == 1 else None


def without_others_secrets(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that bear on what RegistryConfig tells of; the rest may hold secrets.

    A v1 registry's file takes its values from variables of any name.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_PREFIX) or _TOLD.fullmatch(name[len(_PREFIX) :])
    }


def merge_environment(file_data: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the file's data with the overrides applied in the registry's order: shorter names first."""
    data: dict[str, Any] = copy.deepcopy(dict(file_data))
    data["storage"] = _storage_section(data.get("storage"))
    for name in sorted(environment):
        value = _load_yaml(environment[name].encode(), "registry_environment", name)
        _override(data, name, name[len(_PREFIX) :].split("_"), value)
    return data


def with_read_only(file_data: Mapping[str, Any], enabled: bool) -> dict[str, Any]:
    """Return a copy of the file's data with the read-only key set."""
    data: dict[str, Any] = copy.deepcopy(dict(file_data))
    data["storage"] = level = _storage_section(data.get("storage"))
    for key in READ_ONLY_PATH[1:-1]:
        level[key] = level = level[key] if isinstance(level.get(key), dict) else {}
    level[READ_ONLY_PATH[-1]] = enabled
    return data


class _FromEnvironment(Dict[str, Any]):
    """A map that only the environment made; the registry follows such a map, but not one that stands in the file."""


def _override(data: dict[str, Any], name: str, path: list[str], value: Any) -> None:
    if path[0].lower() != "storage":
        _override_plain(data, path, value)
    elif len(path) == 1:
        data["storage"] = _storage_section(value)
    else:
        _override_storage(data["storage"], name, path[1:], value)


def _override_plain(level: Any, path: list[str], value: Any) -> None:
    """Follow `path` through maps and lists, making maps that are missing; an index that is no number is ignored."""
    if isinstance(level, list):
        _override_item(level, path, value)
    elif isinstance(level, dict):
        key = _find_key(level, path[0])
        if len(path) == 1:
            level[key] = value
            return
        if not isinstance(level.get(key), (dict, list)):
            level[key] = {}
        _override_plain(level[key], path[1:], value)


def _override_item(items: list[Any], path: list[str], value: Any) -> None:
    if not path[0].isdigit() or int(path[0]) > len(items):
        return
    index = int(path[0])
    if index == len(items):
        items.append({})
    if len(path) == 1:
        items[index] = value
    else:
        _override_plain(items[index], path[1:], value)


def _override_storage(storage: dict[str, Any], name: str, path: list[str], value: Any) -> None:
    if len(path) == 1:
        storage[path[0].lower()] = value if isinstance(value, dict) else {}
        return
    key = _find_key(storage, path[0])
    if not isinstance(storage.get(key), dict):
        storage[key] = {}
    _override_parameter(storage[key], path[1:], value)
    _refuse_partial_read_only(storage, name)


def _override_parameter(parameters: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a driver's parameter; a map of the file, being of another Go type, is not entered."""
    if len(path) == 1:
        parameters[path[0].lower()] = value
        return
    key = _find_key(parameters, path[0])
    if parameters.get(key) is None:
        parameters[key] = _FromEnvironment()
    if isinstance(parameters[key], _FromEnvironment):
        _override_parameter(parameters[key], path[1:], value)


def _refuse_partial_read_only(storage: dict[str, Any], name: str) -> None:
    if isinstance(_section(storage, "maintenance").get("readonly"), _FromEnvironment):
        raise InvalidOptionError("registry_environment", name, f"{_SETTABLE}: with {name} the registry panics at start")


def _find_key(level: Mapping[str, Any], name: str) -> str:
    return next((key for key in level if str(key).upper() == name.upper()), name.lower())


def _storage_section(value: Any) -> dict[str, Any]:
    """Return it written out: `storage: filesystem` is short for `storage: {filesystem: {}}`."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {str(value): {}}


def _section(level: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = level.get(name)
    return value if isinstance(value, dict) else {}


def _is_read_only(data: Mapping[str, Any]) -> bool:
    level: Any = data
    for key in READ_ONLY_PATH:
        level = level.get(key) if isinstance(level, dict) else None
    return level is True


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _derive_url(http: Mapping[str, Any]) -> str | None:
    host, colon, port = str(http.get("addr") or "").rpartition(":")
    if not colon or not port.isdigit() or http.get("net") not in (None, "", "tcp"):
        return None
    tls = _section(http, "tls")
    secure = bool(tls.get("certificate") or _section(tls, "letsencrypt").get("cachefile"))
    prefix = str(http.get("prefix") or "").rstrip("/")
    return f"{'https' if secure else 'http'}://{'127.0.0.1' if host in _EVERY_ADDRESS else host}:{port}{prefix}"


def _load_yaml(content: bytes, option: str, where: str) -> Any:
    if YAML_IMPORT_ERROR is not None:
        raise MissingLibraryError("PyYAML", YAML_IMPORT_ERROR)
    try:
        return _unshared(yaml.safe_load(content))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise InvalidOptionError(option, where, f"readable YAML{place}") from None


def _unshared(value: Any) -> Any:
    """Return aliases as copies, as the registry's YAML library has them: a change of one does not change the other."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value
