# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cleanup was asked to do: policies and settings, validated once, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Iterator, Mapping

from .._basics.durations import describe_duration, parse_duration, parse_optional_duration
from .._basics.errors import InvalidOptionError
from .._basics.meant import check_possible
from .._basics.names import Names
from .._basics.patterns import Pattern, compile_pattern, compile_patterns, is_selected
from .._basics.texts import with_texts
from .protected import ProtectedImages, read_protected

_RULES = ("keep_n", "older_than", "expire_after", "keep_groups")


@dataclass(frozen=True)
class Policy:
    """One policy; durations are seconds, None where the rule is not used."""

    name: str
    repositories: list[Pattern]
    exclude_repositories: list[Pattern]
    tags: list[Pattern]
    keep_tags: list[Pattern]
    keep_n: int | None
    older_than: float | None
    expire_after: float | None
    group_by: Pattern | None
    keep_groups: int | None
    sort_by: str

    @property
    def counts(self) -> bool:
        """Tell whether it keeps the newest of some, so that an order decides what goes."""
        return self.keep_n is not None or self.keep_groups is not None

    def repository_patterns(self) -> Iterator[Pattern]:
        """Yield every pattern for the names of repositories."""
        yield from self.repositories
        yield from self.exclude_repositories

    def tag_patterns(self) -> Iterator[Pattern]:
        """Yield every pattern for the names of tags."""
        yield from self.tags
        yield from self.keep_tags

    def covers(self, repository: str) -> bool:
        """Tell whether this policy looks at `repository` at all."""
        return is_selected(repository, self.repositories, self.exclude_repositories)


@dataclass(frozen=True)
class Bounds:
    """What a plan may touch at all, whatever it is made for. `options` is what the user wrote, for the plan's id."""

    repositories: list[Pattern]
    exclude_repositories: list[Pattern]
    protected: ProtectedImages
    options: dict[str, Any]

    @property
    def selects_everything(self) -> bool:
        """Tell whether there is no repository that this run may not touch."""
        return any(pattern.text == "**" for pattern in self.repositories) and not self.exclude_repositories

    @cached_property
    def _selected(self) -> dict[str, bool]:
        """Return what was found before: each step asks about each repository, and a list of patterns can be long."""
        return {}

    def selects(self, repository: str) -> bool:
        """Tell whether this run may touch `repository` at all."""
        if repository not in self._selected:
            self._selected[repository] = is_selected(repository, self.repositories, self.exclude_repositories)
        return self._selected[repository]

    def why_not(self, repository: str) -> str:
        """Return which option leaves out a repository that is not selected."""
        excluding = [pattern.text for pattern in self.exclude_repositories if pattern.matches(repository)]
        return (
            f"is left alone: exclude_repositories has {excluding[0]}"
            if excluding
            else "is left alone: repositories leaves it out"
        )


@dataclass(frozen=True)
class Settings(Bounds):
    """Everything that shapes the plan of a cleanup; durations are seconds."""

    policies: list[Policy]
    delete_untagged: bool
    untagged_older_than: float
    grace_period: float
    purge_uploads_older_than: float
    remove_empty_repositories: bool
    allow_empty: bool
    deletes_broken: bool = False
    delete_detached_referrers: bool = False

    def check_possible(self, names: Names) -> None:
        """Raise InvalidOptionError for a pattern or a reference that nothing in such a registry can match."""
        check_possible((*self.repositories, *self.exclude_repositories), names.repository)
        for policy in self.policies:
            check_possible(policy.repository_patterns(), names.repository)
            check_possible(policy.tag_patterns(), names.tag)
        for reference in self.protected.references:
            reference.check_possible(names)


_TEXTS = ("repositories", "exclude_repositories", "protect_images")
_POLICY_TEXTS = ("repositories", "exclude_repositories", "tags", "keep_tags")
_PLAN_OPTIONS = (
    "repositories",
    "exclude_repositories",
    "policies",
    "protect_images",
    "delete_untagged",
    "untagged_older_than",
    "grace_period",
    "purge_uploads_older_than",
    "remove_empty_repositories",
    "allow_empty",
)
_LATER_OPTIONS = {"broken_tags": "keep", "delete_detached_referrers": False}


