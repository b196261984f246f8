# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a plan: what a reviewer reads, and what is applied only as it was read. Pure.

The id covers what is done, the checksum the id and all else: decisions with their reasons, counts, and when the plan
was made. Both are held against the content, and so is the type of every value. White space does not matter.
"""

from __future__ import annotations

import hashlib
import json
import reprlib
from typing import Any, Callable, Iterator, Mapping, TypeVar

from .._basics.errors import PlanError
from .._basics.weight import Weight
from .._graph.graph import Debris, Tag
from .._graph.removal import Removal, RepositoryRemoval
from .._retention.rules import Decision
from .plan import Plan, covered_by_id, json_object, quote, to_json

FORMAT = "drydock.registry/plan/2"
_FAMILY = "drydock.registry/plan/"
_KEYS = {
    *("format", "id", "checksum", "now", "counts", "decisions"),
    *("source", "options", "repositories", "blobs", "debris"),
}
_GONE_KEYS = {"tags", "manifests", "layer_links", "uploads", "is_removed"}
# What a float, and so a Weight, holds exactly.
_LARGEST = 2**53
_INFINITY = float("inf")

V = TypeVar("V")


class _WrongError(ValueError):
    """The content is not that of a plan."""


def dump_plan(plan: Plan) -> Iterator[str]:
    """Yield the text of a plan file: one JSON object, with a line for every repository and every blob."""
    yield f'{{\n"format": {to_json(FORMAT)},\n"id": {to_json(plan.id)},\n"checksum": {to_json(_checksum(plan))},\n'
    yield from _beyond_id(plan)
    yield ",\n"
    yield from covered_by_id(plan)
    yield "\n}\n"


def load_plan(text: str, where: str) -> Plan:
    """Return the plan in `text`. Raises PlanError, naming `where`, if it is not a plan or was changed."""
    try:
        data = _object(json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_refuse), "it")
        form = _text(data.get("format"), "format")
        if form != FORMAT and form.startswith(_FAMILY):
            raise PlanError(f"{where}: the format is {form!r}, this version reads {FORMAT!r}; make the plan again")
        plan = _plan(data)
        stated = [_text(data["id"], "id"), _text(data["checksum"], "checksum"), _each(data["counts"], "counts", _size)]
        found = [plan.id, _checksum(plan), plan.removal.counts()._asdict()]
    except (ValueError, OverflowError, RecursionError) as error:
        raise PlanError(f"{where} is not a plan of this collection ({error}); make it with plan_dest") from error
    if stated != found:
        raise PlanError(
            f"{where} was changed since it was made: its content has the id {found[0]}, the checksum {found[1]} and "
            f"the counts {found[2]}, it says {stated[0]}, {stated[1]} and {stated[2]}; make the plan again"
        )
    return plan


def _checksum(plan: Plan) -> str:
    digest = hashlib.sha256(plan.id.encode())
    for text in _beyond_id(plan):
        digest.update(text.encode("utf-8", "surrogateescape"))
    return f"sha256:{digest.hexdigest()}"


def _beyond_id(plan: Plan) -> Iterator[str]:
    """Yield the canonical text of what a reviewer reads and the id does not cover."""
    yield f'"now": {to_json(plan.now)},\n"counts": {to_json(plan.removal.counts()._asdict())},\n'
    decisions = (
        f"{quote(name)}: {to_json([_decision_to_data(decision) for decision in found])}"
        for name, found in sorted(plan.decisions.items())
    )
    yield from json_object("decisions", decisions)


def _decision_to_data(decision: Decision) -> list[Any]:
    return [*decision.tag, decision.is_kept, decision.reason]


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object in which no key stands twice: of two, a reader may have read the other one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _WrongError("a key stands twice")
    return found


def _refuse(constant: str) -> None:
    raise _WrongError(f"{constant} is no number")


def _plan(data: Mapping[str, Any]) -> Plan:
    _require_keys(data, _KEYS, "it")
    if data["format"] != FORMAT:
        raise _WrongError(f"its format is {reprlib.repr(data['format'])}")
    return Plan(
        {name: _text(value, "source") for name, value in _object(data["source"], "source").items()},
        _options(data["options"]),
        _number(data["now"], "now"),
        Removal(
            _each(data["repositories"], "repositories", _gone),
            _each(data["blobs"], "blobs", _weight),
            _each(data["debris"], "debris", _debris),
        ),
        _each(data["decisions"], "decisions", _decisions),
    )


def _options(value: Any) -> dict[str, Any]:
    """Return the options; those that applying a plan looks at have the type that it needs."""
    options = _object(value, "options")
    for name in ("repositories", "exclude_repositories"):
        for text in _list(options.get(name) or [], f"options.{name}"):
            _text(text, f"options.{name}")
    _flag(options.get("allow_empty", False), "options.allow_empty")
    return options


def _gone(value: Any, where: str) -> RepositoryRemoval:
    gone = _object(value, where)
    _require_keys(gone, _GONE_KEYS, where)
    tags = _object(gone["tags"], f"{where}.tags")
    return RepositoryRemoval(
        {name: Tag(name, *_pointing(pointing, f"{where}.tags")) for name, pointing in tags.items()},
        _each(gone["manifests"], f"{where}.manifests", _number),
        _each(gone["layer_links"], f"{where}.layer_links", _number),
        _each(gone["uploads"], f"{where}.uploads", _weight),
        _flag(gone["is_removed"], f"{where}.is_removed"),
    )


def _pointing(value: Any, where: str) -> tuple[str, float | None]:
    digest, pushed = _list(value, where, 2)
    return _text(digest, where), None if pushed is None else _number(pushed, where)


def _weight(value: Any, where: str) -> Weight:
    size, modified = _list(value, where, 2)
    return Weight(_size(size, where), _number(modified, where))


def _debris(value: Any, where: str) -> Debris:
    repository, size, modified = _list(value, where, 3)
    name = None if repository is None else _text(repository, where)
    return Debris(name, _size(size, where), _number(modified, where))


def _decisions(value: Any, where: str) -> list[Decision]:
    return [_decision(one, where) for one in _list(value, where)]


def _decision(value: Any, where: str) -> Decision:
    name, digest, pushed, is_kept, reason = _list(value, where, 5)
    tag = Tag(_text(name, where), *_pointing([digest, pushed], where))
    return Decision(tag, _flag(is_kept, where), _text(reason, where))


def _each(value: Any, where: str, read: Callable[[Any, str], V]) -> dict[str, V]:
    return {name: read(one, where) for name, one in _object(value, where).items()}


def _require_keys(found: Mapping[str, Any], expected: Any, where: str) -> None:
    if found.keys() != expected:
        names = ", ".join(sorted(expected.symmetric_difference(found)))
        raise _WrongError(f"of the keys of {where} these are missing or unknown: {names}")


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"{where} is no object")
    return value


def _list(value: Any, where: str, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise _WrongError(f"in {where} {reprlib.repr(value)} is no list{'' if length is None else f' of {length}'}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _WrongError(f"in {where} {reprlib.repr(value)} is no text")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(f"in {where} {reprlib.repr(value)} is neither true nor false")
    return value


def _number(value: Any, where: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -_INFINITY < value < _INFINITY:
        raise _WrongError(f"in {where} {reprlib.repr(value)} is no number")
    return float(value)


def _size(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise _WrongError(f"in {where} {reprlib.repr(value)} is no size in bytes")
    return value
