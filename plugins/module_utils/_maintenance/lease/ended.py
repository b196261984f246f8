# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Word of a lease that ended by itself, left on the host for whoever comes next. It holds no secret."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from ..._basics.durable import replacing
from ..._basics.errors import MaintenanceError
from ..._basics.times import as_seconds, iso
from ..record import check_private

_FORMAT = 1
# Characters of a text, which is shown as it stands in the file.
_LONGEST = 300
# Seconds by which clocks and timers may differ.
_EXACT = 5.0


class EndedLease(NamedTuple):
    """One lease; times in seconds since the epoch.

    `who` is the run that closed the registry, for people, and `lease` what it gave; `was_swept` tells whether a sweep
    was stopped.
    """

    who: str
    closed_at: float
    expired_at: float
    lease: str
    opened_at: float
    was_swept: bool

    def sentence(self, subject: str) -> str:
        """Return it for people."""
        is_early = self.opened_at < self.expired_at - _EXACT
        cause = "after it was started anew" if is_early else "for the lease was over"
        left = "that run had not opened it"
        advice = "See what became of that run; what it did not delete the next one does"
        if self.was_swept:
            left = "its sweep had not ended, and was stopped"
            advice = "The next run finishes what that sweep left; if the work takes so long, give a longer lease"
        return (
            f"this host opened {subject} by itself at {iso(self.opened_at)}, {cause}: {self.who} had closed it at "
            f"{iso(self.closed_at)} for {self.lease} at most, and {left}. {advice}"
        )


class EndedLeases:
    """At most one for each subject, the last, in a root-only directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def path(self, subject: str) -> str:
        name = hashlib.sha256(subject.encode()).hexdigest()[:16]
        return os.path.join(self.directory, f"ended-{name}.json")

    def save(self, subject: str, ended: EndedLease) -> None:
        """Leave word; where that can't be done there is none, for a registry is not kept closed for its sake."""
        content = {"format": _FORMAT, **ended._asdict(), "who": ended.who[:_LONGEST], "lease": ended.lease[:_LONGEST]}
        with contextlib.suppress(OSError), replacing(self.path(subject)) as file:
            file.write(json.dumps(content).encode())

    def load(self, subject: str) -> EndedLease | None:
        """Return what was left; None for nothing, and for what can't be read or others could have written."""
        path = self.path(subject)
        try:
            check_private(path)
            return _from_json(Path(path).read_bytes())
        except (OSError, MaintenanceError, ValueError, KeyError, TypeError):
            return None

    def forget(self, subject: str) -> None:
        """Remove it; the directory goes with the last file."""
        with contextlib.suppress(OSError):
            os.unlink(self.path(subject))
            os.rmdir(self.directory)


def _from_json(content: bytes) -> EndedLease:
    data = json.loads(content)
    if data["format"] != _FORMAT:
        raise ValueError
    times = [as_seconds(data[name]) for name in ("closed_at", "expired_at", "opened_at")]
    closed_at, expired_at, opened_at = (one for one in times if one is not None)
    who, lease = (str(data[name])[:_LONGEST] for name in ("who", "lease"))
    return EndedLease(who, closed_at, expired_at, lease, opened_at, bool(data["was_swept"]))
