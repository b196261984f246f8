# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry's schema 1 manifests: signed as libtrust signs them, with the machine's openssl."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from support.credentials import b64url, openssl
from support.images import SCHEMA1, Content, Image, layer


def _key(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "schema1.key"
    if not path.exists():
        openssl("genrsa", "-out", str(path), "2048")
    return path


def _public_jwk(key: Path) -> dict[str, str]:
    """The key as JWK; its `kid` is libtrust's: base32 of the first 240 bits of SHA-256(DER), in groups of four."""
    modulus = openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip().split("=", 1)[1]
    der = openssl("rsa", "-in", str(key), "-pubout", "-outform", "DER")
    letters = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    kid = ":".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    return {"kty": "RSA", "kid": kid, "n": b64url(bytes.fromhex(modulus)), "e": b64url((65537).to_bytes(3, "big"))}


def _sign(payload: bytes, directory: Path) -> bytes:
    """The JWS "pretty" form: signatures put into the payload's own object, before its closing brace."""
    key = _key(directory)
    head = payload.rstrip()[:-1].rstrip()
    tail = payload[len(head) :]
    form = {"formatLength": len(head), "formatTail": b64url(tail), "time": "2026-01-02T03:04:05Z"}
    protected = b64url(json.dumps(form).encode())
    signed = f"{protected}.{b64url(payload)}".encode()
    signature: dict[str, Any] = {
        "header": {"alg": "RS256", "jwk": _public_jwk(key)},
        "signature": b64url(openssl("dgst", "-sha256", "-sign", str(key), stdin=signed)),
        "protected": protected,
    }
    return head + b',\n   "signatures": [' + json.dumps(signature).encode() + b"]" + tail


def schema1_image(repository: str, tag: str, seed: str, directory: Path) -> Image:
    """A signed schema 1 image with one layer; `directory` keeps the signing key. Its digest is the payload's."""
    one = layer(seed)
    v1 = {"id": hashlib.sha256(seed.encode()).hexdigest(), "created": "2026-01-02T03:04:05Z", "os": "linux"}
    body = {
        "schemaVersion": 1,
        "name": repository,
        "tag": tag,
        "architecture": "amd64",
        "fsLayers": [{"blobSum": one.digest}],
        "history": [{"v1Compatibility": json.dumps(v1)}],
    }
    payload = json.dumps(body, indent=3).encode()
    return Image(Content(SCHEMA1, _sign(payload, directory)), (one,))
