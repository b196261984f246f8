# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.nginx import snippet

EXAMPLE = Path(__file__).resolve().parents[6] / "examples/nginx/drydock-registry.conf"


def test_the_example_is_what_the_module_installs() -> None:
    assert EXAMPLE.read_text() == snippet("/run/drydock/closed")


@pytest.mark.parametrize("path", ["closed", "/run/dry dock", '/run/"', "/run/$host", "/run/a\n", "/run/a;"])
def test_a_path_that_nginx_would_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(InvalidOptionError):
        snippet(path)
