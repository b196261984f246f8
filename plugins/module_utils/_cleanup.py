# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through the house: source → graph → retention → plan → marking again → apply.

Everything that decides is pure and lives elsewhere; here it is joined with what reads and what changes.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ._apply import Sweep
from ._closed import Closedness, check_contents, look, require_closed, show_same_storage
from ._diff import render_diff
from ._errors import InvalidOptionError, PlanError, StorageError
from ._graph import Graph
from ._guards import Guards, check_guards, read_guards
from ._layout._v2 import V2Layout
from ._permission import Aged
from ._plan import Drift, Plan, Removal, dump_plan, load_plan
from ._planning import make_plan, mark_again
from ._policy import Settings, read_settings
from ._quarantine import Quarantine, read_text, write_durably
from ._registry_config import RegistryConfig, load_registry_config
from ._report import describe_removal, empty_result, shares_of
from ._retention import images_to_date, retain
from ._storage._filesystem import FilesystemStorage

_STORAGE_DRIVERS = ("filesystem",)


class RunMode(NamedTuple):
    """How the module was called, and when: `now` is in seconds since the epoch."""

    check: bool
    diff: bool
    now: float


class Marked(NamedTuple):
    """A plan, and what of it may go in the store as it is now."""

    plan: Plan
    graph: Graph
    removal: Removal
    drift: List[Drift]


class Cleanup:
    """One run of the module. `result` is true at every moment, also when a method raises."""

    def __init__(self, params: Mapping[str, Any], mode: RunMode, warn: Callable[[str], None]) -> None:
        self.params = params
        self.check_mode = mode.check
        self.wants_diff = mode.diff
        self.now = mode.now
        self.warn = warn
        self.result: Dict[str, Any] = empty_result()
        self.diff: Optional[Dict[str, str]] = None

    def run(self) -> None:
        """Make or take the plan, prove that the registry is closed, and apply it. Raises DrydockError."""
        self._open()
        if self.params["quarantine"] == "purge":
            self._purge()
        elif self.params["plan"] is None:
            self._plan_and_apply()
        else:
            self._apply_given_plan(self._load_plan(self.params["plan"]))

    def _open(self) -> None:
        _check_contradictions(self.params)
        self.settings: Settings = read_settings(self.params)
        self.guards: Guards = read_guards(self.params)
        self.config = _read_config(self.params)
        self.storage = open_storage(self.params, self.config)
        self.layout = V2Layout(self.storage)
        self.quarantine = Quarantine(self.storage.quarantines)
        self.interrupted = self.quarantine.interrupted()
        self.finished: List[Plan] = []

    def _plan_and_apply(self) -> None:
        graph = self._read()
        plan = self._make_plan(graph)
        self._write_plan(plan)
        self._report(Marked(plan, graph, plan.removal, []))
        check_guards(self.guards, plan.removal, graph)
        closedness = self._look(next(iter(sorted(graph.repositories)), None))
        check_contents(closedness, graph)
        if self.check_mode:
            self._predict(plan.removal)
        elif plan.removal.counts().is_nothing():
            self._finish()
        else:
            self._apply(plan, closedness)

    def _apply_given_plan(self, plan: Plan) -> None:
        closedness = self._look(next(iter(sorted(plan.removal.repositories)), None))
        if not self.check_mode:
            self._apply(plan, closedness)
            return
        marked = self._mark_again(plan)
        check_guards(self.guards, marked.removal, marked.graph)
        check_contents(closedness, marked.graph)
        self._predict(marked.removal)

    def _read(self) -> Graph:
        graph = self.layout.read()
        for warning in graph.warnings:
            self.warn(warning)
        return graph

    def _make_plan(self, graph: Graph) -> Plan:
        self.layout.read_created(graph, images_to_date(graph, self.settings))
        retention = retain(graph, self.settings, self.now)
        for warning in retention.warnings:
            self.warn(warning)
        condemned = {
            (name, digest)
            for plan in self.interrupted
            for name, gone in plan.removal.repositories.items()
            for digest in gone.manifests
        }
        permission = Aged(graph, self.settings, self.now, condemned)
        return make_plan(graph, self.settings, retention, self.storage.source(), permission)

    def _mark_again(self, plan: Plan) -> Marked:
        graph = self.layout.read()
        removal, drift = mark_again(graph, plan, self.settings.protected)
        marked = Marked(plan, graph, removal, drift)
        self._report(marked)
        return marked

    def _apply(self, plan: Plan, closedness: Closedness) -> None:
        self._require_closed(closedness)
        self.storage.check_changeable()
        marked = self._mark_again(plan)
        check_guards(self.guards, marked.removal, marked.graph)
        if not marked.removal.counts().is_nothing():
            self._check_same_storage(closedness, marked.graph)
            self._sweep(marked)
        self._finish()

    def _require_closed(self, closedness: Closedness) -> None:
        if self.params["require_read_only"]:
            require_closed(closedness, self.config, self.storage)
        elif closedness.mode not in ("read_only", "stopped"):
            self.warn(
                f"the registry was not shown to be closed ({closedness.detail}); "
                "with require_read_only: false an image that is pushed during the sweep can be damaged"
            )

    def _check_same_storage(self, closedness: Closedness, graph: Graph) -> None:
        if self.params["require_read_only"]:
            check_contents(closedness, graph)
            show_same_storage(closedness, graph, self.storage)

    def _sweep(self, marked: Marked) -> None:
        quarantine = self.quarantine.begin(marked.plan)
        sweep = Sweep(marked.removal, marked.graph, self.layout, self.storage, quarantine)
        try:
            sweep.run()
        except StorageError as error:
            raise StorageError(
                f"{error}. Done before that: {json.dumps(sweep.done._asdict())}; "
                "what is left is finished by the next run"
            ) from error
        finally:
            self.result["deleted"] = dict(sweep.done._asdict())
            self.result["changed"] = not sweep.done.is_nothing()
        self.quarantine.finish(marked.plan)

    def _finish(self) -> None:
        self._warn_of_unfinished()
        for plan in self.finished:
            if self.quarantine.is_unfinished(plan):
                self.quarantine.finish(plan)
            self.result["changed"] = True
        if self.params["quarantine"] == "delete" and self.quarantine.purge():
            self.result["changed"] = True
        self._weigh_quarantine()

    def _purge(self) -> None:
        self._weigh_quarantine()
        self.result["changed"] = bool(self.quarantine.applied())
        if not self.check_mode:
            self.quarantine.purge()
            self._weigh_quarantine()

    def _predict(self, removal: Removal) -> None:
        if not removal.counts().is_nothing():
            self.storage.check_changeable()
        self._warn_of_unfinished()
        leftovers = self.params["quarantine"] == "delete" and self.quarantine.applied()
        self.result["changed"] = bool(not removal.counts().is_nothing() or leftovers or self.finished)
        self._weigh_quarantine()

    def _weigh_quarantine(self) -> None:
        self.result["quarantine"] = dict(self.quarantine.weigh()._asdict())

    def _report(self, marked: Marked) -> None:
        plan, graph, removal, drift = marked
        self._sort_interrupted(marked)
        shares = shares_of(graph, removal)
        self.result.update(describe_removal(graph, plan, removal, drift, shares))
        if self.check_mode:
            self.result["deleted"] = dict(removal.counts()._asdict())
        if self.wants_diff:
            self.diff = render_diff(graph, plan, removal, shares)

    def _sort_interrupted(self, marked: Marked) -> None:
        """Find the interrupted plans of which nothing is left once this one is applied."""
        self.finished = [
            plan
            for plan in self.interrupted
            if marked.removal.covers(mark_again(marked.graph, plan, self.settings.protected)[0])
        ]
        self.result["interrupted_plans"] = [plan.id for plan in self.finished]

    def _warn_of_unfinished(self) -> None:
        finished = self.result["interrupted_plans"]
        for plan in self.interrupted:
            if plan.id not in finished:
                self.warn(f"the interrupted plan {plan.id} holds more than this run does: run with its options again")

    def _look(self, repository: Optional[str]) -> Closedness:
        if not self.params["require_read_only"] and not self.params["registry_url"]:
            return Closedness("unknown", "it was not asked", None)
        closedness = look(self.params, self.config, repository)
        self.result["registry_mode"] = closedness.mode
        return closedness

    def _load_plan(self, path: str) -> Plan:
        plan = load_plan(read_text(path), path)
        if plan.source != self.storage.source():
            raise PlanError(f"{path} is a plan for {plan.source}, this is {self.storage.source()}; nothing was changed")
        return plan

    def _write_plan(self, plan: Plan) -> None:
        path = self.params["plan_dest"]
        if path is None:
            return
        try:
            write_durably(path, dump_plan(plan))
        except OSError as error:
            raise InvalidOptionError(
                "plan_dest", path, f"a file that can be written here ({error.strerror})"
            ) from error
        self.result["plan_dest"] = path


