# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file on the target in which the role's plan is: a directory for it, and an approved plan brought there."""

from __future__ import annotations

import base64
import gzip
import os
import shlex
import zlib
from typing import Any, Mapping

from ._action import RegistryAction

# What a killed run left there goes with the first run that comes half a day later: which runs live is not known on the
# host, but none needs its plan for so long.
_MAKE = (
    "umask 077; "
    'find "${TMPDIR:-/tmp}" -maxdepth 1 -type d -name "drydock-plan.*" -user "$(id -u)" -mmin +720 -exec rm -rf {} + ; '
    'directory=$(mktemp -d "${TMPDIR:-/tmp}/drydock-plan.XXXXXX") && '
)


class UnusablePlanError(Exception):
    """There is no approved plan for this host, or none that can be used. The message is for the user."""


def read_approved(approved: Mapping[str, Any], host: str) -> bytes | None:
    """Return the approved plan, None where one is to be made. Raises UnusablePlanError.

    `approved` has the `file` on the controller, or the `packed` plans by host that an earlier job passed on.
    """
    if approved.get("file"):
        return _read(approved["file"])
    return _unpacked(approved["packed"], host) if "packed" in approved else None


def make_plan_file(action: RegistryAction, approved: bytes | None) -> str:
    """Return the path of the plan on the target, in a directory that only the user of the task may enter.

    Raises UnusablePlanError, AnsibleConnectionFailure.
    """
    take = ""
    if approved is not None:
        source = action._transfer_data(action.new_path("approved.json"), approved)
        action._fixup_perms2([action._connection._shell.tmpdir, source])
        take = f'cat {shlex.quote(source)} >"$directory/plan.json" && '
    done = action._low_level_execute_command(f'{_MAKE}{take}echo "$directory"')
    if done["rc"] != 0:
        said = (done.get("stderr") or done["stdout"]).strip()
        raise UnusablePlanError(f"a directory for the plan could not be made on the host: {said}. Nothing was touched.")
    return f"{done['stdout'].strip().splitlines()[-1]}/plan.json"


def _read(path: str) -> bytes:
    if not os.path.isfile(path):
        raise UnusablePlanError(
            f"registry_cleanup_plan: there is no file {path} on the machine where Ansible runs. A job of AWX may run "
            "on another execution node than the one before; it gets the plan with registry_cleanup_plans, or from a "
            "directory that all of them see. Nothing was touched."
        )
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnusablePlanError(
            f"registry_cleanup_plan: {path} can not be read: {error.strerror}. Nothing was touched."
        ) from error


def _unpacked(plans: Any, host: str) -> bytes:
    """Return the plan of this host out of those that roles/registry_cleanup/tasks/steps/pack.yml packed."""
    if not isinstance(plans, Mapping):
        raise UnusablePlanError("registry_cleanup_plans: expected a dictionary of plans by host. Nothing was touched.")
    if host not in plans:
        raise UnusablePlanError(
            "registry_cleanup_plans: no plan was passed on for this host; let a preview of it run again. Nothing was "
            "touched."
        )
    if not plans[host]:
        raise UnusablePlanError(
            "registry_cleanup_plans: the plan for this host was too large to be passed on. Let the preview write it, "
            "with registry_cleanup_report_dir, to a directory that all execution nodes see, and take it from there "
            "with registry_cleanup_plan. Nothing was touched."
        )
    try:
        return gzip.decompress(base64.b64decode(str(plans[host]), validate=True))
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise UnusablePlanError(
            f"registry_cleanup_plans: what was passed on for this host is no packed plan: {error}. Let the preview run "
            "again. Nothing was touched."
        ) from error
