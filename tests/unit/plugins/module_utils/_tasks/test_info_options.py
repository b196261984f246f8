# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at, and how deep."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._tasks.info_options import read_info_options
from ansible_collections.drydock.registry.plugins.modules import registry_info
from support.parameters import given

STORAGE = {"filesystem": {"rootdirectory": "/srv/registry"}}


def test_what_is_looked_at() -> None:
    options = read_info_options(given(registry_info.argument_spec(), storage=STORAGE, repositories=["team/*"]))
    assert (options.level, options.dest, options.scope.selects("team/app")) == ("images", None, True)
    assert not options.scope.selects("app")
    assert options.storage is not None
