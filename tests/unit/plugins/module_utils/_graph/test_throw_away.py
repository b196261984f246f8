# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that takes over a tag: of its own digest each time, and known by its configuration."""

from __future__ import annotations

import hashlib

from ansible_collections.drydock.registry.plugins.module_utils._graph.manifest import parse_manifest
from ansible_collections.drydock.registry.plugins.module_utils._graph.throw_away import (
    CONFIG_DIGEST,
    MEDIA_TYPE,
    new_manifest,
)


def test_no_two_are_the_same_and_all_have_the_configuration_by_which_they_are_known() -> None:
    one, other = new_manifest(), new_manifest()
    assert one != other
    for content in (one, other):
        manifest = parse_manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", content, {})
        assert manifest.is_known
        assert (manifest.media_type, manifest.config, manifest.layers) == (MEDIA_TYPE, CONFIG_DIGEST, ())
