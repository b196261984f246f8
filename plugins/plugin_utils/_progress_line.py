# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a module is, in a line for people. Pure."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ansible_collections.drydock.registry.plugins.module_utils._basics.sizes import describe_size

from ._times import describe_time

# A guess from less is worth nothing.
_SECONDS_BEFORE_A_GUESS = 1.0


def progress_line(state: Mapping[str, Any]) -> str:
    """Return the line for what `module_utils/_basics/progress.py` wrote.

    For example `sweeping: 12,400 of 25,000 objects (50%), 1.2 GB so far, about 8 s left`.
    """
    facts = ", ".join(_facts(state))
    return f"{state['stage']}: {facts}" if facts else str(state["stage"])


def _facts(state: Mapping[str, Any]) -> Iterator[str]:
    done, total, things = state["done"], state["total"], state["things"]
    if total:
        # What is found on the way can make it more than was known before.
        yield f"{done:,} of {total:,} {things} ({min(100, 100 * done // total)}%)"
    elif things:
        yield f"{done:,} {things}"
    if state["bytes"]:
        yield f"{describe_size(state['bytes'])} so far"
    passed = state["at"] - state["since"]
    if total and 0 < done < total and passed >= _SECONDS_BEFORE_A_GUESS:
        yield f"about {describe_time(passed * (total - done) / done)} left"
