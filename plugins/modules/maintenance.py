#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance
short_description: Close a container registry to writes, and put it back as it was
version_added: 1.0.0
description:
  - Closes a registry (Distribution, the C(registry:2) and C(registry:3) images) to writes while its storage is worked
    on, and puts back what was found.
  - The mode is proven before and after by a probe that leaves no trace, never assumed, at every endpoint of the
    registry. So is that images can be read, and that each endpoint serves the storage of this host.
  - What was found is recorded on the host before anything is changed, so that V(restored) works in another play, from
    another controller, after a failure or a reboot.
  - A closing has a lease. If nobody puts the registry back in time, the host itself does, with no controller and no
    Ansible.
  - One run at a time holds a registry. Hosts that share a storage see the same holder, for the lock lies in the
    storage, in C(docker/registry/drydock.lock).
author:
  - drydock maintainers (@drydock)
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.full
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.attributes.action_plugin
  - drydock.registry.registry
  - drydock.registry.endpoints
  - drydock.registry.storage
attributes:
  check_mode:
    details:
      - The probe and all checks are made in check mode too, nothing is written and nothing restarted.
  diff_mode:
    details:
      - The diff shows the read-only key, variable or flag file alone, never a file as a whole, for that may hold
        secrets.
options:
  state:
    description:
      - V(read_only) closes the registry to writes. It returns when every endpoint was shown to refuse them, an image
        could still be read, and nothing begun earlier still writes. If one of these can't be shown, everything is put
        back at once and the module fails.
      - A registry that is read-only or stopped already stays as it is, but is held by this run from then on.
      - A second V(read_only) of the same run extends the lease.
      - V(restored) puts back what V(read_only) found, with the same O(method) and its options. It returns when a write
        would be accepted again and an image could be read. Where there is nothing to put back it does nothing; in
        particular a registry that was read-only before V(read_only) stays so. If the registry is not open then, it
        warns of what else is closed on this host, for the options may have been changed since.
      - V(restored) refuses while another run holds the registry that is not known to be dead, see O(stop_sweep).
      - V(read_write) opens the registry whatever was found and whoever holds it. A sweep that runs is stopped and shown
        to be dead before. It does so without a record of what was found, too, where that can't be used.
      - Neither opens while the storage is not there, as after a reboot before it is mounted, for other hosts may sweep
        it. None of them does once the lease is over.
    type: str
    choices: [read_only, read_write, restored]
    required: true
  method:
    description:
      - How the registry is closed. The old v1 registry has no read-only mode, and V(stop), V(proxy_flag) and V(tasks)
        close it.
      - V(config_file) sets C(storage.maintenance.readonly.enabled) in O(registry_config) and restarts the registry.
        No other byte of the file is changed. V(restored) puts back the file's bytes, owner, mode and SELinux context;
        where somebody has written the file since, only the key.
      - V(environment) sets C(REGISTRY_STORAGE_MAINTENANCE_READONLY) for the registry and restarts it. Where, is up to
        O(service) - a drop-in in C(/run/systemd) that a reboot forgets, an override file for Compose, the deployment in
        Kubernetes - or in O(environment_file) where that is given. A single container of Docker or Podman can't be
        closed in this way, for its variables are fixed when it is made.
      - V(proxy_flag) makes O(flag_file), at which an nginx in front refuses writes with 503 and C(Retry-After) while
        reads go on, see O(nginx_snippet). It needs O(registry_url), the registry's address at nginx. Nothing is
        restarted to close the registry. If its storage was swept and it remembers its blobs in its own memory, it is
        restarted before the flag file goes, for otherwise a push could leave out a layer that has gone. nginx holds
        reads back meanwhile, for 8 seconds at most.
      - V(stop) stops the service. There are no reads meanwhile. A pull-through cache can only be closed in this way.
      - V(tasks) changes nothing. Your own tasks have closed the registry before V(read_only), and open it again before
        V(restored); the module verifies, drains, records and locks. When the lease ends, the host runs
        O(restore_command), and without one it can only say so in its log.
        If the storage was swept, the tasks have to restart the registry, unless O(restart_command) or O(service) tell
        how to.
    type: str
    choices: [config_file, environment, proxy_flag, stop, tasks]
    default: config_file
  registry_config:
    description:
      - Path on the target of the registry's own configuration file, for example V(/etc/docker/registry/config.yml).
      - Required for O(method=config_file).
    type: path
  service:
    description:
      - The service that the registry runs as, under exactly one of these keys. It is restarted, stopped and started by
        Ansible's own module for it where the controller has the collection, otherwise by the service manager's command.
      - Before the registry is closed, in check mode too, the service manager is asked whether it has such a service.
        One that is not there, or the program of a command that is not there, is an error, and nothing is changed then.
        What can't be asked is a warning.
      - Needed, or one of the commands, where O(method) has to act on it.
      - Mutually exclusive with O(restart_command), O(stop_command) and O(start_command).
    type: dict
    suboptions:
      systemd:
        description: Name of a systemd unit, such as V(docker-registry).
        type: str
      init:
        description: Name of an init script.
        type: str
      docker:
        description: Name of a Docker container.
        type: str
      podman:
        description: Name of a Podman container.
        type: str
      compose:
        description: A service of a Compose project.
        type: dict
        suboptions:
          project_src:
            description: Directory of the project.
            type: path
            required: true
          service:
            description: Name of the service in it.
            type: str
            required: true
          project_name:
            description:
              - Name under which the project was started, if it was with C(docker compose -p) or with
                E(COMPOSE_PROJECT_NAME) in the environment of a shell. Under another name Compose makes a second
                container.
              - By default as Compose finds it, by the files, by C(.env) in the directory, or by the directory's name.
            type: str
          files:
            description: The project's files, if they are not those that Compose finds by itself.
            type: list
            elements: path
      kubernetes:
        description:
          - A deployment, reached with C(kubectl) from the target host. It is stopped by scaling it to 0, and started
            with the number of replicas that it had.
        type: dict
        suboptions:
          deployment:
            description: Name of the deployment.
            type: str
            required: true
          namespace:
            description: Its namespace, by default that of the context.
            type: str
          kubeconfig:
            description: Path on the target of the configuration of C(kubectl).
            type: path
          context:
            description: The context to use, by default the current one.
            type: str
  restart_command:
    description:
      - Command that restarts the registry, or starts it where it is not running, as a list or as a string.
        It is not run by a shell.
      - For example V(systemctl restart docker-registry) or V(docker restart registry).
      - Where it is not given, but O(stop_command) and O(start_command) are, these are run one after the other.
    type: raw
  stop_command:
    description: Command that stops the registry, for O(method=stop), as O(restart_command).
    type: raw
  start_command:
    description: Command that starts the registry, for O(method=stop), as O(restart_command).
    type: raw
  restore_command:
    description:
      - Command that opens the registry again where your own tasks have closed it, for O(method=tasks), as
        O(restart_command). The host runs it when the lease ends, so it must need nothing but the host.
    type: raw
  environment_file:
    description:
      - Path on the target of the file with the registry's variables, for O(method=environment). Such as
        V(/etc/default/docker-registry) for an init script, or what C(EnvironmentFile=) of a unit or C(env_file) of a
        Compose file names.
    type: path
  flag_file:
    description:
      - Path on the target of the file that nginx looks for, for O(method=proxy_flag). Its directory is made where it is
        missing. nginx must be allowed to look into it.
      - Below C(/run) a reboot forgets it.
    type: path
    default: /run/drydock/closed
  nginx_snippet:
    description:
      - Where the snippet for nginx is to be installed, for O(method=proxy_flag). It has to be included in the C(server)
        block of the registry.
      - By default nothing is installed. The snippet is in the collection's directory C(examples/nginx) too.
    type: path
  nginx_reload_command:
    description:
      - Command that reloads nginx, as a list or as a string. It is not run by a shell.
      - The reload gives nginx new workers, so that the old ones are seen to have ended all writes they had begun.
    type: raw
    default: [nginx, -s, reload]
  nginx_pid_file:
    description: Path on the target of the file with the process id of the nginx master.
    type: path
    default: /run/nginx.pid
  backend_is_private:
    description:
      - Says that nobody can reach the registry but through the proxy, for O(method=proxy_flag).
      - Not needed where the registry listens on loopback, or on a Unix socket.
    type: bool
    default: false
  lease:
    description:
      - For how long the registry may be closed at most, for example V(1h) or V(30m). When this is over and nobody has
        put it back, the host stops a sweep that runs, shows it to be dead, and then does it. At least V(5s).
      - A systemd timer does so where systemd runs the host, otherwise a process of its own. After a reboot it is done
        at once.
      - The password is not kept for that; without one the registry is put back, but may not be asked whether it takes
        writes. Credentials in O(docker_config) can be used.
      - The sweep ends some seconds before, complete or not; what is left the next run finishes.
      - When the host has put the registry back, the next call for it warns of that once, and says when it was and which
        run had closed the registry. A warning in check mode does not count.
    type: str
    default: 30m
  timeout:
    description:
      - How long to wait for each of these - the command for the service, the probe after it, running writes to end -
        for example V(60s) or V(5m).
    type: str
    default: 60s
  stop_sweep:
    description:
      - With O(state=restored), whether a run that holds the registry is broken off. Its sweep is stopped and shown to
        be dead, then the registry is put back. The next run finishes what that sweep has left.
      - Otherwise the module fails while such a run may live, and says which it is. Of a run that another controller
        has started that is not known until its lease has ended.
    type: bool
    default: false
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
      - While the registry is closed, there is in it what the host needs to put the registry back by itself - the
        configuration file or the file of variables as it was found, the options of this task, and the task's own
        variables of proxies. Secrets may be among that, such as the password of Redis in O(registry_environment), that
        in the URL of a proxy, or the keys to S3, where the lock lies with such a storage. O(registry_password) is not,
        nor are those of the C(REGISTRY_*) variables and of O(storage) that the host does not need.
      - If a record is damaged or lost, the copy that the host keeps for the end of the lease is used. If there is none
        that can be trusted either, V(read_write) opens the registry without.
    type: path
    default: /var/lib/drydock
