# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that takes over a tag so that the tag can be deleted by digest where it can't be deleted alone.

Each has a digest of its own, so deleting it takes nothing else along. All share one configuration: by that a tag is
known which an interrupted run left on such an image.
"""

from __future__ import annotations

import hashlib
import json
import secrets

from .manifest import OCI_MANIFEST

CONFIG = b'{"architecture":"unknown","os":"unknown","config":{"Labels":{"org.drydock.registry":"throw-away"}}}'
CONFIG_DIGEST = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"
MEDIA_TYPE = OCI_MANIFEST


def new_manifest() -> bytes:
    """Return a manifest of MEDIA_TYPE that nobody has had before; it names nothing but CONFIG."""
    config: dict[str, str | int] = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": CONFIG_DIGEST,
        "size": len(CONFIG),
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": config,
        "layers": [],
        "annotations": {"org.drydock.registry.throw-away": secrets.token_hex(16)},
    }
    return json.dumps(manifest).encode()
