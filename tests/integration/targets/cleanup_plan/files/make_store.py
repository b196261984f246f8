# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a registry's storage as Distribution lays it out (`make_store.py ROOT`): two tags with a common layer."""

from __future__ import annotations

import hashlib
import json
import os
import sys

V2 = os.path.join(sys.argv[1], "docker", "registry", "v2")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TYPE = "application/octet-stream"
PUSHED = 1700000000


def write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.utime(path, (PUSHED, PUSHED))


def put(content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    write(os.path.join(V2, "blobs", "sha256", name[:2], name, "data"), content)
    return name


def link(name: str, *below: str) -> None:
    write(os.path.join(V2, "repositories", "team", "app", *below, "link"), f"sha256:{name}".encode())


def push(tag: str, layers: list[bytes]) -> None:
    contents = [json.dumps({"architecture": "amd64", "os": "linux", "tag": tag}).encode(), *layers]
    blobs = {put(content): len(content) for content in contents}
    named = [{"digest": f"sha256:{blob}", "size": size, "mediaType": TYPE} for blob, size in blobs.items()]
    content = {"schemaVersion": 2, "mediaType": MANIFEST, "config": named[0], "layers": named[1:]}
    manifest = put(json.dumps(content).encode())
    for blob in blobs:
        link(blob, "_layers", "sha256", blob)
    link(manifest, "_manifests", "revisions", "sha256", manifest)
    link(manifest, "_manifests", "tags", tag, "current")
    link(manifest, "_manifests", "tags", tag, "index", "sha256", manifest)


push("1.0", [b"in both", b"in 1.0 alone"])
push("2.0", [b"in both"])
