# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told to do about an answer."""

from __future__ import annotations

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._client.advice import explain
from ansible_collections.drydock.registry.plugins.module_utils._client.auth import Credentials
from ansible_collections.drydock.registry.plugins.module_utils._client.http import Answer

CATALOGUE = "http://registry/v2/_catalog?n=1000"


@pytest.mark.parametrize(
    ("status", "challenge", "advice"),
    [
        (401, 'Basic realm="drydock"', "is not accepted"),
        (401, 'Bearer realm="https://auth/token"', "name the repositories without patterns"),
        (404, "", "name the repositories without patterns"),
    ],
)
def test_a_closed_catalogue_and_a_wrong_password_are_told_apart(status: int, challenge: str, advice: str) -> None:
    answer = Answer("GET", CATALOGUE, status, {"WWW-Authenticate": challenge}, b"")
    assert advice in explain(answer, Credentials("cleaner", "secret"))
