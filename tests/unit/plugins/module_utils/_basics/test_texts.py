# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What YAML makes of names without quotes is refused wherever a name is expected."""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._basics.texts import read_texts
from ansible_collections.drydock.registry.plugins.module_utils._retention.named import (
    read_repository_names,
    read_tag_names,
)
from ansible_collections.drydock.registry.plugins.module_utils._retention.policy import read_settings
from ansible_collections.drydock.registry.plugins.module_utils._tasks.info_options import read_info_options
from ansible_collections.drydock.registry.plugins.modules import cleanup, registry_info, repository, tag
from support.graphs import settings

Spec = Mapping[str, Any]


def given_to(spec: Spec, text: str) -> dict[str, Any]:
    """What a module sees of options written in YAML."""
    always = {"registry_url": "x", **({"state": "absent"} if "state" in spec else {})}
    result = ArgumentSpecValidator(spec).validate({**always, **yaml.safe_load(text)})
    assert result.error_messages == []
    found: dict[str, Any] = result.validated_parameters
    return found


CLEANUP, INFO = cleanup.cleanup_argument_spec(), registry_info.argument_spec()


def clean(text: str) -> object:
    return read_settings(given_to(CLEANUP, text))


def look(text: str) -> object:
    return read_info_options(given_to(INFO, text))


def delete_tags(text: str) -> object:
    found = given_to(tag.argument_spec(), text)
    return [read_tag_names(found["name"]), read_repository_names([found["repository"]], "repository")]


def delete_repositories(text: str) -> object:
    return read_repository_names(given_to(repository.argument_spec(), text)["name"], "name")


#: (what reads it, the options in which %s is a value, the option that is named)
PLACES: list[tuple[Callable[[str], object], str, str]] = [
    (clean, "repositories: %s", "repositories"),
    (clean, "exclude_repositories: %s", "exclude_repositories"),
    (clean, "protect_images: %s", "protect_images"),
    (clean, "policies: [{keep_n: 1, repositories: %s}]", "policies[0].repositories"),
    (clean, "policies: [{keep_n: 1}, {keep_n: 1, exclude_repositories: %s}]", "policies[1].exclude_repositories"),
    (clean, "policies: [{keep_n: 1, tags: %s}]", "policies[0].tags"),
    (clean, "policies: [{keep_n: 1, keep_tags: %s}]", "policies[0].keep_tags"),
    (look, "repositories: %s", "repositories"),
    (look, "exclude_repositories: %s", "exclude_repositories"),
    (delete_tags, "{repository: app, name: %s}", "name"),
    (delete_repositories, "name: %s", "name"),
]
AS_NUMBERS = ["[3.10]", "[a, 1.20]", "[0123]", "[12]", "[1_000]", "[on]", "[no]", "[~]", "[[a]]", "[{a: 1}]"]
AS_NUMBERS += ["3.10", "0123", "yes", "{a: 1}"]


@pytest.mark.parametrize(("read", "options", "named"), PLACES)
@pytest.mark.parametrize("value", AS_NUMBERS)
def test_what_yaml_makes_no_text_of_is_refused(
    read: Callable[[str], object], options: str, named: str, value: str
) -> None:
    with pytest.raises(InvalidOptionError, match=f"^{re.escape(named)}: .* expected text: write it in quotes"):
        read(options % value)


@pytest.mark.parametrize("value", ["3.10", "0123", "yes", "[a]"])
def test_the_name_of_one_repository_is_text_too(value: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"^repository: .*quotes"):
        delete_tags(f"{{repository: {value}, name: [a]}}")


@pytest.mark.parametrize(("read", "options"), [place[:2] for place in PLACES])
def test_text_is_taken(read: Callable[[str], object], options: str) -> None:
    good = "app:3.10" if "protect" in options else "'3.10'"
    assert read(options % f"[{good}, {good}]")
    # As Ansible reads what is given on a command line.
    assert read(options % good)


def test_a_date_is_the_text_that_was_written() -> None:
    """PyYAML makes a date of it, and Ansible hands that on as the same text."""
    assert str(yaml.safe_load("2024-01-15")) == "2024-01-15"


def test_a_plan_names_lists_however_they_were_given() -> None:
    one = settings(repositories="a,b", policies=[{"keep_n": 1, "tags": "v*"}])
    other = settings(repositories=["a", "b"], policies=[{"keep_n": 1, "tags": ["v*"]}])
    assert (one, one.options) == (other, other.options)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_a_list_of_texts_or_nothing(value: Any) -> None:
    try:
        found = read_texts(value, "tags")
    except InvalidOptionError:
        assert not isinstance(value, str)
        assert not isinstance(value, list) or not all(isinstance(one, str) for one in value)
    else:
        assert found == (value.split(",") if isinstance(value, str) else value)
