# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing the read-only key in the text of a configuration file, and nothing else in it.

The file is never dumped anew: comments, order, quoting and line ends are the user's. PyYAML tells where a node stands;
the text is changed there; and the changed text must load as exactly the data that was wanted, or it is not used.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple, Sequence

from ..._basics.errors import MaintenanceError, MissingLibraryError
from ..._registry.config import READ_ONLY_PATH, YAML_IMPORT_ERROR, parse_config, with_read_only

if YAML_IMPORT_ERROR is None:
    import yaml


class Edit(NamedTuple):
    """A changed file; `inserted` is the text that added the mapping key `added`, None where a value was replaced."""

    content: bytes
    inserted: str | None = None
    added: tuple[str, ...] | None = None


class _Change(NamedTuple):
    """Replace the characters from `start` to `end`; `added` is the path of a key that this adds."""

    start: int
    end: int
    text: str
    added: tuple[str, ...] | None = None


def set_read_only(content: bytes, enabled: bool, path: str) -> Edit:
    """Set `storage.maintenance.readonly.enabled`; `path` names the file in a MaintenanceError."""
    text = _decode(content, path)
    wanted = with_read_only(parse_config(content, path), enabled)
    change = _find_change(text, enabled, path)
    edited = text[: change.start] + change.text + text[change.end :]
    _check_loads(edited, wanted, path)
    return Edit(edited.encode(), change.text if change.added else None, change.added)


def take_out(content: bytes, edit: Edit, path: str) -> bytes | None:
    """Remove what `edit` inserted from a file that was changed since; None where it does not stand there any more."""
    text = _decode(content, path)
    if edit.inserted is None or edit.added is None or text.count(edit.inserted) != 1:
        return None
    wanted = _without(parse_config(content, path), edit.added)
    shortened = text.replace(edit.inserted, "")
    try:
        _check_loads(shortened, wanted, path)
    except MaintenanceError:
        return None
    return shortened.encode()


def _decode(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MaintenanceError(f"{path} is not UTF-8, so it can't be edited safely; {_by_hand()}") from None


def _by_hand() -> str:
    return f"set {'.'.join(READ_ONLY_PATH)} by hand"


def _check_loads(text: str, wanted: Any, path: str) -> None:
    """Raise MaintenanceError unless the edit did what it was meant to do and nothing else."""
    try:
        loaded = parse_config(text.encode(), path)
    except Exception:
        loaded = {}
    if loaded != wanted:
        raise MaintenanceError(
            f"{path}: {'.'.join(READ_ONLY_PATH)} can't be changed without changing something else "
            f"(an alias, a merge key?); nothing was changed, {_by_hand()}"
        )


def _without(data: Any, added: Sequence[str]) -> Any:
    """Return the data without the key at `added`; a storage that was only named (`storage: filesystem`) has none."""
    shorter = copy.deepcopy(data)
    level = shorter
    for key in added[:-1]:
        level = level.get(key) if isinstance(level, dict) else None
    if isinstance(level, dict):
        level.pop(added[-1], None)
    return shorter


def _find_change(text: str, enabled: bool, path: str) -> _Change:
    if YAML_IMPORT_ERROR is not None:
        raise MissingLibraryError("PyYAML", YAML_IMPORT_ERROR)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(READ_ONLY_PATH):
        if not isinstance(node, yaml.MappingNode):
            return _replace(node, _nested(READ_ONLY_PATH[depth:], enabled, _named(node)))
        child = _last_value(node, key)
        if child is None:
            snippet = f"{key}: {_nested(READ_ONLY_PATH[depth + 1 :], enabled)}"
            return _insert(text, node, snippet)._replace(added=READ_ONLY_PATH[: depth + 1])
        node = child
    if not isinstance(node, yaml.ScalarNode):
        raise MaintenanceError(f"{path}: {'.'.join(READ_ONLY_PATH)} is neither true nor false; {_by_hand()}")
    return _replace(node, _nested((), enabled))


def _nested(keys: Sequence[str], enabled: bool, first: str = "") -> str:
    """Return `{readonly: {enabled: true}}` for ("readonly", "enabled"); `first` stands before the outermost key."""
    if not keys:
        return "true" if enabled else "false"
    return f"{{{first}{keys[0]}: {_nested(keys[1:], enabled)}}}"


def _named(node: Any) -> str:
    """Return the driver that `storage: filesystem` names: it must stay when the name becomes a mapping."""
    is_name = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"
    return f"{node.value}: {{}}, " if is_name else ""


def _last_value(node: Any, key: str) -> Any:
    """Return the last of several equal keys' values, which the registry's YAML library takes, as PyYAML does."""
    found = [value for name, value in node.value if isinstance(name, yaml.ScalarNode) and name.value == key]
    return found[-1] if found else None


def _replace(node: Any, text: str) -> _Change:
    start, end = node.start_mark.index, node.end_mark.index
    return _Change(start, end, text if end > start else f" {text}")


def _insert(text: str, node: Any, snippet: str) -> _Change:
    """Put a key before the first one of a mapping: on a line of its own in a block, behind the brace otherwise."""
    if node.flow_style:
        at = text.index("{", node.start_mark.index) + 1
        return _Change(at, at, snippet + (", " if node.value else ""))
    first = node.value[0][0].start_mark
    newline = "\r\n" if "\r\n" in text else "\n"
    return _Change(first.index, first.index, snippet + newline + " " * first.column)