def open_storage(params: Mapping[str, Any], config: Optional[RegistryConfig]) -> FilesystemStorage:
    """Return the storage that the options name, or the registry's configuration does. Raises InvalidOptionError."""
    section = params["storage"] or (config.storage if config else None)
    if not section:
        raise InvalidOptionError("storage", params["storage"], "storage, or registry_config with a storage section")
    drivers = [name for name in section if name not in ("cache", "delete", "maintenance", "redirect", "tag")]
    if len(drivers) != 1 or drivers[0] not in _STORAGE_DRIVERS:
        raise InvalidOptionError("storage", ", ".join(drivers), f"one storage driver of {', '.join(_STORAGE_DRIVERS)}")
    parameters = section[drivers[0]] or {}
    if not isinstance(parameters, dict):
        raise InvalidOptionError(
            f"storage.{drivers[0]}", parameters, "a dictionary such as {rootdirectory: /var/lib/registry}"
        )
    return FilesystemStorage(parameters)


def _read_config(params: Mapping[str, Any]) -> Optional[RegistryConfig]:
    path = params["registry_config"]
    return load_registry_config(path, params["registry_environment"]) if path else None


def _check_contradictions(params: Mapping[str, Any]) -> None:
    purges = params["quarantine"] == "purge"
    for option in ("policies", "plan_dest", "delete_untagged"):
        if params[option] and (params["plan"] or purges):
            raise InvalidOptionError(
                option,
                params[option],
                f"nothing beside {'quarantine: purge' if purges else 'plan'}, which makes no plan",
            )
    if purges and params["plan"]:
        raise InvalidOptionError("plan", params["plan"], "nothing beside quarantine: purge, which applies no plan")