def read_settings(options: Mapping[str, Any]) -> Settings:
    """Validate the options of a cleanup. Raises InvalidOptionError naming option, value and what was expected."""
    options = _in_text(options)
    return Settings(
        repositories=compile_patterns(options["repositories"], "repositories"),
        exclude_repositories=compile_patterns(options["exclude_repositories"], "exclude_repositories"),
        policies=[_read_policy(policy, index) for index, policy in enumerate(options["policies"])],
        protected=read_protected(options["protect_images"]),
        delete_untagged=options["delete_untagged"],
        untagged_older_than=parse_duration(options["untagged_older_than"], "untagged_older_than"),
        grace_period=parse_duration(options["grace_period"], "grace_period"),
        purge_uploads_older_than=parse_duration(options["purge_uploads_older_than"], "purge_uploads_older_than"),
        remove_empty_repositories=options["remove_empty_repositories"],
        allow_empty=options["allow_empty"],
        deletes_broken=options["broken_tags"] == "delete",
        delete_detached_referrers=options["delete_detached_referrers"],
        options=_plan_options(options),
    )


def _plan_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what shapes a plan; options that came later only where they are used, so that ids stay as they were."""
    later = {name: options[name] for name, default in _LATER_OPTIONS.items() if options[name] != default}
    return {**{name: options[name] for name in _PLAN_OPTIONS}, **later}


def _in_text(options: Mapping[str, Any]) -> dict[str, Any]:
    policies = [
        with_texts(policy, _POLICY_TEXTS, f"policies[{index}].") for index, policy in enumerate(options["policies"])
    ]
    return {**with_texts(options, _TEXTS), "policies": policies}


def _read_policy(options: Mapping[str, Any], index: int) -> Policy:
    where = f"policies[{index}]"
    _check_rules(options, where)
    return Policy(
        name=options.get("name") or f"policy {index + 1}",
        repositories=compile_patterns(options["repositories"], f"{where}.repositories"),
        exclude_repositories=compile_patterns(options["exclude_repositories"], f"{where}.exclude_repositories"),
        tags=compile_patterns(options["tags"], f"{where}.tags"),
        keep_tags=compile_patterns(options["keep_tags"], f"{where}.keep_tags"),
        keep_n=options["keep_n"],
        older_than=parse_optional_duration(options["older_than"], f"{where}.older_than"),
        expire_after=parse_optional_duration(options["expire_after"], f"{where}.expire_after"),
        group_by=_read_group_by(options["group_by"], f"{where}.group_by"),
        keep_groups=options["keep_groups"],
        sort_by=options["sort_by"],
    )


def _check_rules(options: Mapping[str, Any], where: str) -> None:
    if all(options[rule] is None for rule in _RULES):
        raise InvalidOptionError(
            where,
            options.get("name"),
            f"at least one of {', '.join(_RULES)}; to delete every tag it judges, say keep_n: 0",
        )
    for rule in ("keep_n", "keep_groups"):
        if options[rule] is not None and options[rule] < 0:
            raise InvalidOptionError(f"{where}.{rule}", options[rule], "a number from 0 up")
    if options["keep_groups"] is not None and options["group_by"] is None:
        raise InvalidOptionError(f"{where}.keep_groups", options["keep_groups"], "group_by beside it")
    older, expire = options["older_than"], options["expire_after"]
    if older is not None and expire is not None:
        limits = parse_duration(older, f"{where}.older_than"), parse_duration(expire, f"{where}.expire_after")
        if limits[1] < limits[0]:
            raise InvalidOptionError(
                f"{where}.expire_after",
                expire,
                f"a duration not shorter than older_than ({describe_duration(limits[0])})",
            )


def _read_group_by(text: str | None, option: str) -> Pattern | None:
    if text is None:
        return None
    pattern = compile_pattern(text, option)
    if not text.startswith("~") or not pattern.regex.groups:
        raise InvalidOptionError(option, text, r"a regular expression with a group, such as ~(\d+\.\d+)\..*")
    return pattern
