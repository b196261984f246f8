# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications that several modules share; each is documented by the doc fragment of the same name."""

from __future__ import annotations

from typing import Any, Sequence


def registry_argument_spec() -> dict[str, Any]:
    """Return the options that say how to reach a registry over HTTP (doc fragment `registry`)."""
    return {
        "registry_url": {"type": "str"},
        "registry_username": {"type": "str"},
        "registry_password": {"type": "str", "no_log": True},
        "docker_config": {"type": "path"},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path"},
        "api_version": {"type": "str", "choices": ["auto", "v1", "v2"], "default": "auto"},
        "api_timeout": {"type": "str", "default": "30s"},
        "api_concurrency": {"type": "int", "default": 8},
    }


def registry_required_together() -> list[tuple[str, ...]]:
    return [("registry_username", "registry_password")]


def registry_required_by() -> dict[str, Any]:
    return {"client_key": "client_cert"}


def registry_mutually_exclusive() -> list[tuple[str, ...]]:
    return [("registry_username", "docker_config")]


def endpoints_argument_spec() -> dict[str, Any]:
    """Return the option that says where else the same registry answers (doc fragment `endpoints`)."""
    return {"registry_endpoints": {"type": "list", "elements": "str", "default": []}}


def storage_argument_spec() -> dict[str, Any]:
    """Return the options that say where the registry keeps its data (doc fragment `storage`)."""
    return {
        "registry_config": {"type": "path"},
        "registry_environment": {"type": "dict", "default": {}},
        "storage": {"type": "dict"},
    }


def service_argument_spec() -> dict[str, Any]:
    """Return the options that say how the registry's service is restarted, stopped and started."""
    compose = {
        "project_src": {"type": "path", "required": True},
        "service": {"type": "str", "required": True},
        "project_name": {"type": "str"},
        "files": {"type": "list", "elements": "path"},
    }
    kubernetes = {
        "deployment": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
    }
    kinds: dict[str, Any] = {name: {"type": "str"} for name in ("systemd", "init", "docker", "podman")}
    kinds["compose"] = {"type": "dict", "options": compose}
    kinds["kubernetes"] = {"type": "dict", "options": kubernetes}
    names = list(kinds)
    return {
        "service": {"type": "dict", "options": kinds, "mutually_exclusive": [names], "required_one_of": [names]},
        "restart_command": {"type": "raw"},
        "stop_command": {"type": "raw"},
        "start_command": {"type": "raw"},
    }


def service_mutually_exclusive() -> list[tuple[str, ...]]:
    return [("service", f"{action}_command") for action in ("restart", "stop", "start")]


def _texts(default: Sequence[str]) -> dict[str, Any]:
    """Return the specification of a list of texts: `_basics/texts.py` says why it is raw."""
    return {"type": "raw", "default": [*default]}


def selection_argument_spec() -> dict[str, Any]:
    """Return the options that say which repositories and images a run may touch (doc fragment `selection`)."""
    return {
        "repositories": _texts(["**"]),
        "exclude_repositories": _texts([]),
        "protect_images": _texts([]),
        "on_unmatched": {
            "type": "str",
            "choices": ["fail", "fail_if_near", "warn", "ignore"],
            "default": "fail_if_near",
        },
    }


def removal_argument_spec() -> dict[str, Any]:
    """Return the options that say what goes beside the tags that policies name, and when (doc fragment `removal`)."""
    return {
        "delete_untagged": {"type": "bool", "default": False},
        "untagged_older_than": {"type": "str", "default": "14d"},
        "delete_detached_referrers": {"type": "bool", "default": False},
        "broken_tags": {"type": "str", "choices": ["keep", "delete"], "default": "keep"},
        "grace_period": {"type": "str", "default": "1h"},
        "purge_uploads_older_than": {"type": "str", "default": "7d"},
        "remove_empty_repositories": {"type": "bool", "default": True},
    }


def limits_argument_spec() -> dict[str, Any]:
    """Return the options that say how much a plan may delete (doc fragment `limits`)."""
    return {
        "max_delete": {"type": "int"},
        "max_delete_percent": {"type": "float"},
        "max_delete_blobs": {"type": "int"},
        "max_delete_bytes": {"type": "str"},
        "max_delete_store_percent": {"type": "float"},
        "allow_empty": {"type": "bool", "default": False},
    }


def policy_argument_spec() -> dict[str, Any]:
    """Return the options of one policy (doc fragment `policies`)."""
    return {
        "name": {"type": "str"},
        "repositories": _texts(["**"]),
        "exclude_repositories": _texts([]),
        "tags": _texts(["*"]),
        "keep_tags": _texts([]),
        "keep_n": {"type": "int"},
        "older_than": {"type": "str"},
        "expire_after": {"type": "str"},
        "group_by": {"type": "str"},
        "keep_groups": {"type": "int"},
        "sort_by": {"type": "str", "choices": ["pushed", "created", "version", "name"], "default": "pushed"},
    }


def absent_argument_spec() -> dict[str, Any]:
    """Return the options for deleting over the API what is named (doc fragment `absent`)."""
    return {
        **registry_argument_spec(),
        "registry_url": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["absent"], "required": True},
    }
