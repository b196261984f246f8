# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is named goes, each once."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._tasks.deletion_options import (
    read_repository_options,
    read_tag_options,
)
from ansible_collections.drydock.registry.plugins.modules import repository, tag
from support.parameters import given

URL = "https://registry.example.com"


def test_what_is_named_goes_without_repetitions() -> None:
    named = {"registry_url": URL, "state": "absent"}
    tags = read_tag_options(given(tag.argument_spec(), repository="app", name=["1", "2", "1"], **named))
    assert (tags.repositories, tags.tags, tags.client.url) == (["app"], ["1", "2"], URL)
    whole = read_repository_options(given(repository.argument_spec(), name="app,web", **named))
    assert (whole.repositories, list(whole.tags), whole.overwrite_shared_tags) == (["app", "web"], [], False)
