# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and settings are validated once: a bad option is named with its value and what was expected."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from support.graphs import settings


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"grace_period": "soon"}, "grace_period"),
        ({"grace_period": "-1h"}, "grace_period"),
        ({"untagged_older_than": "14"}, "untagged_older_than"),
        ({"repositories": [""]}, "repositories"),
        ({"repositories": ["~("]}, "repositories"),
        ({"policies": [{}]}, "policies[0]"),
        ({"policies": [{"keep_n": 1}, {"keep_n": -1}]}, "policies[1].keep_n"),
        ({"policies": [{"keep_n": 1, "tags": ["~["]}]}, "policies[0].tags"),
        ({"policies": [{"keep_groups": 1}]}, "policies[0].keep_groups"),
        ({"policies": [{"keep_n": 1, "group_by": "v*"}]}, "policies[0].group_by"),
        ({"policies": [{"keep_n": 1, "group_by": "~v.*"}]}, "policies[0].group_by"),
        ({"policies": [{"older_than": "30d", "expire_after": "20d"}]}, "policies[0].expire_after"),
        ({"protect_images": ["app@sha256:12"]}, "protect_images"),
        ({"protect_images": ["two words"]}, "protect_images"),
    ],
)
def test_bad_options(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"^" + named.replace("[", r"\[") + r".* cannot be used, expected "):
        settings(**options)
