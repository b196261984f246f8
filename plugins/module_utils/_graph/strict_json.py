# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading JSON that anybody may have pushed, and seeing where others may read something else in it. Pure.

Registries and most clients are written in Go, whose encoding/json takes a key whatever its case, and the last of two
("Unmarshal" in its documentation; seen with Distribution 2.8.2 and 3.1.1, which serve the parts that only such a key
names). Case is Unicode's: `K` (the Kelvin sign) is a `k` there. So an object in which a key stands twice, or in another
case than the specification has it, is one of which it can't be said what is read in it.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Dict

_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
# Longer ones are no size of anything, and to make integers of them takes the square of their length.
_LONGEST_INTEGER = 20


class NotUnderstoodError(ValueError):
    """Content of which it can't be said what it tells; the message says why, in a few words."""


class Ambiguous(Dict[str, Any]):
    """An object with a key that stands twice in it."""


def read_json(content: bytes) -> Any:
    """Return the value; objects are dictionaries, or Ambiguous. Raises NotUnderstoodError, and nothing else."""
    try:
        return _decode(content.decode())
    except UnicodeDecodeError:
        raise NotUnderstoodError("not UTF-8") from None
    except RecursionError:
        raise NotUnderstoodError("nested too deep") from None
    except ValueError:
        raise NotUnderstoodError("not JSON") from None


def require_object(value: Any, fields: frozenset[str]) -> dict[str, Any]:
    """Return the object of which these fields are to be read.

    Raises NotUnderstoodError where it is none, or where somebody may read one of them elsewhere in it.
    """
    if isinstance(value, Ambiguous):
        raise NotUnderstoodError("a key twice")
    if not isinstance(value, dict):
        raise NotUnderstoodError("no object where there should be one")
    problem = _problem(tuple(value), fields)
    if problem is not None:
        raise NotUnderstoodError(problem)
    return value


def find_digests(content: bytes) -> tuple[str, ...]:
    """Return every digest that may be meant anywhere in these bytes, be they JSON or what is left of it; sorted."""
    found = set(_DIGEST.findall(content))
    if b"\\u00" in content:
        found.update(_DIGEST.findall(_ESCAPE.sub(_unescape, content)))
    return tuple(sorted(digest.decode() for digest in found))


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes([int(match.group(1), 16)])


def _integer(text: str) -> float:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _constant(name: str) -> Any:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous(found)


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant).decode


# The same few keys come again and again.
@lru_cache(maxsize=512)
def _problem(keys: tuple[str, ...], fields: frozenset[str]) -> str | None:
    """Return what is doubtful about an object of these keys, None where nothing is."""
    folded = {key.casefold(): key for key in keys}
    if len(folded) < len(keys):
        return "a key twice"
    expected = ((folded.get(field.casefold(), field), field) for field in fields)
    return "a key in another case" if any(key != field for key, field in expected) else None
