# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry remembers of the blobs it has: it lies once a sweep has removed some, and a push leaves out a layer.

Distribution remembers in its own memory, which a restart empties, or in Redis, where `blobs::*` and `repository::*` are
its keys (registry/storage/cache/redis, the same in 2.8 and 3.x). The old v1 registry remembers small files in Redis
where its `cache_lru` is on, as `cache_path:*` (docker_registry/core/lru.py), and nothing in memory. They are deleted
after the last removal and before the registry takes writes again: what is read meanwhile is remembered truly. And they
are deleted right before the first removal, for a host that loses power during a sweep may start its registry open, as
one that was stopped does: then only what was read during the sweep can be wrong until the host has put the registry
back.

A registry that opens while Redis lies loses images; one that stays closed only costs time. So where Redis can't be
reached, `state: restored` fails and leaves the registry closed, `state: read_write` opens it all the same, and the
watchdog tries for a while longer after the lease, then opens it and says so in the log: it comes back in any case.
"""

from __future__ import annotations

import importlib
import traceback
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Iterator, Mapping

from .._basics.errors import DrydockError, MaintenanceError, MissingLibraryError
from .config import RegistryConfig

UNKNOWN_CACHE = (
    "without registry_config it is not known whether the registry caches in Redis: if it does, delete the keys "
    "blobs::* and repository::* there before anybody pushes, or give registry_config"
)

_PATTERNS = {"v1": ("cache_path:*",), "v2": ("blobs::*", "repository::*")}
_BATCH = 1000
_SECONDS = 10.0
_PORT = 6379
_SECRETS = ("password", "sentinelpassword")
_ADVICE = (
    "see that Redis answers, and run this again: until its keys blobs::* and repository::* are deleted, "
    "a push may leave out a layer that has gone"
)


def forget_blobs(config: RegistryConfig | None) -> bool:
    """Delete what the registry has in Redis; False where it caches nothing there, or is not known to.

    Raises MaintenanceError where Redis can't be reached, MissingLibraryError.
    """
    section = _redis_section(config)
    if config is None or section is None:
        return False
    with _connection(section) as client:
        for pattern in _PATTERNS[config.api_version]:
            keys: list[bytes] = []
            for key in client.scan_iter(pattern, count=_BATCH):
                keys.append(key)
                if len(keys) >= _BATCH:
                    client.delete(*keys)
                    keys = []
            if keys:
                client.delete(*keys)
    return True


@contextmanager
def cache_forgotten(config: RegistryConfig | None, warn: Callable[[str], None]) -> Iterator[None]:
    """Delete what the registry has in Redis: before the block, which may end with the host, and however it ends.

    Raises as `forget_blobs` does; where the block raises, that is only warned of.
    """
    forget_blobs(config)
    try:
        yield
    except BaseException:  # an error of our own, too: blobs have gone all the same
        try:
            forget_blobs(config)
        except DrydockError as error:
            warn(str(error))
        raise
    forget_blobs(config)


def require_library(config: RegistryConfig | None) -> None:
    """Raise MissingLibraryError where the registry caches in Redis and there is nothing here to talk to it with."""
    if _redis_section(config) is not None:
        _import_redis()


def check_cache(config: RegistryConfig | None) -> None:
    """Raise what `forget_blobs` would raise now, before anything is changed."""
    section = _redis_section(config)
    if section is not None:
        with _connection(section) as client:
            client.ping()


def caches_in_memory(config: RegistryConfig | None) -> bool:
    """Tell whether a restart is needed after a sweep; so it is where the configuration is not known."""
    return config is None or _kind(config) == "inmemory"


def _kind(config: RegistryConfig) -> str | None:
    """Return the kind of cache; `layerinfo` is the older name (registry/handlers/app.go)."""
    cache = config.storage.get("cache")
    if not isinstance(cache, dict):
        return None
    kind = cache.get("blobdescriptor", cache.get("layerinfo"))
    return None if kind is None else str(kind)


def _redis_section(config: RegistryConfig | None) -> dict[str, Any] | None:
    if config is None or _kind(config) != "redis":
        return None
    section = config.data.get("redis")
    return section if isinstance(section, dict) else {}


@contextmanager
def _connection(section: Mapping[str, Any]) -> Iterator[Any]:
    """Connect as the registry does; every error without the secrets that connecting takes."""
    redis = _import_redis()
    client = None
    try:
        client = _connect(redis, section)
        yield client
    except (redis.RedisError, OSError, ValueError) as error:
        raise MaintenanceError(
            f"the registry's cache in Redis can't be emptied: {_without_secrets(error, section)}; {_ADVICE}"
        ) from None
    finally:
        if client is not None:
            client.close()


def _connect(redis: ModuleType, section: Mapping[str, Any]) -> Any:
    """Return a client for one server (2.8: `addr`), a cluster (several `addrs`), or what the sentinels name."""
    addresses = [_address(text) for text in section.get("addrs") or [section.get("addr") or "localhost"]]
    # Whoever calls this tries again, and for longer.
    options = {**_options(section), "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 0)}
    database = int(section.get("db") or 0)
    if section.get("mastername"):
        own = {"username": section.get("sentinelusername"), "password": section.get("sentinelpassword")}
        sentinel = redis.Sentinel(addresses, sentinel_kwargs={**options, **own})
        return sentinel.master_for(section["mastername"], db=database, **options)
    host, port = addresses[0]
    if len(addresses) == 1:
        return redis.Redis(host=host, port=port, db=database, **options)
    # A cluster has one database alone.
    return redis.RedisCluster(startup_nodes=[redis.cluster.ClusterNode(*address) for address in addresses], **options)


def _import_redis() -> ModuleType:
    # Only here, for it takes a tenth of a second, and few registries cache in Redis.
    try:
        return importlib.import_module("redis")
    except ImportError:
        raise MissingLibraryError("redis", traceback.format_exc()) from None


def _options(section: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "username": section.get("username") or None,
        "password": section.get("password") or None,
        "socket_connect_timeout": _SECONDS,
        "socket_timeout": _SECONDS,
    }
    return {**options, **_tls(section.get("tls") or {})}


def _tls(tls: Mapping[str, Any]) -> dict[str, Any]:
    """Return how TLS is used: 2.8 has `enabled` alone; in 3.x any of the files turns TLS on."""
    authorities, certificate, key = tls.get("rootcas") or [], tls.get("certificate"), tls.get("key")
    if not (tls.get("enabled") or authorities or certificate or key):
        return {}
    options: dict[str, Any] = {"ssl": True, "ssl_check_hostname": True}
    if authorities:
        options["ssl_ca_data"] = "\n".join(Path(path).read_text(encoding="ascii") for path in authorities)
    if certificate and key:
        options.update(ssl_certfile=certificate, ssl_keyfile=key)
    return options


def _address(text: str) -> tuple[str, int]:
    host, colon, port = str(text).rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdigit() else (str(text), _PORT)


def _without_secrets(error: Exception, section: Mapping[str, Any]) -> str:
    text = str(error)
    for name in _SECRETS:
        if section.get(name):
            text = text.replace(str(section[name]), "********")
    return text
