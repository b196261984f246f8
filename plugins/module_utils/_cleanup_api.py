# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleanup over a registry's API: tags go while the registry is open, space is freed by its own garbage collector."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ._api._ability import find_ability
from ._api._client import client_from_params
from ._api._deletion import Abilities, Deletion
from ._api._v2 import V2Api
from ._cleanup import Cleanup, Marked
from ._errors import InvalidOptionError, RegistryError
from ._graph import Graph
from ._patterns import Pattern, compile_patterns
from ._permission import IN_STORAGE, Ageless
from ._plan import Drift, Plan, Removal
from ._planning import doomed_tags, make_plan, mark_again
from ._report import capped
from ._retention import Retention, images_to_date


class ApiCleanup(Cleanup):
    """Tags, and where the registry can't delete these alone their manifests, go over the API."""

    def open(self) -> None:
        check_for_api(self.params)
        self.client = client_from_params(self.params, self.params["registry_url"])
        self.api = self._api_of(self.settings.repositories, self.settings.exclude_repositories)
        self._abilities: Optional[Abilities] = None

    def source(self) -> Dict[str, str]:
        return self.api.source()

    def read(self) -> Graph:
        graph = self.api.read()
        if self.settings.protected.digests:
            # What is in use somewhere may be named by the digest of a child, or of a child's configuration.
            self.api.complete(graph, {name: found.revisions for name, found in graph.repositories.items()})
        return graph

    def read_dates(self, graph: Graph) -> None:
        wanted = images_to_date(graph, self.settings)
        self.api.read_created(graph, wanted)
        if wanted and any(policy.sort_by == "pushed" for policy in self.settings.policies):
            graph.notes.append("the API does not tell when a tag was pushed: the dates of the images are used instead")

    def make_plan(self, graph: Graph, retention: Retention) -> Plan:
        doomed = {name: [tag.digest for tag in tags.values()] for name, tags in doomed_tags(retention).items()}
        abilities = self._prepare(graph, {name: digests for name, digests in doomed.items() if digests})
        permission = Ageless(self.settings, self.now, abilities.plan)
        return make_plan(graph, self.settings, retention, self.source(), permission)

    def mark_again(self, graph: Graph, plan: Plan) -> Tuple[Removal, List[Drift]]:
        going = {
            name: [tag.digest for tag in gone.tags.values()]
            for name, gone in plan.removal.repositories.items()
            if name in graph.repositories
        }
        abilities = self._prepare(graph, going)
        return mark_again(graph, plan, self.settings.protected, abilities.plan)

    def apply_new_plan(self, marked: Marked) -> None:
        self.result["changed"] = not marked.removal.counts().is_nothing()
        if not self.check_mode:
            self._delete(marked)

    def apply_given_plan(self, plan: Plan) -> None:
        options = {name: plan.options.get(name) or [] for name in ("repositories", "exclude_repositories")}
        # What the plan was made from is read again, whatever the options of this run select.
        self.api = self._api_of(*(compile_patterns(texts, name) for name, texts in options.items()))
        self.apply_new_plan(self.marked_again(plan))

    def _api_of(self, included: Sequence[Pattern], excluded: Sequence[Pattern]) -> V2Api:
        return V2Api(self.client, included, excluded)

    def _prepare(self, graph: Graph, going: Mapping[str, Iterable[str]]) -> Abilities:
        """Find out what can be deleted, and read what would go with the images that lose a tag."""
        if not going:
            return self._abilities or Abilities(IN_STORAGE, IN_STORAGE)
        if self._abilities is None:
            self._abilities = self._find_abilities(min(going))
        if self._abilities.server.manifests:
            self.api.complete(graph, going)
        return self._abilities

    def _find_abilities(self, repository: str) -> Abilities:
        server = find_ability(self.client, repository)
        self.result["registry_mode"] = "writable"
        return Abilities(server, server._replace(tags=server.tags or self.params["overwrite_shared_tags"]))

    def _delete(self, marked: Marked) -> None:
        if marked.removal.counts().is_nothing() or self._abilities is None:
            return
        plan = replace(marked.plan, removal=marked.removal)
        deletion = Deletion(self.api, marked.graph, plan, self.settings.protected, self._abilities)
        try:
            deletion.run()
        except RegistryError as error:
            left = deletion.not_deleted(str(error))
            self.result.update(capped("not_deleted", [found._asdict() for found in left]))
            raise RegistryError(f"{error}. {_describe_progress(deletion, len(left))}") from error
        finally:
            self._report_done(marked, deletion)

    def _report_done(self, marked: Marked, deletion: Deletion) -> None:
        plan, graph, _planned, drift = marked
        done = deletion.done
        left = mark_again(graph, replace(plan, removal=done), self.settings.protected, deletion.abilities.plan)[0]
        done.left_untagged = left.left_untagged
        self.report(Marked(plan, graph, done, [*drift, *deletion.drift]))
        self.result["deleted"] = dict(done.counts()._asdict())
        self.result["changed"] = not done.counts().is_nothing()


def check_for_api(params: Mapping[str, Any]) -> None:
    """Raise InvalidOptionError for what can't be done without the storage."""
    if not params["registry_url"]:
        raise InvalidOptionError(
            "registry_url", params["registry_url"], "the address of a registry, or registry_config or storage instead"
        )
    for option, usable, why in (
        ("delete_untagged", False, "which manifests have no tag is not known over the API"),
        ("quarantine", "delete", "nothing is set aside over the API"),
    ):
        if params[option] != usable:
            raise InvalidOptionError(option, params[option], f"{usable} where only registry_url is given: {why}")


def _describe_progress(deletion: Deletion, left: int) -> str:
    counts = deletion.done.counts()
    return (
        f"Deleted: {counts.tags} tags and {counts.manifests} manifests; not deleted: {left} of what was planned "
        "(see not_deleted); what is left is deleted by the next run"
    )