notes:
  - A registry that is a pull-through cache (C(proxy.remoteurl)) writes to its storage on reads, even when it is
    read-only. It is only closed by O(method=stop).
  - With Redis as the registry's cache, what the registry has cached there is deleted after a sweep and before it opens.
    Where Redis can't be reached then, V(restored) fails and the registry stays closed, V(read_write) opens it with a
    warning, and the host itself opens it when Redis could not be reached for five minutes after the end of the lease.
    That there is a Redis is known from O(registry_config) alone.
requirements:
  - redis (Python library on the target; only where the registry's configuration names Redis as its cache)
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

- name: Close a registry that runs in a container behind TLS and a password, for half an hour at most
  drydock.registry.maintenance:
    state: read_only
    registry_config: /srv/registry/config.yml
    storage: {filesystem: {rootdirectory: /srv/registry/data}}
    registry_url: https://registry.example.com
    registry_username: cleaner
    registry_password: "{{ vault_registry_password }}"
    service: {docker: registry}
    timeout: 2m
    lease: 30m

- name: Close a registry by a variable, in a drop-in that a reboot forgets
  drydock.registry.maintenance:
    state: read_only
    method: environment
    registry_config: /etc/docker/registry/config.yml
    service: {systemd: docker-registry}

- name: Close a registry at the nginx in front of it, while pulls go on
  drydock.registry.maintenance:
    state: read_only
    method: proxy_flag
    registry_config: /etc/docker/registry/config.yml
    registry_url: https://registry.example.com
    nginx_snippet: /etc/nginx/snippets/drydock-registry.conf
    service: {systemd: docker-registry}

- name: Open it again, after a restart only if a sweep has removed something
  drydock.registry.maintenance:
    state: restored
    method: proxy_flag
    registry_config: /etc/docker/registry/config.yml
    registry_url: https://registry.example.com
    service: {systemd: docker-registry}

- name: Stop an old v1 registry of which only the storage and the address are known
  drydock.registry.maintenance:
    state: read_only
    method: stop
    registry_url: http://127.0.0.1:5000
    storage: {filesystem: {rootdirectory: /srv/docker-registry}}
    service: {init: docker-registry}

- name: Stop a pull-through cache that runs under Compose
  drydock.registry.maintenance:
    state: read_only
    method: stop
    registry_config: /srv/cache/config.yml
    storage: {filesystem: {rootdirectory: /srv/cache/data}}
    service:
      compose:
        project_src: /srv/cache
        project_name: cache
        service: registry

- name: See that our own tasks have closed the registry, and hold it
  drydock.registry.maintenance:
    state: read_only
    method: tasks
    registry_config: /etc/docker/registry/config.yml
    restore_command: /usr/local/sbin/open-registry

- name: Put a registry back now, and break off the run that holds it
  drydock.registry.maintenance:
    state: restored
    registry_config: /etc/docker/registry/config.yml
    service: {systemd: docker-registry}
    stop_sweep: true
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
  description:
    - When the registry was closed, ISO 8601 in UTC. Where it was closed already, since when it is held.
    - V(none) where there is nothing to put back.
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
restarted:
  description: Whether the registry's service was restarted, stopped or started in this call.
  type: bool
  returned: always
lease_until:
  description:
    - When the host puts the registry back by itself, ISO 8601 in UTC.
    - V(none) with other states than V(read_only), and in check mode.
  type: str
  returned: success
held_by_run:
  description: Which run holds the registry, for the action plugin to find out whether it lives.
  type: str
  returned: when another run holds it
"""

from contextlib import contextmanager
from typing import Any, Iterator, Mapping

from ansible_collections.drydock.registry.plugins.module_utils._basics import (  # pylint: disable=unused-import
    zip_imports,  # noqa: F401 (first)
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.task_context import (
    END_SWEEP,
    HOLD,
    TELL,
    TaskContext,
    read_task_context,
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.times import iso
from ansible_collections.drydock.registry.plugins.module_utils._maintenance import watchdog
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.build import build_switch, one_at_a_time
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.done import Done
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.switch import ModeChange, Switch
from ansible_collections.drydock.registry.plugins.module_utils._tasks.argspec import (
    endpoints_argument_spec,
    registry_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
    service_argument_spec,
    service_mutually_exclusive,
    storage_argument_spec,
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task
from ansible_collections.drydock.registry.plugins.module_utils._tasks.module import ToldModule


def argument_spec() -> dict[str, Any]:
    methods = ["config_file", "environment", "proxy_flag", "stop", "tasks"]
    return {
        "state": {"type": "str", "choices": ["read_only", "read_write", "restored"], "required": True},
        "method": {"type": "str", "choices": methods, "default": "config_file"},
        **service_argument_spec(),
        "restore_command": {"type": "raw"},
        "environment_file": {"type": "path"},
        "flag_file": {"type": "path", "default": "/run/drydock/closed"},
        "nginx_snippet": {"type": "path"},
        "nginx_reload_command": {"type": "raw", "default": ["nginx", "-s", "reload"]},
        "nginx_pid_file": {"type": "path", "default": "/run/nginx.pid"},
        "backend_is_private": {"type": "bool", "default": False},
        "lease": {"type": "str", "default": "30m"},
        "timeout": {"type": "str", "default": "60s"},
        "stop_sweep": {"type": "bool", "default": False},
        "probe_repository": {"type": "str"},
        "state_dir": {"type": "path", "default": "/var/lib/drydock"},
        **registry_argument_spec(),
        **endpoints_argument_spec(),
        **storage_argument_spec(),
    }


def maintain(params: Mapping[str, Any], mode: RunMode, output: Output) -> None:
    """Close or open the registry."""
    context = read_task_context(params["_task_context"])

    def build() -> Switch:
        return build_switch(params, mode.check, context, watchdog.__name__)

    if params["state"] == "restored" and not params["stop_sweep"] and context.only != TELL:
        # A living run may hold the directory for minutes while it closes or opens.
        build().refuse_the_living()
    with one_at_a_time(params["state_dir"], make=params["state"] == "read_only" and not mode.check):
        switch = build()
        with told(switch.done, output):
            # Nobody is shown the result of a task that only ends a sweep.
            is_shown = context.only != END_SWEEP
            if is_shown:
                switch.claim.tell_of_end()
            outcome = carry_out(switch, params["state"], params["stop_sweep"], context)
            if is_shown and not mode.check:
                switch.claim.ended_leases.forget(switch.claim.subject)
    output.result.update(describe(params, outcome))
    if mode.diff:
        output.diff = {"before": outcome.before, "after": outcome.after}


@contextmanager
def told(done: Done, output: Output) -> Iterator[None]:
    """Put into the result what the block does, however it ends."""
    try:
        yield
    finally:
        output.result.update(changed=done.changed, restarted=done.restarted)
        output.warn_of(*done.warnings)


def carry_out(switch: Switch, state: str, stop_sweep: bool, context: TaskContext) -> ModeChange:
    if context.only == TELL:
        return switch.tell()
    if context.only == END_SWEEP:
        return switch.end_sweep(stop_sweep or state == "read_write")
    if context.only == HOLD:
        return switch.hold()
    if state == "read_only":
        return switch.close()
    return switch.open() if state == "read_write" else switch.restore(stop_sweep)


def describe(params: Mapping[str, Any], outcome: ModeChange) -> dict[str, Any]:
    closed, opened = outcome.entered_at, outcome.left_at
    return {
        "changed": outcome.changed,
        "state": params["state"],
        "mode_before": outcome.mode_before.value,
        "mode_after": outcome.mode_after.value,
        "method": params["method"],
        "entered_at": iso(closed),
        "left_at": iso(opened),
        "window_seconds": round(opened - closed, 3) if opened is not None and closed is not None else None,
        "drained": outcome.drained,
        "lease_until": iso(outcome.lease_until),
    }


def main() -> None:
    module = ToldModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_if=[("method", "config_file", ["registry_config"])],
        required_together=registry_required_together(),
        required_by=registry_required_by(),
        mutually_exclusive=registry_mutually_exclusive() + service_mutually_exclusive(),
    )
    run_task(module, maintain, {"changed": False, "restarted": False})


if __name__ == "__main__":
    main()
