#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance
short_description: Close a container registry to writes, and put it back as it was
version_added: 0.1.0
description:
  - Makes a registry (Distribution, the C(registry:2) and C(registry:3) images) read-only while its storage is worked
    on, and puts back what was found.
  - The mode is proven before and after by a probe that leaves no trace, never assumed.
  - What was found is recorded on the host before anything is changed, so that V(restored) works in another play, from
    another controller, after a failure or a reboot.
author:
  - drydock maintainers (@drydock)
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.full
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.registry
  - drydock.registry.storage
attributes:
  check_mode:
    details:
      - The probe and all checks are made in check mode too, nothing is written and nothing restarted.
  diff_mode:
    details:
      - The diff shows the read-only key alone, never the configuration file, for that may hold secrets.
options:
  state:
    description:
      - V(read_only) closes the registry to writes. It returns when the registry was shown to refuse them and nothing
        begun earlier still writes. A registry that is stopped is closed already and stays stopped.
      - V(restored) puts back what V(read_only) found. Where there is nothing to put back it does nothing; in particular
        a registry that was read-only before V(read_only) stays so.
      - V(read_write) opens the registry whatever was found.
    type: str
    choices: [read_only, read_write, restored]
    required: true
  method:
    description:
      - How the registry is closed.
      - V(config_file) sets C(storage.maintenance.readonly.enabled) in O(registry_config) and restarts the registry.
        No other byte of the file is changed. V(restored) puts back the file's bytes, owner, mode and SELinux context;
        where somebody has written the file since, only the key.
    type: str
    choices: [config_file]
    default: config_file
  registry_config:
    description:
      - Path on the target of the registry's own configuration file, for example V(/etc/docker/registry/config.yml).
      - Required for O(method=config_file).
    type: path
  restart_command:
    description:
      - Command that restarts the registry, or starts it where it is not running, as a list or as a string.
        It is not run by a shell.
      - Required when something has to be restarted.
      - For example V(systemctl restart docker-registry) or V(docker restart registry).
    type: raw
  timeout:
    description:
      - How long to wait for each of these - the restart command, the probe after it, running writes to end - for
        example V(60s) or V(5m).
    type: str
    default: 60s
  probe_repository:
    description:
      - Name of the repository that the probe addresses. It need not exist, but the credentials must be allowed to push
        to it.
      - Nothing is ever written to it.
      - By default a repository found in the storage, or V(drydock/probe).
    type: str
  state_dir:
    description:
      - Directory on the target for the record of what was found, readable by root only. It must outlive a reboot.
    type: path
    default: /var/lib/drydock
notes:
  - A registry that is a pull-through cache (C(proxy.remoteurl)) writes to its storage on reads, even when it is
    read-only.
"""

EXAMPLES = r"""
- name: Close the registry
  drydock.registry.maintenance:
    state: read_only
    registry_config: /etc/docker/registry/config.yml
    restart_command: systemctl restart docker-registry

- name: Put it back as it was
  drydock.registry.maintenance:
    state: restored
    registry_config: /etc/docker/registry/config.yml
    restart_command: systemctl restart docker-registry

- name: Close a registry that runs in a container behind TLS and a password
  drydock.registry.maintenance:
    state: read_only
    registry_config: /srv/registry/config.yml
    storage: {filesystem: {rootdirectory: /srv/registry/data}}
    registry_url: https://registry.example.com
    registry_username: cleaner
    registry_password: "{{ registry_password }}"
    restart_command: [docker, restart, registry]
    timeout: 2m
"""

RETURN = r"""
state:
  description: The state that was asked for.
  type: str
  returned: success
mode_before:
  description: What the registry was shown to be before - V(read_only), V(writable), V(stopped) or V(unknown).
  type: str
  returned: success
mode_after:
  description: What the registry was shown to be afterwards; in check mode what it would be.
  type: str
  returned: success
method:
  description: The method that was used.
  type: str
  returned: success
entered_at:
  description: When the registry was closed, ISO 8601 in UTC, V(none) where it was not closed by this module.
  type: str
  returned: success
left_at:
  description: When the registry was open again, ISO 8601 in UTC, V(none) where it was not opened in this call.
  type: str
  returned: success
window_seconds:
  description:
    - How long the registry took no writes, in seconds, from just before it was closed until it was shown to be open
      again.
    - V(none) where it was not opened in this call.
  type: float
  returned: success
drained:
  description:
    - Whether writes that were begun before the closing were seen to have ended.
    - V(none) where that was not looked at, or where there is nothing on this host to see it by.
  type: bool
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.drydock.registry.plugins.module_utils._argspec import (
    registry_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
    run_argument_spec,
    storage_argument_spec,
)
from ansible_collections.drydock.registry.plugins.module_utils._errors import DrydockError, MissingLibraryError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance._build import build_switch
from ansible_collections.drydock.registry.plugins.module_utils._maintenance._switch import Outcome
from ansible_collections.drydock.registry.plugins.module_utils._times import iso


def argument_spec() -> dict[str, Any]:
    return {
        "state": {"type": "str", "choices": ["read_only", "read_write", "restored"], "required": True},
        "method": {"type": "str", "choices": ["config_file"], "default": "config_file"},
        "restart_command": {"type": "raw"},
        "timeout": {"type": "str", "default": "60s"},
        "probe_repository": {"type": "str"},
        "state_dir": {"type": "path", "default": "/var/lib/drydock"},
        **registry_argument_spec(),
        **storage_argument_spec(),
        **run_argument_spec(),
        "_service_programs": {"type": "dict"},
    }


def run(params: dict[str, Any], check_mode: bool) -> Outcome:
    switch = build_switch(params, check_mode, None)
    actions = {"read_only": switch.close, "read_write": switch.open, "restored": switch.restore}
    return actions[params["state"]]()


def result(params: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    closed, opened = outcome.entered_at, outcome.left_at
    return {
        "changed": outcome.changed,
        "state": params["state"],
        "mode_before": outcome.mode_before or "unknown",
        "mode_after": outcome.mode_after or "unknown",
        "method": params["method"],
        "entered_at": iso(closed),
        "left_at": iso(opened),
        "window_seconds": round(opened - closed, 3) if opened is not None and closed is not None else None,
        "drained": outcome.drained,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_if=[("method", "config_file", ["registry_config"])],
        required_together=registry_required_together(),
        required_by=registry_required_by(),
        mutually_exclusive=registry_mutually_exclusive(),
    )
    try:
        outcome = run(module.params, module.check_mode)
    except MissingLibraryError as error:
        module.fail_json(msg=missing_required_lib(error.library), exception=error.details)
    except DrydockError as error:
        module.fail_json(msg=str(error))
    else:
        diff = {"diff": {"before": outcome.before, "after": outcome.after}} if module._diff else {}
        module.exit_json(**result(module.params, outcome), **diff)


if __name__ == "__main__":
    main()
