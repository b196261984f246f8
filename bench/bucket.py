# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a directory as an S3 bucket, each answer after a fixed time, as if it were far away.

Usage: python -m bench.bucket DIRECTORY PORT LATENCY_MS; the directory is a registry's root directory, the bucket's name
is of no account. The directory is read once; what is written or deleted over HTTP changes only this process. What came
is told by `GET /?counts`: the number of requests by kind, and the most keys that one deletion had.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator
from urllib.parse import parse_qs, quote, unquote, urlsplit

_PAGE = 1000
_LINK = re.compile(r"/(sha256|sha512)/([0-9a-f]+)/link$")
_EMPTY = b'<?xml version="1.0"?><%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></%s>'


class Bucket:
    """The objects: their keys in order, what a listing says of each, and the contents of those not on the disk."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.contents: dict[str, bytes] = {}
        self.entries = dict(sorted((key, self.entry(key, size, when)) for key, size, when in _files(root)))
        self.keys = list(self.entries)
        self.gone: set[str] = set()

    def entry(self, key: str, size: int, when: float) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))
        return (
            f"<Contents><Key>{quote(key)}</Key><LastModified>{moment}</LastModified>"
            f'<ETag>"{self.etag(key)}"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>'
        )

    def etag(self, key: str) -> str:
        """The right one for a link; that of anything else nobody compares."""
        found = _LINK.search(key)
        if key.endswith("/current/link"):
            content = Path(self.root, key).read_bytes()
        else:
            content = f"{found[1]}:{found[2]}".encode() if found else key.encode()
        return hashlib.md5(content).hexdigest()  # noqa: S324

    def listing(self, prefix: str, after: str, delimiter: str, limit: int) -> bytes:
        first = max(bisect_right(self.keys, after), bisect_left(self.keys, prefix))
        last = bisect_left(self.keys, prefix + "\U0010ffff")
        if delimiter:
            names = list(self._prefixes(prefix, first, last))
            found, is_last = [f"<CommonPrefixes><Prefix>{quote(one)}</Prefix></CommonPrefixes>" for one in names], True
        else:
            keys: list[str] = []
            while first < last and len(keys) < limit:
                piece = self.keys[first : min(last, first + limit - len(keys))]
                keys += [key for key in piece if key not in self.gone]
                first += len(piece)
            found, is_last = [self.entries[key] for key in keys], first >= last
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(not is_last).lower()}</IsTruncated><EncodingType>url</EncodingType>"
            f"{''.join(found)}</ListBucketResult>"
        ).encode()

    def _prefixes(self, prefix: str, first: int, last: int) -> Iterator[str]:
        while first < last and self.keys[first].startswith(prefix):
            name = prefix + self.keys[first][len(prefix) :].partition("/")[0] + "/"
            yield name
            first = bisect_left(self.keys, name[:-1] + "0")

    def read(self, key: str) -> bytes | None:
        if key in self.contents:
            return self.contents[key]
        return None if key in self.gone or key not in self.entries else Path(self.root, key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        with self.lock:
            self.contents[key] = content

    def delete(self, keys: list[str]) -> None:
        with self.lock:
            self.gone.update(key for key in keys if key in self.entries)
            for key in keys:
                self.contents.pop(key, None)


def _files(root: str) -> Iterator[tuple[str, int, float]]:
    for where, _directories, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            found = os.stat(path)
            yield os.path.relpath(path, root), found.st_size, found.st_mtime


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket
    latency: float

    def answer(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        key = unquote(address.path).lstrip("/").partition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "counts" in query:
            self.send(200, json.dumps(self.bucket.counts).encode())
            return
        time.sleep(self.latency)
        self.send(*self.result(key, query, body))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - names that http.server calls

    def result(self, key: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        kind = self.kind(query)
        self.bucket.counts[kind] += 1
        if kind == "list":
            prefix, after, delimiter = (query.get(name, "") for name in ("prefix", "start-after", "delimiter"))
            return 200, self.bucket.listing(prefix, after, delimiter, int(query.get("max-keys", _PAGE)))
        if kind == "delete":
            keys = [unquote(one) for one in re.findall(r"<Key>([^<]*)</Key>", body.decode())] or [key]
            self.bucket.counts["keys"] += len(keys)
            self.bucket.delete(keys)
            return (200, _EMPTY % (b"DeleteResult", b"DeleteResult")) if query else (204, b"")
        if kind == "read":
            content = self.bucket.read(key)
            return (200, content) if content is not None else (404, b"<Error><Code>NoSuchKey</Code></Error>")
        if kind == "write":
            self.bucket.write(key, body)
        return 200, _EMPTY % (b"Result", b"Result")

    def kind(self, query: dict[str, str]) -> str:
        if "list-type" in query:
            return "list"
        if self.command == "DELETE" or "delete" in query:
            return "delete"
        if query:
            return "other"
        return "write" if self.command == "PUT" else "read"

    def send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", formatdate(time.time(), usegmt=True))
        self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')  # noqa: S324
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main() -> None:
    root, port, latency = sys.argv[1:]
    Handler.bucket = Bucket(root)
    Handler.latency = float(latency) / 1000
    with Server(("127.0.0.1", int(port)), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
