# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts have to be cleaned up together, and batches in which they are. Pure."""

from __future__ import annotations

import itertools
from typing import Any, Iterable, Iterator, Mapping, Sequence, Union

from ansible.errors import AnsibleFilterError
from ansible.utils.helpers import pct_to_int

NAME = "registry_cleanup_shared_storage"

Size = Union[int, str]


def units(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the hosts of each shared storage by its name, in the order in which they were given."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        storage = hostvars[host].get(NAME)
        if storage:
            found.setdefault(storage, []).append(host)
    return found


def batches(hosts: Sequence[str], units: Mapping[str, Sequence[str]], serial: Size | Sequence[Size]) -> list[list[str]]:
    """Divide hosts as `serial` of a play does, and keep the hosts of each unit in one batch.

    The order of hosts stays, but for members of a unit, which follow the first of them. A batch only gets larger than
    it should be where one unit alone is. Raises AnsibleFilterError where `serial` is none that Ansible knows.
    """
    sizes = _sizes(serial, len(hosts))
    found: list[list[str]] = []
    size = 0
    for together in _inseparable(hosts, units):
        if not found or len(found[-1]) + len(together) > size:
            found.append([])
            size = next(sizes)
        found[-1] += together
    return found


def _inseparable(hosts: Sequence[str], units: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield each unit at the place of its first host, every other host alone."""
    unit_of = {host: name for name, members in units.items() for host in members}
    seen = set()
    for host in hosts:
        unit = unit_of.get(host)
        if unit is None:
            yield [host]
        elif unit not in seen:
            seen.add(unit)
            yield [other for other in hosts if unit_of.get(other) == unit]


def _sizes(serial: Size | Sequence[Size], total: int) -> Iterator[int]:
    """Yield the size of each batch in turn; the last holds for all that follow, and none above 0 means all hosts."""
    given = list(serial) if isinstance(serial, (list, tuple)) else [serial]
    try:
        counts = [pct_to_int(size, total) for size in given or [total]]
    except ValueError as error:
        raise AnsibleFilterError(
            f"registry_cleanup_serial: {serial!r} cannot be used, expected a number, a percentage or a list of these"
        ) from error
    sizes = [count if count > 0 else total for count in counts]
    return itertools.chain(sizes, itertools.repeat(sizes[-1]))
