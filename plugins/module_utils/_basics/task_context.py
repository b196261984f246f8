# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the controller knows of a task: action plugins and the role tell it to their modules. Pure.

It comes as the option `_task_context`, which no documentation shows: nobody but this collection gives it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, Mapping, NamedTuple

from .errors import InvalidOptionError

OPTION = "_task_context"
_ADVICE = "; leave it out, for the plugins and the role of this collection fill it in"


#: Parts of the work of the module `maintenance`.
HOLD, END_SWEEP, TELL = _PARTS = ("hold", "end_sweep", "tell")


class Run(NamedTuple):
    """A playbook's run as its controller knows it: `id` is `controller:pid:started`, `who` is for people.

    `member` is what of the run's hosts works on one storage: a host's name, or that of the unit it is part of.
    """

    id: str
    who: str
    member: str

    @classmethod
    def direct(cls) -> Run:
        """Return the run of a module that no playbook started."""
        return cls("direct", "a module run by hand", "")


class TaskContext(NamedTuple):
    """What a module is told beside its options; without it, a module that is run by hand.

    - `run`: who runs it; `gone_runs`: ids of runs that the controller knows to have ended;
    - `progress_path`: the file in which the module tells how far it is;
    - `run_follows`: check mode is not all, the registry is to be closed next; `applied_later`: the plan file that is
      applied then, so that what was read may be kept beside it; `deleted_later`: what is set aside will be deleted;
    - `closed_registries`: how many that share the storage have been closed;
    - `service_programs`: by action (`restart`, ...) the path of a program that does it;
    - `is_guarded`: another host sweeps, so somebody has to see that this registry stays closed;
    - `variables`: what people call the options where the role gives them: its variables;
    - `only`: the one part of its work that is done: HOLD and END_SWEEP where the user's own steps close and open the
      registry, TELL where nothing is to be done, but what happened since the last run is told.
    """

    run: Run = Run.direct()
    gone_runs: tuple[str, ...] = ()
    progress_path: str | None = None
    run_follows: bool = False
    applied_later: str | None = None
    deleted_later: bool = False
    closed_registries: int = 0
    service_programs: Mapping[str, str] = MappingProxyType({})
    is_guarded: bool = False
    variables: Mapping[str, str] = MappingProxyType({})
    only: str | None = None


def read_task_context(told: object) -> TaskContext:
    """Return what was told, None for nothing. Raises InvalidOptionError for what can't be told."""
    if told is None:
        return TaskContext()
    if not isinstance(told, dict):
        raise InvalidOptionError(OPTION, told, f"a dictionary{_ADVICE}")
    return TaskContext(**{name: _read(name, value) for name, value in told.items()})


def _read(name: str, value: Any) -> Any:
    if name not in _READERS:
        raise InvalidOptionError(OPTION, name, f"one of {', '.join(TaskContext._fields)}{_ADVICE}")
    read, expected = _READERS[name]
    try:
        return read(value)
    except (TypeError, ValueError):
        raise InvalidOptionError(f"{OPTION}.{name}", value, f"{expected}{_ADVICE}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return tuple(map(_text, value))


def _texts_by_name(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError
    return {_text(name): _text(one) for name, one in value.items()}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _part(value: Any) -> str:
    if value not in _PARTS:
        raise ValueError
    return _text(value)


def _count(value: Any) -> int:
    # Before ansible-core 2.19 templates make text of numbers.
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError
    return int(value)


def _run(value: Any) -> Run:
    return Run(**_texts_by_name(value))


_READERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "run": (_run, "id, who and member, each a text"),
    "gone_runs": (_texts, "a list of texts"),
    **dict.fromkeys(("service_programs", "variables"), (_texts_by_name, "texts by name")),
    "closed_registries": (_count, "a number from 0 up"),
    **dict.fromkeys(("progress_path", "applied_later"), (_text, "a text")),
    **dict.fromkeys(("run_follows", "deleted_later", "is_guarded"), (_flag, "true or false")),
    "only": (_part, f"one of {', '.join(_PARTS)}"),
}
