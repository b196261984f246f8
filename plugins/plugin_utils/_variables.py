# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables: which look like them and are none, and which stand for the modules' options."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.drydock.registry.plugins.module_utils._basics.near import near_words

PREFIX = "registry_cleanup_"
_MAINTENANCE = f"{PREFIX}maintenance"
_SPECS = Path(__file__).parents[2] / "roles/registry_cleanup/meta/argument_specs.yml"
#: What the role has no option for: the playbooks read it, or it is left for the plays that follow.
BESIDE_OPTIONS = frozenset(
    PREFIX + name for name in ("hosts", "serial", "max_fail_percentage", "batches", "result", "results")
)
# A shorter name with two letters changed is another name.
_SHORTEST_TWICE_MISTYPED = 8


class Unknown(NamedTuple):
    """A variable that nothing reads. `meant` is the one that it is a misspelling of, if there is one.

    `hint` says where else its name stands; it may as well be a variable of the user's own.
    """

    name: str
    meant: str | None
    hint: str = ""

    def describe(self) -> str:
        """Return what is wrong, in words."""
        if self.meant:
            return f"{self.name} is no variable of this role, did you mean {self.meant}?"
        return f"{self.name} is no variable of this role, which does not read it{self.hint}"


def variables_by_option() -> dict[str, str]:
    """Return the role's variable for each option of the modules, from its argument specs.

    What stands within the dictionary for maintenance is named as `registry_cleanup_maintenance.lease`.
    """
    specs: Mapping[str, Any] = yaml_load(_SPECS.read_text(encoding="utf-8"))["argument_specs"]
    options = {name: option for entry in specs.values() for name, option in entry["options"].items()}
    within = options[_MAINTENANCE]["options"]
    return {
        **{key: f"{_MAINTENANCE}.{key}" for key in within},
        **{name[len(PREFIX) :]: name for name in options},
    }


def unknown_variables(names: Iterable[str], specs: Mapping[str, Any]) -> Iterator[Unknown]:
    """Yield what begins like the role's variables and is none of them, and what misspells that beginning.

    `specs` are the role's argument specs by entry point.
    """
    options = {name: option for entry in specs.values() for name, option in entry["options"].items()}
    known = sorted({*options, *BESIDE_OPTIONS})
    for name in sorted(set(names).difference(known)):
        if name.startswith("_"):
            continue
        has_prefix = name.startswith(PREFIX)
        meant = _meant(name, known) or (_far(name, known) if has_prefix else None)
        if meant or has_prefix:
            yield Unknown(name, meant, "" if meant else _hint(name[len(PREFIX) :], options))


def _meant(name: str, known: Iterable[str]) -> str | None:
    """Return the variable that is written differently, or of which one letter is wrong."""
    plain = _plain(name)
    same = next((one for one in known if _plain(one) == plain), None)
    near = {one for one in known if _may_be_near(one, name, 1)}
    return same or (min(near.intersection(near_words(name)), default=None) if near else None)


def _far(name: str, known: Iterable[str]) -> str | None:
    """Return the variable of which the words are in another order, the number differs, or two letters are wrong."""
    words = sorted(_words(name))
    same = next((one for one in known if sorted(_words(one)) == words), None)
    # With more behind it, it is a name that somebody made from one of ours.
    if same or len(name) < len(PREFIX) + _SHORTEST_TWICE_MISTYPED or name.startswith(tuple(f"{one}_" for one in known)):
        return same
    near = [one for one in known if _may_be_near(one, name, 2)]
    mistyped = set(near_words(name) if near else ())
    return next((one for one in near if not mistyped.isdisjoint(near_words(one))), None)


def _may_be_near(one: str, other: str, mistakes: int) -> bool:
    """Tell whether so many mistakes can explain what letters differ: near words are thousands, and variables may be."""
    if abs(len(one) - len(other)) > mistakes:
        return False
    letters, others = Counter(one), Counter(other.lower())
    return max((letters - others).total(), (others - letters).total()) <= mistakes


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("percentage", "percent")


def _words(name: str) -> Iterator[str]:
    """Yield the words of a name in the singular."""
    for word in name.lower().split("_"):
        yield word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") else word


def _hint(key: str, options: Mapping[str, Any]) -> str:
    """Return where else the name stands: within a dictionary, or behind other words."""
    for name, option in options.items():
        if key in option.get("options", {}):
            return f"; {key} is a key of {name}"
    longer = next((name for name in options if name.endswith(f"_{key}")), None)
    return f"; there is {longer}" if longer else ""
