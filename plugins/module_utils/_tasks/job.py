# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge between Ansible and what a module does: how it was called, and what it hands back, however it ends."""

from __future__ import annotations

import time
from typing import Any, Dict, NamedTuple, Optional, Protocol

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._basics.errors import DrydockError, HeldError, MissingLibraryError


class RunMode(NamedTuple):
    """How the module was called, and when: `now` is in seconds since the epoch."""

    check: bool
    diff: bool
    now: float


class Job(Protocol):
    """What a module does. `result` is true at every moment, also when `run` raises DrydockError."""

    result: Dict[str, Any]
    diff: Optional[Dict[str, str]]

    def run(self) -> None: ...


def mode_of(module: AnsibleModule) -> RunMode:
    """Return how this module was called just now."""
    return RunMode(module.check_mode, module._diff, time.time())


def run_job(module: AnsibleModule, job: Job) -> None:
    """Run the job and end the module with its result."""
    try:
        job.run()
    except MissingLibraryError as error:
        module.fail_json(msg=missing_required_lib(error.library), exception=error.details, **job.result)
    except HeldError as error:
        module.fail_json(msg=str(error), held_by_run=error.run_id, **job.result, **_diff(job))
    except DrydockError as error:
        module.fail_json(msg=str(error), **job.result, **_diff(job))
    module.exit_json(**job.result, **_diff(job))


def _diff(job: Job) -> Dict[str, Any]:
    return {} if job.diff is None else {"diff": job.diff}
