# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file of the old v1 registry, said in the words of Distribution's. Pure.

It holds flavors, of which the variable SETTINGS_FLAVOR chooses one (`dev` where it is not set); a value
`_env:NAME:else` comes from the environment (docker-registry 0.9.1, lib/config.py). The address is said by variables
alone (run.py).
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from .._basics.errors import InvalidOptionError

_FLAVOR = "SETTINGS_FLAVOR"
_DEFAULT_FLAVOR = "dev"
_DRIVERS = {"local": "filesystem", "file": "filesystem"}
_REDIS_PORT = 6379


def is_v1_config(data: Mapping[str, Any]) -> bool:
    """Tell whether a configuration file is a v1 registry's: sections of its own, each with the name of a storage."""
    flavors = [value for value in data.values() if isinstance(value, dict)]
    return "version" not in data and any(isinstance(flavor.get("storage"), str) for flavor in flavors)


def as_distribution(
    data: Mapping[str, Any], environment: Mapping[str, str], parse: Callable[[str], Any]
) -> dict[str, Any]:
    """Return what Distribution would call the same: storage, cache, mirror, and the address where it is known.

    `parse` reads the text of a variable as YAML. Raises InvalidOptionError for a flavor that is not there.
    """
    flavor = _Flavor(_flavor(data, environment), environment, parse)
    driver = str(flavor.get("storage") or "")
    storage: dict[str, Any] = {_DRIVERS.get(driver, driver): {"rootdirectory": flavor.get("storage_path")}}
    said: dict[str, Any] = {"storage": storage, "http": {}}
    cache = flavor.section("cache_lru")
    if cache.get("host"):
        storage["cache"] = {"blobdescriptor": "redis"}
        address = f"{cache.get('host')}:{cache.get('port') or _REDIS_PORT}"
        said["redis"] = {"addr": address, "db": cache.get("db") or 0, "password": cache.get("password")}
    said["proxy"] = {"remoteurl": flavor.section("mirroring").get("source")}
    if environment.get("REGISTRY_PORT"):
        said["http"]["addr"] = f"{environment.get('REGISTRY_HOST', '')}:{environment['REGISTRY_PORT']}"
    return said


class _Flavor:
    """A section of the file, with what it takes from the environment in it."""

    def __init__(self, values: Mapping[str, Any], environment: Mapping[str, str], parse: Callable[[str], Any]) -> None:
        self._values = values
        self._environment = environment
        self._parse = parse

    def get(self, name: str) -> Any:
        value = self._values.get(name)
        if not isinstance(value, str) or not value.startswith("_env:"):
            return value
        _env, variable, default = (*value.split(":", 2), "")[:3]
        return self._parse(self._environment.get(variable, default))

    def section(self, name: str) -> _Flavor:
        found = self._values.get(name)
        return _Flavor(found if isinstance(found, dict) else {}, self._environment, self._parse)


def _flavor(data: Mapping[str, Any], environment: Mapping[str, str]) -> Mapping[str, Any]:
    said: str | None = environment.get(_FLAVOR)
    usable = {name: value for name, value in data.items() if isinstance(value, dict) and value.get("storage")}
    # Without the variable and the default flavor the registry does not start; one alone is what is meant.
    only = next(iter(usable)) if len(usable) == 1 and _DEFAULT_FLAVOR not in data else _DEFAULT_FLAVOR
    name = said or only
    if name not in usable:
        raise InvalidOptionError(
            f"registry_environment.{_FLAVOR}",
            said,
            f"the flavor that the registry runs with: {', '.join(sorted(usable))}",
        )
    return usable[name]
