# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the role and the playbooks of this collection, and for nobody else: they can change with any version.

Ansible finds them through the link `role.py` in `plugins/filter`, and lists no plugin that is a link: `ansible-doc` and
the documentation know nothing of them.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, Iterable, Mapping, Sequence

from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.drydock.registry.plugins.plugin_utils._diff_text import diff_text
from ansible_collections.drydock.registry.plugins.plugin_utils._fleet import batches, units
from ansible_collections.drydock.registry.plugins.plugin_utils._result import About, Step, build_result, restore_result
from ansible_collections.drydock.registry.plugins.plugin_utils._summary import outcomes, summary
from ansible_collections.drydock.registry.plugins.plugin_utils._variables import unknown_variables
from ansible_collections.drydock.registry.plugins.plugin_utils._words import last_words, restore_line, result_lines


def _result(steps: Mapping[str, Step], about: Mapping[str, Any], failures: Sequence[Mapping[str, str]]) -> Any:
    return build_result(steps, About(**about), failures)


def _lines(result: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    known = About(**about)
    return result_lines(result, known.leader, known.host, known.is_preview, known.is_over_api)


def _misspelt(names: Iterable[str], specs: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with each name that is near one of the role's, and warn of other unknown ones."""
    unknown = list(unknown_variables(names, specs))
    for one in unknown:
        if not one.meant:
            Display().warning(one.describe())
    return [one.describe() for one in unknown if one.meant]


def _as_data(value: Any) -> Any:
    """Mark the texts within this as none that is a template: some came from hosts.

    ansible-core 2.18 does not know it of a text that was put together from others, and would run what a failed command
    of a host wrote, as a template on the controller. Later versions take no such text for a template.
    """
    if isinstance(value, str):
        return wrap_var(value)
    if isinstance(value, Mapping):
        return {key: _as_data(one) for key, one in value.items()}
    return [_as_data(one) for one in value] if isinstance(value, (list, tuple)) else value


def _told(build: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(build)
    def told(*arguments: Any, **options: Any) -> Any:
        return _as_data(build(*arguments, **options))

    return told


class FilterModule:
    """The filters for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        of_hosts: dict[str, Callable[..., Any]] = {
            "_result": _result,
            "_lines": _lines,
            "_restore_result": restore_result,
            "_restore_line": restore_line,
            "_last_words": last_words,
            "_outcomes": outcomes,
            "_summary": summary,
            "_diff_text": diff_text,
        }
        told = {name: _told(build) for name, build in of_hosts.items()}
        return {"_batches": batches, "_units": units, "_misspelt": _misspelt, **told}
